"""Rewrites several profiles in one transaction: merges, and what takes them apart again.

A profile that another one absorbed keeps its document under an `_id` of its own, where nothing
that looks for people finds it; its former id is an alias of the profile that stands for it.  Its
claims are that profile's, and say in `origin` where they come from.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from weakref import WeakValueDictionary

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.keyring.envelope import ValueDamaged
from app.store.changes import ABSENT, TAKEN, Changes
from app.store.documents import Document
from app.store.explained import sealed_names
from app.store.history import entry_document
from app.store.linked import RELINKED
from app.store.names import ALIASES, HISTORY, IDENTITIES, MERGED, PROFILES, key_of
from app.store.record_documents import RecordDocuments
from app.store.records import record_of
from app.store.rewritten_claims import RewrittenClaims
from app.store.sealing import ProfileSeal
from graph.errors import Conflict, Erased, NotFound
from graph.merge_ports import FoundBy, Rewrite, Rewritten
from graph.model.history import HistoryEntry, differences
from graph.model.profile import PersonName
from graph.model.provenance import Author
from graph.model.record import Record, root_of
from policies.plan import Scope
from policies.unreadable import Unreadable

_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class _World:
    """The profiles that a rewrite may touch, as they are: documents, seals, records, by id."""

    documents: Mapping[str, Document]
    seals: Mapping[str, ProfileSeal]
    records: Mapping[str, Record]


class Rewriting:
    """`graph.ports.Rewriting` in MongoDB."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        changes: Changes,
        now: Callable[[], datetime],
    ) -> None:
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._aliases = database[ALIASES]
        self._history = database[HISTORY]
        self._changes = changes
        self._now = now
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def preview(self, ids: Sequence[str], rewrite: Rewrite, scope: Scope) -> Rewritten:
        """See `graph.ports.Rewriting`."""
        found: list[Rewritten] = []

        async def read(session: AsyncClientSession) -> None:
            world = await self._world(ids, scope, session)
            found.append(rewrite(world.records))

        await self._changes.transaction(read)
        return found[-1]

    async def rewrite(
        self, ids: Sequence[str], rewrite: Rewrite, found: FoundBy, scope: Scope, author: Author
    ) -> Rewritten:
        """See `graph.ports.Rewriting`."""
        done: list[Rewritten] = []

        async def write(session: AsyncClientSession) -> None:
            world = await self._world(ids, scope, session)
            wanted = rewrite(world.records)
            done.append(wanted)
            if wanted.records:
                await self._write(world, wanted, found, scope, author, session)

        # Transactions over the same profiles only make each other begin again.
        lock = self._locks.setdefault(scope.tenant, asyncio.Lock())
        try:
            async with lock:
                await self._changes.transaction(write)
        except DuplicateKeyError:
            raise Conflict(TAKEN) from None
        return done[-1]

    async def _world(self, ids: Sequence[str], scope: Scope, session: AsyncClientSession) -> _World:
        """The profiles of these ids or who stands for them, and all that are part of those."""
        standing = await self._standing(ids, scope, session)
        documents = await self._read([key_of(scope.tenant, one) for one in standing], session)
        if len(documents) < len(standing):
            raise NotFound(ABSENT)
        parts = [
            key_of(scope.tenant, MERGED, member["id"])
            for document in documents
            for member in document.get("members", ())
        ]
        documents += await self._read(parts, session)
        by_id = {document["id"]: document for document in documents}
        seals = await self._changes.sealing.written_all(scope.tenant, by_id)
        records = {one: record_of(document, seals[one]) for one, document in by_id.items()}
        for record in records.values():
            _refuse_unreadable(record)
        return _World(by_id, seals, records)

    async def _standing(
        self, ids: Sequence[str], scope: Scope, session: AsyncClientSession
    ) -> list[str]:
        keys = [key_of(scope.tenant, one) for one in ids]
        former = await self._aliases.find({"_id": {"$in": keys}}, session=session).to_list()
        survivors = {document["former"]: document["profile"] for document in former}
        return list(dict.fromkeys(survivors.get(one, one) for one in ids))

    async def _read(self, keys: Sequence[str], session: AsyncClientSession) -> list[Document]:
        found: list[Document] = []
        for at in range(0, len(keys), _AT_ONCE):
            part = keys[at : at + _AT_ONCE]
            found += await self._profiles.find({"_id": {"$in": part}}, session=session).to_list()
        return found

    async def _write(
        self,
        world: _World,
        wanted: Rewritten,
        found: FoundBy,
        scope: Scope,
        author: Author,
        session: AsyncClientSession,
    ) -> None:
        now, wide = self._now(), _wide(world.documents.values())
        documents = RecordDocuments(self._changes, found, wide)
        sealed, after = sealed_names(*world.documents.values()), dict(world.documents)
        for id_, record in wanted.records.items():
            version = world.documents[id_]["version"] + 1
            profile = replace(record.profile, version=version, updated_at=now)
            told = replace(record, profile=profile)
            after[id_] = documents.document(told, world.seals[id_], sealed) | {RELINKED: now}
        records = {**world.records, **wanted.records}
        claims = RewrittenClaims(self._identities, self._changes, scope, session)
        await claims.settle(world.documents, after, records)
        for id_ in wanted.records:
            await self._replace(world.documents[id_], after[id_], session)
            entry = _entry(world, wanted, id_, after[id_], author, now)
            kept = entry_document(entry, world.seals[id_], sealed)
            await self._history.insert_one(kept, session=session)
        await claims.share(_standing(world.documents, world.records), _standing(after, records))
        await self._alias(world.records, records, scope, session)

    async def _replace(
        self, before: Document, after: Document, session: AsyncClientSession
    ) -> None:
        """Put a document in place of what was read; nobody changed it meanwhile."""
        query = {"_id": before["_id"], "version": before["version"]}
        if before["_id"] == after["_id"]:
            done = await self._profiles.replace_one(query, after, session=session)
            count = done.matched_count
        else:
            count = (await self._profiles.delete_one(query, session=session)).deleted_count
            await self._profiles.insert_one(after, session=session)
        if not count:
            raise Conflict("Somebody else changed one of the profiles meanwhile; try again.")

    async def _alias(
        self,
        before: Mapping[str, Record],
        after: Mapping[str, Record],
        scope: Scope,
        session: AsyncClientSession,
    ) -> None:
        """Let the id of every absorbed profile answer with the one that stands for it."""
        for id_, record in after.items():
            now = root_of(id_, after)
            if now == root_of(id_, before):
                continue
            key = key_of(scope.tenant, id_)
            if record.absorbed is None:
                await self._aliases.delete_one({"_id": key}, session=session)
                continue
            alias = {"tenant": scope.tenant, "former": id_, "profile": now}
            await self._aliases.replace_one({"_id": key}, alias, upsert=True, session=session)


def _refuse_unreadable(record: Record) -> None:
    """Refuse what would write a value anew that can't be read."""
    profile, name = record.profile, record.profile.name or PersonName()
    values = [
        *(name.given, name.family, profile.birth_date, profile.gender, profile.language),
        *(part for item in profile.identities or () for part in (item.value, item.raw)),
        *(profile.custom or {}).values(),
        *(own.value for own in record.own.values()),
        *(profile.preferences, profile.consents, profile.labels),
        *(one.proof for one in _items(profile.consents)),
    ]
    if Unreadable.ERASED in values:
        raise Erased("One of the profiles was erased: it can't be merged, or taken out.")
    if Unreadable.DAMAGED in values:
        raise ValueDamaged


def _items(items: Any) -> tuple[Any, ...]:  # noqa: ANN401 - or what stands for them
    return items if isinstance(items, tuple) else ()


def _standing(documents: Mapping[str, Document], records: Mapping[str, Record]) -> list[Document]:
    """The documents of those who stand for themselves."""
    return [one for id_, one in documents.items() if records[id_].absorbed is None]


def _wide(documents: Iterable[Document]) -> dict[str, Document]:
    """What else identities are found by, by each of their indexes."""
    items = (item for document in documents for item in document.get("identities", ()))
    return {
        index: {name: item[name] for name in ("wide", "wideOthers") if name in item}
        for item in items
        if "wide" in item
        for index in (item["index"], *item.get("others", ()))
    }


def _entry(
    world: _World, wanted: Rewritten, id: str, after: Document, author: Author, now: datetime
) -> HistoryEntry:
    kind, note = wanted.notes[id]
    return HistoryEntry(
        profile_id=id,
        version=after["version"],
        at=now,
        kind=kind,
        by=author.by,
        source=author.source,
        merge=note,
        changes=differences(world.records[id].profile, wanted.records[id].profile),
    )
