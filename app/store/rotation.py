"""Rotation of keys, level by level: online, and resumed where it was interrupted.

    root      the tenants' keys are wrapped anew by the root key in use
    tenant    a tenant gets a new key, and its profiles' keys are wrapped anew by that
    profile   every profile of a tenant gets a new key, and its values are sealed anew by that
    index     a tenant gets a new index key, and all that is looked up is indexed anew by that

Gateways keep keys for a while in memory.  So a former key is destroyed only when whoever might
still have used it has forgotten it; until then both open.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from app.keyring.envelope import ValueDamaged
from app.keyring.keyring import DATA, PROFILES, TENANTS, Document, tenant_context
from app.keyring.profile_keys import raw_key, versions_of, wrapped_key
from app.keyring.root_keys import Wrapped
from app.keyring.tenant_keys import TenantKeys
from app.store.index_rotation import IndexRotation
from app.store.meta import rewrap_check
from app.store.profile_rotation import ProfileRotation
from app.store.rotation_steps import (
    BATCH,
    LONG_AGO,
    MARGIN_S,
    Progress,
    Rotated,
    Settling,
    batches,
)
from app.store.saved_filters import reseal_filters
from app.store.sealing import Sealing


class Rotation:
    """Rotates the keys of one store."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        sealing: Sealing,
        progress: Progress = lambda *_: None,
        margin_s: float = MARGIN_S,
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._keyring = sealing.keyring
        self._progress = progress
        self._settling = Settling(self._keyring.cached_s, progress, margin_s)

    async def profile_keys(self, tenants: Sequence[str]) -> Rotated:
        """Give every profile of the tenants a new key, and seal its values by that."""
        work = ProfileRotation(self._database, self._sealing, self._progress, self._settling)
        return await work.run(tenants)

    async def index_keys(self, tenants: Sequence[str]) -> Rotated:
        """Give every tenant a new index key, and index by that all that is looked up."""
        work = IndexRotation(self._database, self._sealing, self._progress, self._settling)
        return await work.run(tenants)

    async def tenants(self) -> list[str]:
        """All tenants that have keys."""
        found = await self._keyring.database[TENANTS].find({}, {"_id": 1}).to_list()
        return sorted({document["_id"].partition("/")[0] for document in found})

    async def root(self) -> Rotated:
        """Wrap anew whatever the root key in use didn't wrap."""
        collection, roots, count = self._keyring.database[TENANTS], self._keyring.roots, 0
        documents = await collection.find({}).to_list()
        for number, document in enumerate(documents):
            if not roots.is_current(Wrapped(document["by"], document["key"])):
                key = await self._keyring.unwrapped(document)
                wrapped = await roots.wrap(key, tenant_context(document))
                put = {"by": wrapped.by, "key": wrapped.content}
                # By what it was: of two that rotate at once, one changes it.
                query = {"_id": document["_id"], "key": document["key"]}
                await collection.update_one(query, {"$set": put})
                count += 1
            self._progress("tenants' keys", number + 1, len(documents))
        await rewrap_check(self._keyring)
        return Rotated(tenants=count)

    async def tenant_keys(self, tenants: Sequence[str]) -> Rotated:
        """Give tenants a new key each, unless the last one isn't used everywhere yet."""
        count, made_at = 0, LONG_AGO
        for tenant in tenants:
            keys = await self._fresh(tenant)
            if len(keys.wrapping) == 1:
                await self._keyring.add_tenant_key(tenant, DATA, keys.wrapping_version + 1)
                keys = await self._fresh(tenant)
            count += (await self._rewrap_all(keys))[0]
            made_at = max(made_at, await self._made_at(tenant, keys.wrapping_version))
        await self._settling.until(made_at)
        left = sum([await self._retire_tenant_key(tenant) for tenant in tenants])
        return Rotated(len(tenants), count, left)

    async def _retire_tenant_key(self, tenant: str) -> int:
        """Destroy a tenant's former keys; how many profiles' keys still need them."""
        keys = await self._fresh(tenant)
        _, left = await self._rewrap_all(keys)
        await reseal_filters(self._database, await self._sealing.tenant(tenant))
        if not left:
            former = sorted(keys.wrapping)[:-1]
            gone = [f"{tenant}/{DATA}/{version:06d}" for version in former]
            await self._keyring.database[TENANTS].delete_many({"_id": {"$in": gone}})
            self._keyring.expire(tenant)
        return left

    async def _fresh(self, tenant: str) -> TenantKeys:
        self._keyring.expire(tenant)
        return await self._keyring.tenant(tenant)

    async def _made_at(self, tenant: str, version: int) -> datetime:
        document = await self._keyring.database[TENANTS].find_one(
            {"_id": f"{tenant}/{DATA}/{version:06d}"}
        )
        made_at: datetime = (document or {})["madeAt"]
        return made_at

    async def _rewrap_all(self, keys: TenantKeys) -> tuple[int, int]:
        """Wrap keys of profiles by the tenant's newest one; how many were, and can't be."""
        newest, count, done, left = keys.wrapping_version, 0, 0, 0
        whole = {"_id": {"$gte": f"{keys.tenant}/", "$lt": f"{keys.tenant}0"}}
        collection = self._keyring.database[PROFILES]
        async for documents in batches(collection.find(whole, batch_size=BATCH)):
            updates = []
            for document in documents:
                entries, profile = document.get("keys"), document["_id"].partition("/")[2]
                if entries == [] or versions_of(entries) == {newest}:
                    continue
                try:
                    put = [_rewrapped(keys, profile, entry) for entry in entries or [None]]
                except (ValueDamaged, TypeError):
                    left += 1
                    continue
                query: Document = {"_id": document["_id"], "keys": entries}
                updates.append(UpdateOne(query, {"$set": {"keys": put}}))
            if updates:
                await collection.bulk_write(updates, ordered=False)
            count, done = count + len(updates), done + len(documents)
            self._progress("profiles' keys", done, done)
        return count, left


def _rewrapped(keys: TenantKeys, profile: str, entry: Any) -> Document:  # noqa: ANN401 - as it is kept
    key = raw_key(keys, profile, entry)
    if entry["by"] == keys.wrapping_version:
        return dict(entry)
    return wrapped_key(keys, profile, entry["generation"], key)
