"""Keys of partners, as digests; the id is in the key, so that one read finds it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from app.auth.api_keys import ApiKey
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import API_KEYS


class MongoApiKeys:
    """`app.auth.api_keys.KeptKeys` in MongoDB.  Every method raises `StoreUnavailable`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._keys = database[API_KEYS]

    async def find(self, id: str) -> ApiKey | None:
        """The key of this id."""
        with store_failures():
            found = await self._keys.find_one({"_id": id})
        return _loaded(found) if found else None

    async def all(self) -> list[ApiKey]:
        """Every key, by id."""
        with store_failures():
            documents = await self._keys.find().sort("_id", 1).to_list()
        return [_loaded(document) for document in documents]

    async def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        document = {
            "_id": key.id,
            "tenant": key.tenant,
            "name": key.name,
            "digest": key.digest,
            "roles": sorted(key.roles),
            "networks": list(key.networks),
            "createdAt": key.created_at,
            "expiresAt": key.expires_at,
        }
        with store_failures():
            await self._keys.insert_one(document)

    async def revoke(self, id: str, at: datetime) -> bool:
        """Let a key count no more; whether there is one.  When it was revoked first stays."""
        with store_failures():
            query = {"_id": id, "revokedAt": None}
            done = await self._keys.update_one(query, {"$set": {"revokedAt": at}})
            return bool(done.matched_count) or await self.find(id) is not None


def _loaded(document: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=document["_id"],
        tenant=document["tenant"],
        name=document["name"],
        digest=document["digest"],
        roles=frozenset(document["roles"]),
        networks=tuple(document["networks"]),
        created_at=document["createdAt"],
        expires_at=document["expiresAt"],
        revoked_at=document.get("revokedAt"),
    )
