"""Filters that people saved for themselves."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import FILTERS, key_of
from app.store.sealing import Sealing, TenantSeal, generations_of
from graph.errors import NotFound
from graph.model.errors import LimitReached
from graph.ports import SavedFilter
from graph.readable import readable
from policies.unreadable import Unreadable

_MOST: Final = 100


class MongoFilters:
    """`graph.ports.SavedFilters` in MongoDB.

    A filter is kept as a sealed text: what it holds are values of people, and never a part of a
    query.
    """

    def __init__(
        self, database: AsyncDatabase[Document], sealing: Sealing, now: Callable[[], datetime]
    ) -> None:
        self._filters = database[FILTERS]
        self._sealing = sealing
        self._now = now

    async def save(self, tenant: str, owner: str, name: str, where: Mapping[str, Any]) -> None:
        """See `graph.ports.SavedFilters`."""
        key = key_of(tenant, owner, name)
        known = {item.name for item in await self.all_of(tenant, owner)}
        if len(known | {name}) > _MOST:
            raise LimitReached(f"You have {_MOST} filters; remove one first.")
        seal = await self._sealing.tenant(tenant)
        document = {
            "tenant": tenant,
            "owner": owner,
            "name": name,
            "where": seal.seal(f"{FILTERS}/{owner}/{name}", orjson.dumps(where).decode()),
            "savedAt": self._now(),
        }
        with store_failures():
            await self._filters.replace_one({"_id": key}, document, upsert=True)

    async def find(self, tenant: str, owner: str, name: str) -> Mapping[str, Any] | None:
        """See `graph.ports.SavedFilters`."""
        with store_failures():
            found = await self._filters.find_one({"_id": key_of(tenant, owner, name)})
        if found is None:
            return None
        seal = await self._sealing.tenant(tenant)
        text = readable(seal.opened(f"{FILTERS}/{owner}/{name}", found["where"]))
        where: Mapping[str, Any] = orjson.loads(text)
        return where

    async def all_of(self, tenant: str, owner: str) -> list[SavedFilter]:
        """See `graph.ports.SavedFilters`."""
        with store_failures():
            query = {"tenant": tenant, "owner": owner}
            documents = await self._filters.find(query).sort("name", 1).to_list()
        return [SavedFilter(document["name"], document["savedAt"]) for document in documents]

    async def remove(self, tenant: str, owner: str, name: str) -> None:
        """See `graph.ports.SavedFilters`."""
        with store_failures():
            done = await self._filters.delete_one({"_id": key_of(tenant, owner, name)})
        if not done.deleted_count:
            raise NotFound("You have no filter of this name.")


async def reseal_filters(database: AsyncDatabase[Document], seal: TenantSeal) -> None:
    """Seal all filters of a tenant by its newest key; what can't be opened stays as it is."""
    newest = seal.keys.wrapping_version
    async for document in database[FILTERS].find({"tenant": seal.tenant}):
        kept = document["where"]
        if type(kept) is bytes and generations_of(kept) == {newest}:
            continue
        place = f"{FILTERS}/{document['owner']}/{document['name']}"
        value = seal.opened(place, kept)
        if not isinstance(value, Unreadable):
            query = {"_id": document["_id"], "where": kept}
            await database[FILTERS].update_one(query, {"$set": {"where": seal.seal(place, value)}})
