"""A tenant whose customers are parties of a real Tryton, and what changes there."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from app.imports.order import Format, Order
from app.imports.run import import_rows
from app.sealing import opened_sealing
from app.store.attach import Store
from app.store.linked import LINKED, linked_key
from app.store.names import PROFILES
from app.store.queues import Queue
from app.sync.open import Syncing, opened_sync
from app.sync.run import Synced
from graph.model.normalising import Normalising
from tests.support.gateway import Caller, TestGateway, crm, define, running_gateway
from tests.support.tryton import Party, Tryton

PARTY = "party.party"
FIELDS = {
    "crmName": ("STRING", "IDENTITY", "name"),
    "number": ("STRING", "BEHAVIOURAL", "code"),
    "speaks": ("CHOICE", "DEMOGRAPHIC", "lang.code"),
    "mail": ("EMAIL", "CONTACT", "email"),
}
CHOICES = {"speaks": ["en", "de", "fr"]}
PAGE = """
query ($ids: [ID!]!) {
  profiles(where: { id: { in: $ids } }, first: 50) {
    edges { node { id custom { crmName number speaks mail } labels { name origin source } } }
  }
}
"""
LINKS = "query ($id: ID!) { profile(id: $id) { links { source object recordId } } }"
UPDATE = """
mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { profile { id } } }
"""
PATIENCE_S = 60
NO_MORE: Mapping[str, str] = {}


def synced_field(key: str, **more: Any) -> dict[str, Any]:
    """The definition of one of `FIELDS`."""
    kind, data_class, attribute = FIELDS[key]
    source = {"kind": "SYNCED", "connector": "erp", "object": PARTY, "attribute": attribute}
    choices = {"choices": CHOICES[key]} if key in CHOICES else {}
    return {"key": key, "kind": kind, "dataClass": data_class, "source": source | more, **choices}


@dataclass(slots=True)
class Office:
    """A gateway whose source `erp` is a Tryton, and profiles by the id of the party they are."""

    gateway: TestGateway
    tenant: str
    tryton: Tryton
    syncing: Syncing
    folder: Path
    profiles: dict[str, str] = field(default_factory=dict)

    @property
    def queue(self) -> Queue:
        """What is due of its Tryton."""
        return Queue(self.tenant, "erp")

    def caller(self, role: str) -> Caller:
        """Somebody of the tenant."""
        return self.gateway.as_role(role, tenant=self.tenant)

    async def take_on(
        self, parties: Iterable[Party | str], sources: Sequence[str] = ("erp",)
    ) -> None:
        """Import a profile of each party, linked to it in each source."""
        ids = [party if isinstance(party, str) else str(party.id) for party in parties]
        rows = [",".join([f"A-{self.tenant}-{one}", *([one] * len(sources))]) for one in ids]
        file = self.folder / f"{ids[0]}.csv"
        file.write_text("\n".join([",".join(["account", *sources]), *rows]), "utf-8")
        columns = {one: f"link.{one}.{PARTY}" for one in sources}
        columns["account"] = "identities.ACCOUNT"
        order = Order(
            file=file,
            tenant=self.tenant,
            format=Format.CSV,
            dead_letters=file.with_suffix(".dead"),
            normalising=Normalising(),
            columns=columns,
        )
        database = self.gateway.gateway.database
        store = Store(database.client, database)
        async with opened_sealing(self.gateway.gateway.settings, database.client) as sealing:
            await import_rows(order, store, sealing, lambda _done, _of: None)
        keys = {linked_key(self.tenant, "erp", PARTY, one): one for one in ids}
        async for one in database[PROFILES].find({"tenant": self.tenant}, {LINKED: 1, "id": 1}):
            self.profiles |= {keys[key]: one["id"] for key in one.get(LINKED, ()) if key in keys}

    @property
    def settings_file(self) -> str:
        """The office's settings as a file has them."""
        settings = self.gateway.gateway.settings
        source = settings.sources["erp"]
        return f"""
[store]
uri = "{settings.store.uri}"
path = "{settings.store.path}"
database = "{settings.store.database}"
deadline_s = 60

[sources.erp]
connector = "tryton"
tenant = "{self.tenant}"
base_url = "{source.base_url}"
secret = "{source.secret}"
options = {{ database = "{self.tryton.database}" }}
"""

    async def sync(self, *, is_full: bool = False) -> Synced:
        """Synchronise, and tell what was done."""
        [plan] = await self.syncing.plans("erp")
        return await self.syncing.run.run(plan, is_full=is_full)

    async def shown(self, role: str = "supervisor") -> dict[str, dict[str, Any]]:
        """What profiles show, by the id of their party."""
        found: dict[str, dict[str, Any]] = {}
        ids = list(self.profiles.values())
        for at in range(0, len(ids), 50):
            data = await self.caller(role).data(PAGE, {"ids": ids[at : at + 50]})
            nodes = [edge["node"] for edge in data["profiles"]["edges"]]
            found |= {node.pop("id"): node for node in nodes}
        return {party: found[profile] for party, profile in self.profiles.items()}

    async def unequal(self) -> dict[str, Any]:
        """The parties whose profile doesn't show what they have now, with what both have."""
        there = await parties_of(self.tryton)
        return {
            party: (one["custom"], there.get(party))
            for party, one in (await self.shown()).items()
            if one["custom"] != there.get(party, dict.fromkeys(FIELDS))
        }


@asynccontextmanager
async def opened_office(
    uri: str,
    tryton: Tryton,
    path: Path,
    tenant: str,
    *,
    address: str = "",
    also: Mapping[str, str] = NO_MORE,
    **settings: Any,
) -> AsyncIterator[Office]:
    """An office on a gateway of its own, with its fields; Tryton is reached at `address`.

    The sources `also` are the same Tryton, reached at other addresses.
    """
    sources = {
        name: crm(
            at,
            tenant,
            secret=tryton.key,
            connector="tryton",
            options={"database": tryton.database},
            **settings,
        )
        for name, at in {"erp": address or tryton.base_url, **also}.items()
    }
    async with (
        running_gateway(uri, path, sources=sources, database=f"sync-{tenant}") as gateway,
        opened_sync(gateway.gateway.settings) as syncing,
    ):
        office = Office(gateway, tenant, tryton, syncing, path)
        await define(office.caller("admin"), [synced_field(key) for key in FIELDS])
        yield office


@asynccontextmanager
async def party_api(tryton: Tryton) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the parties of a Tryton."""
    headers = {"Authorization": f"Bearer {tryton.key}"}
    base = f"{tryton.base_url}/{tryton.database}/rest/model/"
    async with httpx2.AsyncClient(headers=headers, base_url=base, timeout=PATIENCE_S) as http:
        yield http


async def change(tryton: Tryton, party: str, **values: Any) -> None:
    """Change a party."""
    async with party_api(tryton) as http:
        (await http.put(f"{PARTY}/{party}", json=values)).raise_for_status()


async def parties_of(tryton: Tryton) -> dict[str, dict[str, Any]]:
    """What parties have, by id, as profiles show it."""
    wanted: Sequence[str] = [attribute for _, _, attribute in FIELDS.values()]
    async with party_api(tryton) as http:
        answer = await http.get(PARTY, params=[("f", one) for one in wanted])
        rows = answer.raise_for_status().json()
    return {
        str(row["id"]): {
            "crmName": row["name"],
            "number": row["code"],
            "speaks": row["lang"] and row["lang"]["code"],
            "mail": row["email"] or None,
        }
        for row in rows
    }


async def a_party(erp: Tryton, **values: Any) -> str:
    """The id of a new party of this test's own."""
    async with party_api(erp) as http:
        created = await http.post(PARTY, json={"name": "Nobody", **values})
        return str(created.raise_for_status().json()["id"])


async def links_of(office: Office, party: str) -> list[str]:
    """The records that the profile of a party is."""
    data = await office.caller("admin").data(LINKS, {"id": office.profiles[party]})
    return [link["recordId"] for link in data["profile"]["links"]]
