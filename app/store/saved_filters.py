"""Filters that people saved for themselves."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import FILTERS, key_of
from graph.errors import NotFound
from graph.model.errors import LimitReached
from graph.ports import SavedFilter

_MOST: Final = 100


class MongoFilters:
    """`graph.ports.SavedFilters` in MongoDB.

    A filter is kept as text: what it holds are values of people, and never a part of a query.
    """

    def __init__(self, database: AsyncDatabase[Document], now: Callable[[], datetime]) -> None:
        self._filters = database[FILTERS]
        self._now = now

    async def save(self, tenant: str, owner: str, name: str, where: Mapping[str, Any]) -> None:
        """See `graph.ports.SavedFilters`."""
        key = key_of(tenant, owner, name)
        known = {item.name for item in await self.all_of(tenant, owner)}
        if len(known | {name}) > _MOST:
            raise LimitReached(f"You have {_MOST} filters; remove one first.")
        document = {
            "tenant": tenant,
            "owner": owner,
            "name": name,
            "where": orjson.dumps(where).decode(),
            "savedAt": self._now(),
        }
        with store_failures():
            await self._filters.replace_one({"_id": key}, document, upsert=True)

    async def find(self, tenant: str, owner: str, name: str) -> Mapping[str, Any] | None:
        """See `graph.ports.SavedFilters`."""
        with store_failures():
            found = await self._filters.find_one({"_id": key_of(tenant, owner, name)})
        where: Mapping[str, Any] | None = orjson.loads(found["where"]) if found else None
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
