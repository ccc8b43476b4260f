"""A new index key for a tenant: everything that is looked up by a keyed hash is indexed anew.

    1. The new key is there, and a while later everybody knows it: whoever claims something does so
       by both keys, whoever looks it up asks for both.
    2. Every profile is indexed by the new key alone, and its claims move.
    3. The former key is retired, and a while later nobody knows it.
    4. What was still indexed by both meanwhile is freed of the former, and that is destroyed.

A mark in the keyring says how far a rotation is, so that it goes on there when it is run again.
Only suggestions of duplicates may miss one of two profiles between 2 and 4; `resolve` finds both.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.keyring.keyring import INDEX, META, RETIRED, TENANTS
from app.store import names
from app.store.definitions import MongoDefinitions
from app.store.documents import Document
from app.store.interaction_reindexing import InteractionReindexing
from app.store.names import INDEXED_BY, key_of
from app.store.reindexing import NEEDED_TO_REINDEX, Reindexed, reindexed
from app.store.rotation_steps import (
    LONG_AGO,
    Progress,
    Rotated,
    Settling,
    is_written_together,
    now,
    profiles_of,
)
from app.store.sealing import ProfileSeal, Sealing, TenantSeal
from graph.model.custom_field import CustomerSchema
from graph.model.search import BY_ID

_ATTEMPTS: Final = 20
# So many at once that others who change one of them wait for a moment only.
_TOGETHER: Final = 50


class IndexRotation:
    """Rotates the index keys of tenants."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        sealing: Sealing,
        progress: Progress,
        settling: Settling,
    ) -> None:
        self._database = database
        self._profiles = database[names.PROFILES]
        self._identities = database[names.IDENTITIES]
        self._interactions = InteractionReindexing(database)
        self._sealing = sealing
        self._keyring = sealing.keyring
        self._progress = progress
        self._settling = settling

    async def run(self, tenants: Sequence[str]) -> Rotated:
        """Index everything of the tenants by a new key, and destroy the former one."""
        done, left = 0, 0
        marks = {tenant: await self._begun(tenant) for tenant in tenants}
        await self._settling.until(
            max((one["knownAt"] for one in marks.values()), default=LONG_AGO)
        )
        for tenant, mark in marks.items():
            if mark["retiredAt"] is None:
                mark["left"] = await self._walk_all(tenant, mark)
                if not mark["left"]:
                    mark["retiredAt"] = await self._retire(tenant)
            done, left = done + mark["done"], left + mark.get("left", 0)
        retired = {one: mark["retiredAt"] for one, mark in marks.items() if mark["retiredAt"]}
        if retired:
            await self._settling.until(max(retired.values()))
        for tenant in marks:
            left += await self._finish(tenant, is_retired=tenant in retired)
        return Rotated(len(tenants), done, left)

    async def _begun(self, tenant: str) -> Document:
        """The mark of the rotation that is going on, or of a new one whose key is made."""
        collection = self._keyring.database[META]
        known = await collection.find_one({"_id": mark_id(tenant)})
        if known is not None:
            return known
        keys = await self._keyring.indexing(tenant)
        made_at = now()
        if len(keys.indexing) == 1:
            used_from = made_at + timedelta(seconds=self._settling.wait_s)
            version = max(keys.indexing) + 1
            await self._keyring.add_tenant_key(tenant, INDEX, version, used_from)
        self._keyring.expire(tenant)
        new = {"knownAt": made_at, "after": None, "done": 0, "retiredAt": None}
        await collection.update_one({"_id": mark_id(tenant)}, {"$setOnInsert": new}, upsert=True)
        mark: Document = await collection.find_one({"_id": mark_id(tenant)}) or new
        return mark

    async def _mark(self, tenant: str, **put: object) -> None:
        await self._keyring.database[META].update_one({"_id": mark_id(tenant)}, {"$set": put})

    async def _walk_all(self, tenant: str, mark: Document) -> int:
        """Index every profile by the newest key; how many indexes couldn't be made anew."""
        total = await self._profiles.estimated_document_count()
        of_tenant, schema = await self._known(tenant)
        left = int(mark.get("left", 0))
        async for documents in self._walk(tenant, mark["after"]):
            left += await self._reindex(of_tenant, documents, schema)
            mark["done"] += len(documents)
            after = documents[-1]["search"][BY_ID.slot]
            await self._mark(tenant, after=after, done=mark["done"], left=left)
            self._progress("indexes", mark["done"], max(mark["done"], total))
        return left

    async def _retire(self, tenant: str) -> datetime:
        """Let everybody forget the former keys, a while later."""
        former = await self._former(tenant)
        await self._keyring.database[TENANTS].update_many(former, {"$set": {RETIRED: True}})
        retired_at = now()
        await self._mark(tenant, retiredAt=retired_at)
        return retired_at

    async def _finish(self, tenant: str, *, is_retired: bool) -> int:
        """Free what was indexed by several keys meanwhile; destroy the former where none is left.

        How many indexes still need it.
        """
        left = 0
        if is_retired:
            of_tenant, schema = await self._known(tenant)
            done = 0
            async for documents in self._walk(tenant, None):
                left += await self._reindex(of_tenant, documents, schema)
                done += len(documents)
                self._progress("former indexes", done, done)
            if not left:
                former = await self._former(tenant)
                await self._keyring.database[TENANTS].delete_many(former | {RETIRED: True})
        await self._keyring.database[META].delete_one({"_id": mark_id(tenant)})
        self._keyring.expire(tenant)
        return left

    async def _former(self, tenant: str) -> Document:
        """What finds all index keys of a tenant but the newest."""
        keys = await self._keyring.indexing(tenant)
        ids = [f"{tenant}/{INDEX}/{version:06d}" for version in sorted(keys.indexing)[:-1]]
        return {"_id": {"$in": ids}}

    async def _known(self, tenant: str) -> tuple[TenantSeal, CustomerSchema]:
        """The seal of a tenant that knows every version of its index key, and its fields."""
        keys = await self._keyring.indexing(tenant)
        definitions = MongoDefinitions(self._database, self._sealing)
        seal = TenantSeal(keys, self._sealing.classes(tenant))
        return seal, await definitions.current(tenant)

    def _walk(self, tenant: str, after: str | None) -> AsyncIterator[list[Document]]:
        return profiles_of(self._profiles, tenant, after, NEEDED_TO_REINDEX)

    async def _reindex(
        self, of_tenant: TenantSeal, documents: Sequence[Document], schema: CustomerSchema
    ) -> int:
        seals = await self._seals(of_tenant, [one["id"] for one in documents])
        left = await self._interactions.reindex(of_tenant, seals)
        due = [one["_id"] for one in documents if _is_due(one, seals, schema)]
        for at in range(0, len(due), _TOGETHER):
            part = due[at : at + _TOGETHER]
            found = await self._together(of_tenant, part, schema)
            if found is None:
                each = [await self._alone(of_tenant, key, schema) for key in part]
                found = sum(each)
            left += found
        return left

    async def _seals(self, of_tenant: TenantSeal, ids: Sequence[str]) -> dict[str, ProfileSeal]:
        """Seals that know every version; those of the erased are left out."""
        seals = await self._sealing.written_all(of_tenant.tenant, ids)
        return {
            one: ProfileSeal(of_tenant, one, seal.keys)
            for one, seal in seals.items()
            if not seal.keys.is_destroyed
        }

    async def _alone(self, of_tenant: TenantSeal, key: str, schema: CustomerSchema) -> int:
        for _ in range(_ATTEMPTS):
            found = await self._together(of_tenant, [key], schema)
            if found is not None:
                return found
        return 1

    async def _together(
        self, of_tenant: TenantSeal, keys: Sequence[str], schema: CustomerSchema
    ) -> int | None:
        """Index profiles anew in one transaction; None where somebody was changing one of them."""
        wanted, left = {"_id": {"$in": list(keys)}}, 0

        async def write(session: AsyncClientSession) -> None:
            nonlocal left
            cursor = self._profiles.find(wanted, NEEDED_TO_REINDEX, session=session)
            documents = await cursor.to_list()
            seals = await self._seals(of_tenant, [one["id"] for one in documents])
            changes = {
                one["_id"]: reindexed(one, seals[one["id"]], schema)
                for one in documents
                if one["id"] in seals
            }
            await self._move(of_tenant.tenant, changes.values(), session)
            # By `_id` alone: the transaction knows if it isn't what was read any more.
            updates = [
                UpdateOne({"_id": key}, change.update)
                for key, change in changes.items()
                if change.update
            ]
            if updates:
                await self._profiles.bulk_write(updates, ordered=False, session=session)
            left = sum(bool(change.left) for change in changes.values())

        return left if await is_written_together(self._database, write) else None

    async def _move(
        self, tenant: str, changes: Iterable[Reindexed], session: AsyncClientSession
    ) -> None:
        """Let claims stand under what their indexes become."""
        renamed: dict[str, str] = {}
        holders: Counter[str] = Counter()
        for change in changes:
            renamed |= change.renamed
            holders.update(change.joins)
            holders.subtract(change.leaves)
        keys = {key_of(tenant, old): key_of(tenant, new) for old, new in renamed.items()}
        asked = sorted({*keys, *keys.values()})
        query = {"_id": {"$in": asked}}
        found = self._identities.find(query, session=session)
        held = {claim["_id"]: claim async for claim in found} if asked else {}
        own = {old: claim for old in keys if (claim := held.get(old)) and not claim.get("shared")}
        made = {keys[old]: claim | {"_id": keys[old]} for old, claim in own.items()}
        if new := [claim for key, claim in made.items() if key not in held]:
            await self._identities.insert_many(new, session=session)
        if own:
            await self._identities.delete_many({"_id": {"$in": sorted(own)}}, session=session)
        await self._count(tenant, holders, session)

    async def _count(
        self, tenant: str, holders: Mapping[str, int], session: AsyncClientSession
    ) -> None:
        """Count who shares what under its new index, and under its former one no more."""
        for index, more in sorted(holders.items()):
            key = {"_id": key_of(tenant, index)}
            told = {"tenant": tenant, "shared": True, "claimedAt": now()}
            update: dict[str, Any] = {"$inc": {"holders": more}}
            if more > 0:
                update["$setOnInsert"] = told
            if more:
                await self._identities.update_one(key, update, upsert=more > 0, session=session)
            if more < 0:
                none = key | {"holders": {"$lt": 1}}
                await self._identities.delete_one(none, session=session)


def _is_due(document: Document, seals: Mapping[str, ProfileSeal], schema: CustomerSchema) -> bool:
    seal = seals.get(document["id"])
    if seal is None:
        return False
    if document.get(INDEXED_BY) != max(seal.of_tenant.keys.indexing):
        return True
    change = reindexed(document, seal, schema)
    return bool(change.update or change.left)


def mark_id(tenant: str) -> str:
    """What the mark of a tenant's rotation is kept under."""
    return f"index-rotation/{tenant}"
