"""Records that a CRM said something of, waiting to be read there: what was said isn't believed.

There is one document for each record, however often it is told of, in the queue of its source; and
one for each event that was heard, so that one that comes twice is known.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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
from app.store.queues import DUE, Queue, due_at, queues_in

HEARD: Final = "heardAt"
_LEASED: Final = "lease"
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
    seq: str
    attempts: int
    into_id: str | None = None
    lease: str = field(default="", compare=False)

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        return Queue(self.tenant, self.source)


async def read_later(
    database: AsyncDatabase[Document],
    place: tuple[str, str, str],
    records: Iterable[str],
    now: datetime,
    session: AsyncClientSession,
) -> None:
    """Have records of a tenant's source and object be read, in the caller's transaction.

    The caller means to read them at once: others do it only when that didn't come about.
    """
    tenant, source, object_ = place
    said = [Said(object_, one) for one in records]
    await _keep(database, tenant, source, said, now + _LEASE, session)


class Refetches:
    """What was heard of the sources of all tenants, and isn't read yet."""

    def __init__(self, database: AsyncDatabase[Document], changes: Changes) -> None:
        self._database = database
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

    async def queues(self) -> list[Queue]:
        """The sources that something was heard of and isn't read yet."""
        return await queues_in(self._refetches)

    async def lease(self, queue: Queue, now: datetime, most: int) -> list[Refetch]:
        """Some records of one object that are due and that nobody else reads, ours for a while."""
        found = list[Refetch]()
        with store_failures():
            due = self._refetches.find(queue.due(now)).sort(DUE, 1).limit(most)
            for document in await due.to_list():
                one = _refetch(document)
                if found and one.object != found[0].object:
                    continue
                query = {"_id": one.id, "seq": one.seq, DUE: document[DUE]}
                leased = {DUE: queue.key(now + _LEASE), _LEASED: _drawn()}
                taken = await self._refetches.update_one(query, {"$set": leased})
                found += [_refetch(document | leased)] if taken.modified_count else []
        return found

    async def read(self, records: Iterable[Refetch], now: datetime) -> None:
        """Strike records off; those that something more was said of are due at once."""
        with store_failures():
            for one in records:
                gone = await self._refetches.delete_one({"_id": one.id, "seq": one.seq})
                if not gone.deleted_count:
                    await self._let_go(one, now)

    async def later(self, records: Iterable[Refetch], now: datetime, after_s: float | None) -> None:
        """Have records read again after so many seconds, or longer the more often it failed."""
        with store_failures():
            for one in records:
                pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(one.attempts, 20))
                due = now + timedelta(seconds=max(pause_s, after_s or 0))
                later = {"$set": {DUE: one.queue.key(due)}, "$unset": {_LEASED: ""}}
                change = later | {"$inc": {"attempts": 1}}
                query = {"_id": one.id, "seq": one.seq, _LEASED: one.lease}
                done = await self._refetches.update_one(query, change)
                if not done.matched_count:
                    await self._let_go(one, due)

    async def _let_go(self, one: Refetch, due: datetime) -> None:
        """Leave to others what more was said of while we were reading."""
        change = {"$set": {DUE: one.queue.key(due)}, "$unset": {_LEASED: ""}}
        await self._refetches.update_one({"_id": one.id, _LEASED: one.lease}, change)

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

        async def write(session: AsyncClientSession) -> None:
            # One by one: a duplicate among many at once would be told as another failure.
            for event in events:
                await self._events.insert_one(event, session=session)
            await _keep(self._database, tenant, source, said, now, session)

        await self._changes.transaction(write)


async def _keep(
    database: AsyncDatabase[Document],
    tenant: str,
    source: str,
    said: Sequence[Said],
    due: datetime,
    session: AsyncClientSession,
) -> None:
    """Have records be read; who reads one of them now lets go of it when he is done."""
    keys, leased = [key_of(tenant, source, one.object, one.record) for one in said], set[str]()
    refetches = database[REFETCHES]
    for at in range(0, len(keys), _KEYS_AT_ONCE):
        query = {"_id": {"$in": keys[at : at + _KEYS_AT_ONCE]}}
        async for held in refetches.find(query, {DUE: 1, _LEASED: 1}, session=session):
            if _LEASED in held and due_at(held[DUE]) > due:
                leased.add(held["_id"])
    updates = [
        UpdateOne(
            {"_id": key},
            {
                "$set": {
                    "tenant": tenant,
                    "source": source,
                    "object": one.object,
                    "record": one.record,
                    "attempts": 0,
                    "seq": _drawn(),
                    **({} if key in leased else {DUE: Queue(tenant, source).key(due)}),
                    **({"into": one.into_id} if one.into_id else {}),
                }
            },
            upsert=True,
        )
        for key, one in zip(keys, said, strict=True)
    ]
    if updates:
        await refetches.bulk_write(updates, session=session)


def _drawn() -> str:
    return secrets.token_hex(16)


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
        lease=document.get(_LEASED, ""),
    )
