"""Seals anew what profiles wish of CRMs and what waits to be sent: by their newest keys."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.names import OUTBOX, key_of
from app.store.outbox import sealed_place
from app.store.rotation_steps import BATCH
from app.store.sealing import ProfileSeal, generations_of
from policies.unreadable import Unreadable

_LAST: Final = "\U0010ffff"
_NEEDED: Final = {"profile": 1, "seq": 1, "values": 1}


class OutboxResealing:
    """Seals the wishes of some profiles anew, those that need it."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._outbox = database[OUTBOX]

    async def reseal(self, tenant: str, seals: Mapping[str, ProfileSeal]) -> None:
        """Seal anew what isn't sealed by the newest key."""
        usable = {owner: seal for owner, seal in seals.items() if seal.keys.ciphers}
        async for one in self._wishes(tenant, usable):
            values = _resealed(one, usable[one["profile"]])
            if values != one["values"]:
                # What is another wish by now was sealed by who made it so: the next pass sees it.
                query = {"_id": one["_id"], "seq": one["seq"], "values": {"$exists": True}}
                await self._outbox.update_one(query, {"$set": {"values": values}})

    async def generations(self, tenant: str, owners: Iterable[str]) -> dict[str, set[int]]:
        """The generations of its key that an owner's wishes need, where there are any."""
        needed: dict[str, set[int]] = {}
        async for one in self._wishes(tenant, set(owners)):
            needed.setdefault(one["profile"], set()).update(generations_of(one["values"]))
        return needed

    async def _wishes(self, tenant: str, owners: Iterable[str]) -> AsyncIterator[Mapping[str, Any]]:
        known = set(owners)
        if not known:
            return
        begin, end = key_of(tenant, min(known), ""), key_of(tenant, max(known), _LAST)
        query = {"_id": {"$gt": begin, "$lt": end}}
        async for one in self._outbox.find(query, _NEEDED, batch_size=BATCH):
            if "values" in one and one["profile"] in known:
                yield one


def _resealed(document: Mapping[str, Any], seal: ProfileSeal) -> dict[str, Any]:
    """The values of a wish, each sealed by the newest key where it can be opened."""
    values: dict[str, Any] = dict(document["values"])
    for name, kept in document["values"].items():
        place = sealed_place(document["_id"], name)
        value = seal.opened(place, kept)
        if not seal.is_current(kept, is_sealed=True) and not isinstance(value, Unreadable):
            values[name] = seal.seal(place, value)
    return values
