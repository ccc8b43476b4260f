"""Records that a CRM said something of, waiting to be read there: what was said isn't believed.

There is one document for each record, however often it is told of, and one for each event that was
heard, so that one that comes twice is known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.changes import Changes
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import REFETCHES, WEBHOOK_EVENTS, key_of

DUE: Final = "due"
HEARD: Final = "heardAt"
_LEASE: Final = timedelta(seconds=90)
_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 900.0
_KEPT_FOR: Final = timedelta(days=7)
_KEYS_AT_ONCE: Final = 100
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Said:
    """Something was said of a record: that it became another one, or just that it changed."""

    object: str
    record: str
    into_id: str | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Refetch:
    """A record to be read; `seq` tells whether more was said of it meanwhile."""

    id: str
    tenant: str
    source: str
    object: str
    record: str
    seq: int
    attempts: int
    into_id: str | None = None


class Refetches:
    """What was heard of the sources of all tenants, and isn't read yet."""

    def __init__(self, database: AsyncDatabase[Document], changes: Changes) -> None:
        self._refetches = database[REFETCHES]
        self._events = database[WEBHOOK_EVENTS]
        self._changes = changes

    async def hear(
        self, tenant: str, source: str, said: Sequence[Said], now: datetime
    ) -> list[Said]:
        """Keep what is new of what a source said, all or nothing; that which is new."""
        for _ in range(_ATTEMPTS):
            new = await self._new(tenant, source, said)
            try:
                await self._keep(tenant, source, new, now)
            except DuplicateKeyError:
                continue  # another gateway heard one of the events at the same time
            return new
        return []

    async def lease(self, now: datetime, most: int) -> list[Refetch]:
        """Some records of one object that are due and that nobody else reads, ours for a while."""
        found = list[Refetch]()
        with store_failures():
            due = await self._refetches.find({DUE: {"$lte": now}}).limit(most).to_list()
            for document in due:
                one = _refetch(document)
                if found and _place(one) != _place(found[0]):
                    continue
                query = {"_id": one.id, "seq": one.seq, DUE: document[DUE]}
                taken = await self._refetches.update_one(query, {"$set": {DUE: now + _LEASE}})
                found += [one] if taken.modified_count else []
        return found

    async def read(self, records: Iterable[Refetch]) -> None:
        """Strike records off, unless something more was said of them."""
        with store_failures():
            for one in records:
                await self._refetches.delete_one({"_id": one.id, "seq": one.seq})

    async def later(self, records: Iterable[Refetch], now: datetime, after_s: float | None) -> None:
        """Have records read again after so many seconds, or longer the more often it failed."""
        with store_failures():
            for one in records:
                pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(one.attempts, 20))
                due = now + timedelta(seconds=max(pause_s, after_s or 0))
                change = {"$set": {DUE: due}, "$inc": {"attempts": 1}}
                await self._refetches.update_one({"_id": one.id, "seq": one.seq}, change)

    async def forget(self, now: datetime) -> int:
        """Forget events that won't come again; how many."""
        with store_failures():
            gone = await self._events.delete_many({HEARD: {"$lt": now - _KEPT_FOR}})
        return gone.deleted_count

    async def _new(self, tenant: str, source: str, said: Sequence[Said]) -> list[Said]:
        keys = {key_of(tenant, source, one.event) for one in said if one.event}
        known, asked = set[str](), sorted(keys)
        with store_failures():
            for at in range(0, len(asked), _KEYS_AT_ONCE):
                query = {"_id": {"$in": asked[at : at + _KEYS_AT_ONCE]}}
                known |= {event["_id"] async for event in self._events.find(query, {"_id": 1})}
        by_event = {
            one.event: one
            for one in said
            if one.event and key_of(tenant, source, one.event) not in known
        }
        return [*by_event.values(), *(one for one in said if not one.event)]

    async def _keep(self, tenant: str, source: str, said: Sequence[Said], now: datetime) -> None:
        if not said:
            return
        events = [
            {"_id": key_of(tenant, source, one.event), "tenant": tenant, HEARD: now}
            for one in said
            if one.event
        ]
        updates = [
            UpdateOne(
                {"_id": key_of(tenant, source, one.object, one.record)},
                {
                    "$set": {
                        "tenant": tenant,
                        "source": source,
                        "object": one.object,
                        "record": one.record,
                        "attempts": 0,
                        DUE: now,
                        **({"into": one.into_id} if one.into_id else {}),
                    },
                    "$inc": {"seq": 1},
                },
                upsert=True,
            )
            for one in said
        ]

        async def write(session: AsyncClientSession) -> None:
            if events:
                await self._events.insert_many(events, session=session)
            await self._refetches.bulk_write(updates, session=session)

        await self._changes.transaction(write)


def _place(one: Refetch) -> tuple[str, str, str]:
    return one.tenant, one.source, one.object


def _refetch(document: Document) -> Refetch:
    return Refetch(
        id=document["_id"],
        tenant=document["tenant"],
        source=document["source"],
        object=document["object"],
        record=document["record"],
        seq=document["seq"],
        attempts=document["attempts"],
        into_id=document.get("into"),
    )
