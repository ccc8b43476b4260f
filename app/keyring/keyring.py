"""The keyring: a database of its own that holds every wrapped key, and nothing else.

    tenants     tenant/purpose/version -> a tenant's key, wrapped by a root key; `usedFrom` says
                when a new one may be used, `retired` that a former one isn't any more
    profiles    tenant/profile         -> the profile's keys, wrapped by the tenant's

Deleting a profile's keys makes every copy of its sealed values unreadable, backups included.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cachetools import TTLCache
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.keyring.envelope import KEY_BYTES, bound_to
from app.keyring.errors import KeyDamaged
from app.keyring.profile_keys import ProfileKeys, key_id, new_key, opened_keys, versions_of
from app.keyring.root_keys import RootKeys, Wrapped
from app.keyring.tenant_keys import TenantKeys

META: Final = "meta"
TENANTS: Final = "tenants"
PROFILES: Final = "profiles"
DATA: Final = "data"
INDEX: Final = "index"
USED_FROM: Final = "usedFrom"
RETIRED: Final = "retired"
CACHED_S: Final = 60.0
"""How long a key is kept in memory: so long a destroyed one may still open values elsewhere."""
_TENANTS_CACHED: Final = 1_000
_PROFILES_CACHED: Final = 10_000

Document = dict[str, Any]


class Keyring:
    """Keys of tenants and profiles, made when first needed and cached for a minute."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        roots: RootKeys,
        now: Callable[[], datetime],
        cached_s: float = CACHED_S,
    ) -> None:
        self.database = database
        self.roots = roots
        self.cached_s = cached_s
        self._now = now
        self._tenants: TTLCache[str, TenantKeys] = TTLCache(_TENANTS_CACHED, cached_s)
        self._profiles: TTLCache[str, ProfileKeys] = TTLCache(_PROFILES_CACHED, cached_s)
        self._opening: dict[str, asyncio.Lock] = {}

    async def tenant(self, tenant: str) -> TenantKeys:
        """A tenant's keys.

        Raises:
            RootKeyMissing, RootKeyUnavailable, KeyDamaged: they can't be unwrapped.
        """
        found = self._tenants.get(tenant)
        if found is None:
            async with self._opening.setdefault(tenant, asyncio.Lock()):
                found = self._tenants.get(tenant) or await self._opened(tenant)
                self._tenants[tenant] = found
        return found

    async def profiles(self, tenant: str, ids: Iterable[str]) -> dict[str, ProfileKeys]:
        """The keys of profiles, by id: one read for those that aren't cached.

        Where there are none, or they were destroyed, they open nothing; so do damaged ones.
        """
        keys = await self.tenant(tenant)
        found, missing = {}, []
        for one in set(ids):
            cached = self._profiles.get(key_id(tenant, one))
            if cached is None:
                missing.append(one)
            else:
                found[one] = cached
        return found | (await self._read(keys, missing) if missing else {})

    def forget(self, tenant: str, profile: str) -> None:
        """Read a profile's keys anew next time."""
        self._profiles.pop(key_id(tenant, profile), None)

    def expire(self, tenant: str) -> None:
        """Read a tenant's keys anew next time."""
        self._tenants.pop(tenant, None)

    def new(self, keys: TenantKeys, profile: str) -> tuple[Document, ProfileKeys]:
        """The first key of a new profile: the document to insert with it, and the key itself."""
        document, made = new_key(keys, profile, self._now())
        self._profiles[document["_id"]] = made
        return document, made

    async def insert(self, documents: Sequence[Document], session: AsyncClientSession) -> None:
        """Keep documents that `new` made, in the caller's transaction."""
        await self.database[PROFILES].insert_many(documents, session=session)

    async def ensure(self, tenant: str, profile: str) -> ProfileKeys:
        """The keys of a profile that is written to; it gets some where it never had any."""
        found = (await self.profiles(tenant, [profile])).get(profile)
        if found is not None:
            return found
        document, made = new_key(await self.tenant(tenant), profile, self._now())
        try:
            await self.database[PROFILES].insert_one(document)
        except DuplicateKeyError:
            return (await self.profiles(tenant, [profile]))[profile]
        self._profiles[document["_id"]] = made
        return made

    async def destroy(self, tenant: str, profile: str) -> None:
        """Make what the keys of a profile sealed unreadable for ever; it gets no others."""
        now = self._now()
        kept = {"tenant": tenant, "profile": profile, "keys": [], "destroyedAt": now}
        key = key_id(tenant, profile)
        await self.database[PROFILES].update_one({"_id": key}, {"$set": kept}, upsert=True)
        self._profiles[key] = ProfileKeys({})

    async def remove(self, tenant: str, profile: str, session: AsyncClientSession) -> None:
        """Remove the keys of a profile that is removed, in the caller's transaction."""
        key = key_id(tenant, profile)
        await self.database[PROFILES].delete_one({"_id": key}, session=session)
        self._profiles.pop(key, None)

    async def tenants(self) -> list[str]:
        """Every tenant that has keys, in alphabetical order."""
        found = self.database[TENANTS].find({}, {"tenant": 1})
        return sorted({document["tenant"] async for document in found})

    async def add_tenant_key(
        self, tenant: str, purpose: str, version: int, used_from: datetime | None = None
    ) -> None:
        """Make a version of a tenant's key, unless it is there; in use at once or from then on."""
        document = await self._new_tenant_key(tenant, purpose, version)
        if used_from is not None:
            document[USED_FROM] = used_from
        try:
            await self.database[TENANTS].insert_one(document)
        except DuplicateKeyError:
            return

    async def indexing(self, tenant: str) -> TenantKeys:
        """A tenant's keys with all versions of its index key, retired ones too.

        Raises:
            RootKeyMissing, RootKeyUnavailable, KeyDamaged: as `tenant`.
        """
        return await self._unwrapped_all(tenant, await self._tenant_documents(tenant))

    async def unwrapped(self, document: Mapping[str, Any]) -> bytes:
        """A tenant's key from its document; raises as `tenant`."""
        match document:
            case {"by": str(by), "key": bytes(key)}:
                return await self.roots.unwrap(Wrapped(by, key), tenant_context(document))
        raise KeyDamaged("a root key")

    async def _read(self, keys: TenantKeys, ids: Sequence[str]) -> dict[str, ProfileKeys]:
        wanted = {key_id(keys.tenant, one): one for one in ids}
        query = {"_id": {"$in": sorted(wanted)}}
        found = {}
        async for document in self.database[PROFILES].find(query, {"keys": 1}):
            opened = await self._opened_profile(wanted[document["_id"]], document)
            found[wanted[document["_id"]]] = self._profiles[document["_id"]] = opened
        return found

    async def _opened_profile(self, profile: str, document: Document) -> ProfileKeys:
        tenant = str(document["_id"]).partition("/")[0]
        entries = document.get("keys")
        keys = await self.tenant(tenant)
        if versions_of(entries) - keys.wrapping.keys():
            self.expire(tenant)  # another gateway has made a newer one
            keys = await self.tenant(tenant)
        return opened_keys(keys, profile, entries)

    async def _opened(self, tenant: str) -> TenantKeys:
        documents = await self._tenant_documents(tenant)
        purposes = {document["_id"].split("/")[1] for document in documents}
        for purpose in {DATA, INDEX} - purposes:
            await self.add_tenant_key(tenant, purpose, 1)
        if purposes != {DATA, INDEX}:
            documents = await self._tenant_documents(tenant)
        return await self._unwrapped_all(tenant, [one for one in documents if RETIRED not in one])

    async def _unwrapped_all(self, tenant: str, documents: Iterable[Document]) -> TenantKeys:
        keys: dict[str, dict[int, bytes]] = {DATA: {}, INDEX: {}}
        used, now = 0, self._now()
        for document in documents:
            _, purpose, version = document["_id"].split("/")
            keys[purpose][int(version)] = await self.unwrapped(document)
            if purpose == INDEX and document.get(USED_FROM, now) <= now:
                used = max(used, int(version))
        return TenantKeys(tenant, keys[DATA], keys[INDEX], used)

    async def _tenant_documents(self, tenant: str) -> list[Document]:
        begin, end = f"{tenant}/", f"{tenant}0"  # the character behind the slash
        return await self.database[TENANTS].find({"_id": {"$gte": begin, "$lt": end}}).to_list()

    async def _new_tenant_key(self, tenant: str, purpose: str, version: int) -> Document:
        document = {
            "_id": f"{tenant}/{purpose}/{version:06d}",
            "tenant": tenant,
            "purpose": purpose,
            "version": version,
            "madeAt": self._now(),
        }
        key = os.urandom(KEY_BYTES)
        wrapped = await self.roots.wrap(key, tenant_context(document))
        return document | {"by": wrapped.by, "key": wrapped.content}


def tenant_context(document: Mapping[str, Any]) -> bytes:
    """What a tenant's key is bound to: the place where it is kept."""
    return bound_to("cpg/trk/1", *document["_id"].split("/"))
