"""What CRMs must be told, written down in the transaction that makes it so.

A debt holds no value: when it is paid, the profile's value of that moment is sent, so many changes
are one debt.  A wish is for a value that a CRM owns; it holds that value, sealed by the profile's
key, until the CRM has it or refuses it.  `due` is there as long as something is to be sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.bson_values import kept_value, loaded_value
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import OUTBOX, key_of
from app.store.sealing import ProfileSeal
from graph.model.ids import new_id
from graph.model.owed import Owed

DUE: Final = "due"
_LEASE: Final = timedelta(seconds=90)
_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 900.0
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something to be sent: for a debt `values` is None, for a wish it is sealed by field id."""

    id: str
    tenant: str
    source: str
    object: str
    profile: str
    fields: tuple[str, ...]
    seq: int
    attempts: int
    values: Mapping[str, Any] | None = field(default=None, repr=False)

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
    for one in owed:
        kept = {"tenant": tenant, "source": one.source, "object": one.object, "profile": profile}
        state = {"fields": [one.field], DUE: now, "attempts": 0}
        await database[OUTBOX].update_one(
            {"_id": key_of(tenant, profile, one.field)},
            {"$set": kept | state, "$inc": {"seq": 1}, "$unset": {"refused": ""}},
            upsert=True,
            session=session,
        )


class Outbox:
    """The debts and wishes of all tenants."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._outbox = database[OUTBOX]

    async def wish(
        self,
        tenant: str,
        seal: ProfileSeal,
        place: tuple[str, str],
        values: Mapping[str, object],
        due: datetime,
    ) -> Outgoing:
        """Write down values that a source and its object are to take, by field id."""
        key = key_of(tenant, seal.profile, new_id())
        source, object_ = place
        document: Document = {
            "_id": key,
            "tenant": tenant,
            "source": source,
            "object": object_,
            "profile": seal.profile,
            "fields": list(values),
            "seq": 1,
            "attempts": 0,
            "values": {
                name: seal.seal(f"outbox/{key}/{name}", kept_value(value))
                for name, value in values.items()
            },
            DUE: due,
        }
        with store_failures():
            await self._outbox.insert_one(document)
        return _outgoing(document)

    async def lease(self, now: datetime) -> Outgoing | None:
        """Something that is due and that nobody else sends, ours for a minute and a half."""
        with store_failures():
            found = await self._outbox.find({DUE: {"$lte": now}}).limit(_AT_ONCE).to_list()
            for document in found:
                query = {"_id": document["_id"], "seq": document["seq"], DUE: document[DUE]}
                taken = await self._outbox.update_one(query, {"$set": {DUE: now + _LEASE}})
                if taken.modified_count:
                    return _outgoing(document)
        return None

    async def paid(self, sent: Outgoing) -> None:
        """Strike something off, unless it was owed anew meanwhile."""
        with store_failures():
            await self._outbox.delete_one({"_id": sent.id, "seq": sent.seq})

    async def later(self, sent: Outgoing, now: datetime, after_s: float | None) -> None:
        """Have it sent again after so many seconds, or longer the more often it failed."""
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(sent.attempts, 20))
        due = now + timedelta(seconds=max(pause_s, after_s or 0))
        with store_failures():
            await self._outbox.update_one(
                {"_id": sent.id, "seq": sent.seq},
                {"$set": {DUE: due}, "$inc": {"attempts": 1}},
            )

    async def refused(self, sent: Outgoing, reason: str) -> None:
        """Keep that it was refused and why; what was to be sent is forgotten."""
        with store_failures():
            await self._outbox.update_one(
                {"_id": sent.id, "seq": sent.seq},
                {"$set": {"refused": reason}, "$unset": {DUE: "", "values": ""}},
            )

    async def state(self, tenant: str, source: str) -> dict[str, Any]:
        """How much waits to be sent to a source, and what it refused."""
        query = {"_id": {"$gt": key_of(tenant, ""), "$lt": key_of(tenant, "\U0010ffff")}}
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


def wished(one: Outgoing, seal: ProfileSeal) -> dict[str, object]:
    """The values of a wish by field id, opened; what can't be is `Unreadable`."""
    return {
        name: loaded_value(seal.opened(f"outbox/{one.id}/{name}", kept))
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
    )
