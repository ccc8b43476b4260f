"""What CRMs must be told, written down in the transaction that makes it so.

A debt holds no value: when it is paid, the profile's value of that moment is sent, so many changes
are one debt.  A wish is for a value that a CRM owns; it holds that value, sealed by the profile's
key, until the CRM has it or refuses it.  `due` is there as long as something is to be sent: its
place in the queue of its source.

`seq` is drawn anew whenever something else is to be sent: whoever sends it strikes off that alone.
It names the sending to the CRM too, so it is random and tells nothing.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.bson_values import kept_value, loaded_value
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import OUTBOX, key_of
from app.store.queues import DUE, Queue, due_at, queues_in
from app.store.sealing import ProfileSeal
from graph.model.ids import new_id
from graph.model.owed import Owed

_LEASED: Final = "lease"
_LAST: Final = "\U0010ffff"
_LEASE: Final = timedelta(seconds=90)
_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 900.0
_AT_ONCE: Final = 50
Transaction = Callable[[Callable[[AsyncClientSession], Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something to be sent: for a debt `values` is None, for a wish it is sealed by field id."""

    id: str
    tenant: str
    source: str
    object: str
    profile: str
    fields: tuple[str, ...]
    seq: str
    attempts: int
    values: Mapping[str, Any] | None = field(default=None, repr=False)
    lease: str = field(default="", compare=False)

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        return Queue(self.tenant, self.source)

    @property
    def is_wish(self) -> bool:
        """Whether it is for a value that the CRM owns."""
        return self.values is not None


async def owe(
    database: AsyncDatabase[Document],
    tenant: str,
    profile: str,
    owed: Sequence[Owed],
    now: datetime,
    session: AsyncClientSession,
) -> None:
    """Write down what a profile owes sources, in the caller's transaction."""
    outbox = database[OUTBOX]
    for one in owed:
        key = key_of(tenant, profile, one.field)
        held = await outbox.find_one({"_id": key}, {DUE: 1, _LEASED: 1}, session=session) or {}
        # Who sends it now lets go of it when he is done.
        until = due_at(held[DUE]) if DUE in held else now
        due = Queue(tenant, one.source).key(until if _LEASED in held and until > now else now)
        kept = {"tenant": tenant, "source": one.source, "object": one.object, "profile": profile}
        state = {"fields": [one.field], DUE: due, "attempts": 0, "seq": _drawn()}
        await outbox.update_one(
            {"_id": key},
            {"$set": kept | state, "$unset": {"refused": ""}},
            upsert=True,
            session=session,
        )


class Outbox:
    """The debts and wishes of all tenants."""

    def __init__(self, database: AsyncDatabase[Document], transaction: Transaction) -> None:
        self._outbox = database[OUTBOX]
        self._transaction = transaction

    async def wish(
        self,
        tenant: str,
        seal: ProfileSeal,
        place: tuple[str, str],
        values: Mapping[str, object],
        due: datetime,
    ) -> Outgoing:
        """Write down values that a source and its object are to take, by field id.

        What waits of older wishes for these fields is never sent any more.
        """
        key = key_of(tenant, seal.profile, new_id())
        source, object_ = place
        document: Document = {
            "_id": key,
            "tenant": tenant,
            "source": source,
            "object": object_,
            "profile": seal.profile,
            "fields": list(values),
            "seq": _drawn(),
            "attempts": 0,
            "values": {
                name: seal.seal(sealed_place(key, name), kept_value(value))
                for name, value in values.items()
            },
            DUE: Queue(tenant, source).key(due),
            _LEASED: _drawn(),
        }

        async def write(session: AsyncClientSession) -> None:
            await self._replace(key_of(tenant, seal.profile, ""), values.keys(), session)
            await self._outbox.insert_one(document, session=session)

        await self._transaction(write)
        return _outgoing(document)

    async def _replace(
        self, begin: str, names: AbstractSet[str], session: AsyncClientSession
    ) -> None:
        """Take fields out of the wishes that wait, and drop those that are empty then."""
        query = {"_id": {"$gt": begin, "$lt": begin + _LAST}}
        for one in await self._outbox.find(query, session=session).to_list():
            left = [name for name in one["fields"] if name not in names]
            if DUE not in one or "values" not in one or len(left) == len(one["fields"]):
                continue
            if not left:
                await self._outbox.delete_one({"_id": one["_id"]}, session=session)
                continue
            values = {name: one["values"][name] for name in left}
            change = {"$set": {"fields": left, "values": values, "seq": _drawn()}}
            await self._outbox.update_one({"_id": one["_id"]}, change, session=session)

    async def queues(self) -> list[Queue]:
        """The sources for which something waits."""
        return await queues_in(self._outbox)

    async def leases(self, queue: Queue, now: Callable[[], datetime]) -> AsyncIterator[Outgoing]:
        """One thing after the other that is due and that nobody else sends.

        Each is ours for a minute and a half.  A server that gathers all that is due before it
        gives the first of it is asked once for many.
        """
        while found := await self._due(queue, now()):
            for document in found:
                if leased := await self._leased(queue, document, now()):
                    yield leased

    async def _due(self, queue: Queue, now: datetime) -> list[Document]:
        with store_failures():
            found = self._outbox.find(queue.due(now)).sort(DUE, 1).limit(_AT_ONCE)
            return await found.to_list()

    async def _leased(self, queue: Queue, found: Document, now: datetime) -> Outgoing | None:
        """What was found, as ours; None where it is somebody else's, or something else, by now."""
        query = {"_id": found["_id"], "seq": found["seq"], DUE: found[DUE]}
        leased = {DUE: queue.key(now + _LEASE), _LEASED: _drawn()}
        with store_failures():
            taken = await self._outbox.update_one(query, {"$set": leased})
        return _outgoing(found | leased) if taken.modified_count else None

    async def is_ours(self, one: Outgoing) -> bool:
        """Whether it is still to be sent as it is, and by us."""
        query = {"_id": one.id, "seq": one.seq, _LEASED: one.lease}
        with store_failures():
            return await self._outbox.find_one(query, {"_id": 1}) is not None

    async def paid(self, sent: Outgoing, now: datetime) -> None:
        """Strike something off; what was owed anew meanwhile is due at once."""
        with store_failures():
            gone = await self._outbox.delete_one({"_id": sent.id, "seq": sent.seq})
            if not gone.deleted_count:
                await self._let_go(sent, now)

    async def later(self, sent: Outgoing, now: datetime, after_s: float | None) -> None:
        """Have it sent again after so many seconds, or longer the more often it failed."""
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(sent.attempts, 20))
        due = now + timedelta(seconds=max(pause_s, after_s or 0))
        with store_failures():
            done = await self._outbox.update_one(
                {"_id": sent.id, "seq": sent.seq, _LEASED: sent.lease},
                {
                    "$set": {DUE: sent.queue.key(due)},
                    "$inc": {"attempts": 1},
                    "$unset": {_LEASED: ""},
                },
            )
            if not done.matched_count:
                await self._let_go(sent, due)

    async def refused(self, sent: Outgoing, reason: str, now: datetime) -> None:
        """Keep that it was refused and why; what was to be sent is forgotten."""
        with store_failures():
            done = await self._outbox.update_one(
                {"_id": sent.id, "seq": sent.seq},
                {"$set": {"refused": reason}, "$unset": {DUE: "", "values": "", _LEASED: ""}},
            )
            if not done.matched_count:
                await self._let_go(sent, now)

    async def _let_go(self, sent: Outgoing, due: datetime) -> None:
        """Leave to others what became something else while we were sending, and for whom."""
        query = {"_id": sent.id, _LEASED: sent.lease}
        if held := await self._outbox.find_one(query, {"source": 1}):
            key = Queue(sent.tenant, held["source"]).key(due)
            change = {"$set": {DUE: key}, "$unset": {_LEASED: ""}}
            await self._outbox.update_one(query | {"source": held["source"]}, change)

    async def state(self, tenant: str, source: str) -> dict[str, Any]:
        """How much waits to be sent to a source, and what it refused."""
        query = {"_id": {"$gt": key_of(tenant, ""), "$lt": key_of(tenant, _LAST)}}
        waiting, refused = 0, list[dict[str, Any]]()
        with store_failures():
            async for one in self._outbox.find(query, {"values": 0}):
                if one["source"] != source:
                    continue
                waiting += DUE in one
                if "refused" in one:
                    told = {"profile": one["profile"], "fields": one["fields"]}
                    refused.append({**told, "reason": one["refused"]})
        return {"waiting": waiting, "refused": refused}


async def forget_field(database: AsyncDatabase[Document], tenant: str, field: str) -> None:
    """Take a field out of all that was to be sent, and drop what is empty then."""
    outbox = database[OUTBOX]
    query = {"_id": {"$gt": key_of(tenant, ""), "$lt": key_of(tenant, _LAST)}}
    async for one in outbox.find(query, {"fields": 1, "seq": 1}):
        if field not in one["fields"]:
            continue
        left = [name for name in one["fields"] if name != field]
        same = {"_id": one["_id"], "seq": one["seq"]}
        if not left:
            await outbox.delete_one(same)
            continue
        put = {"fields": left, "seq": _drawn()}
        await outbox.update_one(same, {"$set": put, "$unset": {f"values.{field}": ""}})


def sealed_place(id: str, field: str) -> str:
    """Where a value of a wish is sealed for."""
    return f"outbox/{id}/{field}"


def wished(one: Outgoing, seal: ProfileSeal) -> dict[str, object]:
    """The values of a wish by field id, opened; what can't be is `Unreadable`."""
    return {
        name: loaded_value(seal.opened(sealed_place(one.id, name), kept))
        for name, kept in (one.values or {}).items()
    }


def _outgoing(document: Mapping[str, Any]) -> Outgoing:
    return Outgoing(
        id=document["_id"],
        tenant=document["tenant"],
        source=document["source"],
        object=document["object"],
        profile=document["profile"],
        fields=tuple(document["fields"]),
        seq=document["seq"],
        attempts=document["attempts"],
        values=document.get("values"),
        lease=document.get(_LEASED, ""),
    )


def _drawn() -> str:
    return secrets.token_hex(16)
