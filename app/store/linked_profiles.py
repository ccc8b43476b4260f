"""Profiles as a synchronisation reads and changes them: by the records of CRMs that they are."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import pymongo
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from app.store.changes import BARE, Changes
from app.store.documents import Document
from app.store.explained import explained
from app.store.failures import store_failures
from app.store.items import loaded_link
from app.store.linked import LINKED, RELINKED, linked_beginning, linked_key, linked_keys
from app.store.names import ALIASES, HISTORY, PROFILES, key_of
from app.store.recording import Recording
from app.store.sealing import ProfileSeal
from app.store.search import base_of, end_of, path_of, walked
from graph.model.profile import ProfilePatch, ProfileState
from graph.model.provenance import Author
from graph.model.search import BY_ID, BY_UPDATED_AT, instant_key

# The embedded server takes, for each key that is there, longer the more of them are asked for.
_KEYS_AT_ONCE: Final = 100
_LAST: Final = "\U0010ffff"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_BATCH: Final = 1_000
_WITHIN_S: Final = 120.0


class ChangedMeanwhile(Exception):
    """Somebody else changed one of the profiles since it was read."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What is to change of one profile, as it was read, and who says so."""

    held: Document = field(repr=False)
    seal: ProfileSeal
    patch: ProfilePatch
    author: Author


class LinkedProfiles:
    """Profiles of all tenants, found by what records they are."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        changes: Changes,
        now: Callable[[], datetime],
    ) -> None:
        self._profiles = database[PROFILES]
        self._aliases = database[ALIASES]
        self._history = database[HISTORY]
        self._changes = changes
        self._now = now
        self.recording = Recording(database, changes, now)

    async def of_records(
        self, tenant: str, source: str, object: str, records: Iterable[str]
    ) -> dict[str, list[Document]]:
        """The profiles that are these records, by the record's id; mostly one each."""
        keys = {linked_key(tenant, source, object, one): one for one in records}
        found: dict[str, list[Document]] = {}
        for document in await self._found(LINKED, list(keys)):
            for key in document.get(LINKED, ()):
                if key in keys:
                    found.setdefault(keys[key], []).append(document)
        return found

    async def make_findable(self, tenant: str) -> None:
        """Have profiles be found that were linked before there was anything to find them by."""
        wanted, updates = {"links": 1, LINKED: 1, "version": 1, "state": 1}, list[UpdateOne]()
        with store_failures(), pymongo.timeout(_WITHIN_S):
            async for one in self._profiles.find(walked(tenant), wanted, batch_size=_BATCH):
                is_found = LINKED in one or one["state"] == ProfileState.MERGED.value
                if one.get("links") and not is_found:
                    keys = linked_keys(tenant, map(loaded_link, one["links"]))
                    query = {"_id": one["_id"], "version": one["version"]}
                    updates.append(UpdateOne(query, {"$set": {LINKED: keys}}))
            for at in range(0, len(updates), _BATCH):
                # One who was changed meanwhile has its keys already.
                await self._profiles.bulk_write(updates[at : at + _BATCH], ordered=False)

    async def of_ids(self, tenant: str, ids: Iterable[str]) -> dict[str, Document]:
        """The profiles of these ids, or who stands for them, by the id that was asked for."""
        asked = {key_of(tenant, one): one for one in dict.fromkeys(ids)}
        found = {asked[one["_id"]]: one for one in await self._found("_id", list(asked))}
        if missing := [key for key, id_ in asked.items() if id_ not in found]:
            with store_failures():
                former = {
                    alias["former"]: alias["profile"]
                    for part in _parted(missing)
                    async for alias in self._aliases.find({"_id": {"$in": part}})
                }
            keys = [key_of(tenant, one) for one in dict.fromkeys(former.values())]
            standing = {one["id"]: one for one in await self._found("_id", keys)}
            found |= {old: standing[new] for old, new in former.items() if new in standing}
        return found

    async def records_after(self, tenant: str, source: str, object: str, after: str) -> list[str]:
        """Ids of all records that profiles are, sorted, beginning behind one of them."""
        begin = linked_key(tenant, source, object)
        # Not sorted there: of a profile with several links, the server would take the first.
        query, found = {LINKED: {"$gt": begin + after, "$lt": begin + _LAST}}, set[str]()
        with store_failures(), pymongo.timeout(_WITHIN_S):
            async for document in self._profiles.find(query, {LINKED: 1}, batch_size=_BATCH):
                found.update(key for key in document[LINKED] if key.startswith(begin))
        ids = (key.removeprefix(begin) for key in found)
        return sorted(one for one in ids if one > after)

    async def records_of_new(
        self,
        tenant: str,
        place: tuple[str, str],
        fields: AbstractSet[str],
        since: datetime,
    ) -> list[str]:
        """Ids of records of a source and object that profiles became since, or may have become.

        Of profiles that were changed since, it is those whose links were, and those that have none
        of the custom values `fields` from the source.
        """
        source, object_ = place
        begin, base = linked_key(tenant, source, object_), base_of(tenant, BY_UPDATED_AT)
        path, found = path_of(BY_UPDATED_AT), set[str]()
        query = {path: {"$gte": base + instant_key(since), "$lt": end_of(base)}}
        wanted = {LINKED: 1, RELINKED: 1, "provenance.custom": 1}
        with store_failures(), pymongo.timeout(_WITHIN_S):
            async for document in self._profiles.find(query, wanted, batch_size=_BATCH):
                told = document.get("provenance", {}).get("custom", {})
                has_any = any(told.get(one, {}).get("source") == source for one in fields)
                if not has_any or document.get(RELINKED, _LONG_AGO) >= since:
                    found.update(key for key in document.get(LINKED, ()) if key.startswith(begin))
        return sorted(key.removeprefix(begin) for key in found)

    async def unlinked(
        self,
        tenant: str,
        place: tuple[str, str],
        fields: AbstractSet[str],
        since: datetime | None,
    ) -> list[str]:
        """Ids of profiles without a link to a source and object that may hold what came from there.

        They have one of the custom values `fields` from the source, or a label while no link leads
        to the source.  Looked for among those that were changed since, or among all.
        """
        by = BY_UPDATED_AT if since else BY_ID
        base, found = base_of(tenant, by), list[str]()
        begin = base + instant_key(since) if since else base
        query = {path_of(by): {"$gte": begin, "$lt": end_of(base)}}
        told = (f"{part}custom.{one}" for part in ("", "provenance.") for one in fields)
        wanted = dict.fromkeys(["id", LINKED, "labels", *told], 1)
        with store_failures():
            async with self._profiles.find(query, wanted, batch_size=_BATCH) as profiles:
                while documents := await _next(profiles):
                    found += [one["id"] for one in documents if _has_left(one, tenant, place)]
        return found

    async def seals(self, tenant: str, documents: Sequence[Document]) -> dict[str, ProfileSeal]:
        """What seals and opens the values of profiles, by id."""
        sealing = self._changes.sealing
        await sealing.read(tenant, documents)  # keys that are newer than our copies are fetched
        return await sealing.written_all(tenant, [one["id"] for one in documents])

    async def write(
        self,
        planned: Sequence[PlannedChange],
        also: Callable[[AsyncClientSession], Awaitable[None]] | None = None,
    ) -> None:
        """Change profiles, all or none, each with its entry of history; and what `also` writes.

        None of the patches may change what a profile claims.

        Raises:
            ChangedMeanwhile: one of them isn't as it was read any more.
        """
        updates, entries = list[UpdateOne](), list[Document]()
        now = self._now()
        for one in planned:
            update, _ = self._changes.patched(one.held, one.patch, one.seal)
            told, entry = explained(one.held, update, one.seal, one.author, now)
            query = {"_id": one.held["_id"], "version": one.held["version"]}
            updates.append(UpdateOne(query, told))
            entries += [entry] if entry else []

        async def write(session: AsyncClientSession) -> None:
            if updates:
                try:
                    done = await self._profiles.bulk_write(updates, session=session)
                except BulkWriteError as error:
                    if error.has_error_label("TransientTransactionError"):
                        raise
                    raise ChangedMeanwhile from None  # its text would hold the documents
                if done.matched_count < len(updates):
                    raise ChangedMeanwhile
            if entries:
                await self._history.insert_many(entries, session=session)
            if also:
                await also(session)

        await self._changes.transaction(write)

    async def _found(self, path: str, keys: Sequence[str]) -> list[Document]:
        found: dict[str, Document] = {}
        with store_failures(), pymongo.timeout(_WITHIN_S):
            for part in _parted(keys):
                async for document in self._profiles.find({path: {"$in": part}}):
                    found[document["_id"]] = {**BARE, **document}
        return list(found.values())


async def _next(profiles: AsyncCursor[Document]) -> list[Document]:
    # However many there are, only one batch must come in time.
    with pymongo.timeout(_WITHIN_S):
        return await profiles.to_list(_BATCH)


def _has_left(document: Document, tenant: str, place: tuple[str, str]) -> bool:
    source, object_ = place
    of_source, of_object = linked_beginning(tenant, source), linked_key(tenant, source, object_)
    keys, told = document.get(LINKED, ()), document.get("provenance", {}).get("custom", {})
    if any(key.startswith(of_object) for key in keys):
        return False
    if any(told.get(one, {}).get("source") == source for one in document.get("custom", {})):
        return True
    labels = document.get("labels", ())
    if isinstance(labels, list):
        labels = [one for one in labels if one.get("source") == source]
    return bool(labels) and not any(key.startswith(of_source) for key in keys)


def _parted(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[at : at + _KEYS_AT_ONCE] for at in range(0, len(keys), _KEYS_AT_ONCE)]
