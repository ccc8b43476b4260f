"""Imports in this process, and what they left in the store."""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.imports.order import Order, Outcome, format_of
from app.imports.run import import_rows
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.attach import Store
from app.store.definitions import MongoDefinitions
from app.store.items import identity_place
from app.store.sealing import ProfileSeal, Sealing
from graph.kinds.definitions import checked_definition
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.normalising import Normalising
from policies.classification import DataClass

_MOMENTS = ("createdAt", "updatedAt", "claimedAt", "firstSeenAt", "lastSeenAt")


@dataclass(frozen=True, slots=True)
class Importing:
    """A store, and a folder with files to import into it."""

    store: Store
    settings: Settings
    tenant: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The settings as variables without `GATEWAY_`, for commands."""
        store = self.settings.store
        return {"STORE__URI": str(store.uri), "STORE__DATABASE": store.database}

    def file(self, name: str, text: str | bytes) -> Path:
        """A file with this content."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    async def do(self, file: Path, **order: Any) -> Outcome:
        """Import a file."""
        given = {
            "tenant": self.tenant,
            "format": format_of(file, order.get("format")),
            "dead_letters": file.with_name(f"{file.name}.dead.jsonl"),
            "normalising": Normalising(),
            **order,
        }
        async with self.sealing() as sealing:
            return await import_rows(
                Order(file=file, **given), self.store, sealing, lambda *_: None
            )

    async def define(self, key: str, kind: str = "STRING", **parts: Any) -> None:
        """Define a custom field."""
        given = {"data_class": DataClass.BEHAVIOURAL, **parts}
        definition = FieldDefinition(id="", key=key, label=key, kind=kind, **given)
        async with self.sealing() as sealing:
            definitions = MongoDefinitions(self.store.database, sealing)
            await definitions.define(self.tenant, checked_definition(definition, 10))

    async def schema(self) -> CustomerSchema:
        """The tenant's custom fields."""
        async with self.sealing() as sealing:
            return await MongoDefinitions(self.store.database, sealing).current(self.tenant)

    def sealing(self) -> AbstractAsyncContextManager[Sealing]:
        """The seals of the store, with the keys that the settings name."""
        return opened_sealing(self.settings, self.store.client)

    async def profiles(self) -> list[dict[str, Any]]:
        """All profiles as they are kept but for what is sealed, in the order of their identities.

        That is opened: two profiles that are alike never look so.
        """
        found = await self.store.database["profiles"].find({}).to_list()
        async with self.sealing() as sealing:
            seals = await sealing.read(self.tenant, found)
        opened = [_opened(document, seals[document["id"]]) for document in found]
        return sorted(opened, key=lambda item: [one["value"] for one in item.get("identities", ())])

    async def claims(self) -> dict[str, str]:
        """Which profile has which index."""
        found = await self.store.database["identities"].find({}).to_list()
        return {item["_id"].partition("/")[2]: item["profile"] for item in found}

    async def count(self) -> int:
        """How many profiles there are."""
        return await self.store.database["profiles"].count_documents({})


def _opened(document: Mapping[str, Any], seal: ProfileSeal) -> dict[str, Any]:
    """A profile's document with what its seal opens in place of what is sealed."""

    def open_identity(kept: Mapping[str, Any]) -> dict[str, Any]:
        channel, index = kept["channel"], kept["index"]
        parts = {
            part: seal.opened(identity_place(channel, index, part), kept[part])
            for part in ("value", "raw")
            if part in kept
        }
        return {**kept, **parts}

    identities = [open_identity(one) for one in document.get("identities", ())]
    custom = {
        name: seal.opened(f"custom/{name}", kept)
        for name, kept in document.get("custom", {}).items()
    }
    return {
        **document,
        **({"identities": identities} if identities else {}),
        **({"custom": custom} if custom else {}),
    }


def dead_letters(file: Path) -> list[dict[str, Any]]:
    """The lines of an import's dead-letter file."""
    path = file.with_name(f"{file.name}.dead.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def without_ids_and_times(documents: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Profiles as two imports must leave them alike."""
    return [_bare(document, document["id"]) for document in documents]


def _bare(value: Any, id: str) -> Any:
    if isinstance(value, dict):
        return {
            key: _bare(item, id)
            for key, item in value.items()
            if key not in {*_MOMENTS, "_id", "id", "created", "updated"}
        }
    if isinstance(value, list):
        return [_bare(item, id) for item in value]
    return value.replace(id, "ID") if isinstance(value, str) else value


def customers(count: int, *, bad_every: int = 100) -> str:
    """CSV of invented customers; one in `bad_every` has an address that is none."""
    lines = ["name.given,name.family,birthDate,identities.EMAIL,identities.VOICE,custom.tier"]
    for number in range(count):
        address = "nowhere" if number % bad_every == bad_every - 1 else f"a{number}@example.com"
        tier = "gold" if number % 3 else ""
        lines.append(f"Given{number},Family,1985-12-10,{address},+1202{5_550_000 + number},{tier}")
    return "\n".join(lines) + "\n"
