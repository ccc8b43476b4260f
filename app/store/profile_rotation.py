"""New keys for the profiles of a tenant: their values are sealed anew, and former keys destroyed.

A mark in the keyring says how far a rotation is, so that it goes on there when it is run again.
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.keyring.keyring import META, PROFILES, Document
from app.keyring.profile_keys import key_id, next_key, opened_keys
from app.store import names
from app.store.definitions import MongoDefinitions
from app.store.history_resealing import HistoryResealing
from app.store.interaction_resealing import InteractionResealing
from app.store.outbox_resealing import OutboxResealing
from app.store.resealing import NEEDED, resealed
from app.store.rotation_steps import (
    LONG_AGO,
    Progress,
    Rotated,
    Settling,
    is_written_together,
    now,
    profiles_of,
)
from app.store.sealing import Sealing, generations_of
from graph.model.custom_field import CustomerSchema
from graph.model.search import BY_ID

_ATTEMPTS: Final = 20
# So many at once that others who change one of them wait for a moment only.
_TOGETHER: Final = 50
_BY: Final = "profile-gateway keys rotate"


class ProfileRotation:
    """Rotates the keys of profiles."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        sealing: Sealing,
        progress: Progress,
        settling: Settling,
    ) -> None:
        self._database = database
        self._profiles = database[names.PROFILES]
        self._interactions = InteractionResealing(database)
        self._history = HistoryResealing(database)
        self._outbox = OutboxResealing(database)
        self._sealing = sealing
        self._keyring = sealing.keyring
        self._progress = progress
        self._settling = settling

    async def run(self, tenants: Sequence[str]) -> Rotated:
        """Give every profile of the tenants a new key, and seal its values by that."""
        marks = {tenant: await self._begun(tenant) for tenant in tenants}
        schemas = {tenant: await self._aligned(tenant) for tenant in tenants}
        done, settled_at = 0, LONG_AGO
        for tenant, mark in marks.items():
            if mark["settledAt"] is None:
                mark["done"] = await self._reseal_all(tenant, schemas[tenant], mark)
                mark["settledAt"] = now()
                await self._mark(tenant, settledAt=mark["settledAt"])
            done, settled_at = done + mark["done"], max(settled_at, mark["settledAt"])
        await self._settling.until(settled_at)
        left = 0
        for tenant, schema in schemas.items():
            # Once more: until they noticed, others may have sealed by the former keys.
            left += await self._retire_all(tenant, schema)
            await self._keyring.database[META].delete_one({"_id": _mark_id(tenant)})
        return Rotated(len(tenants), done, left)

    async def _aligned(self, tenant: str) -> CustomerSchema:
        """The customer schema, its fields sealed or not as the settings say now."""
        definitions = MongoDefinitions(self._database, self._sealing)
        schema = await definitions.current(tenant)
        for definition in schema.fields:
            wanted = schema.with_sealing(definition)
            if wanted != definition:
                told = replace(wanted, defined_by=_BY, defined_at=now())
                schema = await definitions.define(tenant, told)
        return schema

    async def _begun(self, tenant: str) -> Document:
        """The mark of the rotation that is going on, or of a new one."""
        collection = self._keyring.database[META]
        new = {"rotation": secrets.token_hex(8), "after": None, "done": 0, "settledAt": None}
        await collection.update_one({"_id": _mark_id(tenant)}, {"$setOnInsert": new}, upsert=True)
        mark: Document = await collection.find_one({"_id": _mark_id(tenant)}) or new
        return mark

    async def _mark(self, tenant: str, **put: object) -> None:
        await self._keyring.database[META].update_one({"_id": _mark_id(tenant)}, {"$set": put})

    async def _reseal_all(self, tenant: str, schema: CustomerSchema, mark: Document) -> int:
        done, total = int(mark["done"]), await self._profiles.estimated_document_count()
        async for documents in self._walk(tenant, mark["after"]):
            ids = [document["id"] for document in documents]
            await self._add_keys(tenant, ids, mark["rotation"])
            await self._reseal(tenant, documents, schema)
            done += len(documents)
            await self._mark(tenant, after=documents[-1]["search"][BY_ID.slot], done=done)
            self._progress("profiles", done, max(done, total))
        return done

    async def _add_keys(self, tenant: str, ids: Sequence[str], rotation: str) -> None:
        """A new key for each of the profiles that hasn't got one in this rotation."""
        keys, collection = await self._keyring.tenant(tenant), self._keyring.database[PROFILES]
        wanted = [key_id(tenant, one) for one in ids]
        query = {"_id": {"$in": wanted}, "rotation": {"$ne": rotation}}
        updates = []
        async for document in collection.find(query):
            profile = document["_id"].partition("/")[2]
            held = opened_keys(keys, profile, document.get("keys"))
            if not held.ciphers:
                continue  # destroyed, and it gets no other; or damaged
            entry, _ = next_key(keys, profile, held.generation + 1)
            updates.append(
                UpdateOne(
                    {"_id": document["_id"], "keys": document["keys"]},
                    {"$push": {"keys": entry}, "$set": {"rotation": rotation}},
                )
            )
        await self._put_keys(updates)
        for one in ids:
            self._keyring.forget(tenant, one)

    async def _put_keys(self, updates: Sequence[UpdateOne]) -> None:
        """Change what the keyring holds, where it is what was read."""
        if not updates:
            return
        collection = self._keyring.database[PROFILES]

        async def write(session: AsyncClientSession) -> None:
            await collection.bulk_write(updates, ordered=False, session=session)

        if not await is_written_together(self._keyring.database, write):
            await collection.bulk_write(updates, ordered=False)

    async def _reseal(
        self, tenant: str, documents: Sequence[Document], schema: CustomerSchema
    ) -> None:
        seals = await self._sealing.written_all(tenant, [one["id"] for one in documents])
        await self._interactions.reseal(tenant, seals)
        await self._outbox.reseal(tenant, seals)
        sealed = {one.kept_as for one in schema.fields if one.is_sealed}
        await self._history.reseal(tenant, seals, sealed)
        for at in range(0, len(documents), _TOGETHER):
            part = documents[at : at + _TOGETHER]
            if not await self._reseal_together(tenant, part, schema):
                for document in part:
                    await self._reseal_one(tenant, document["_id"], schema)

    async def _reseal_together(
        self, tenant: str, documents: Sequence[Document], schema: CustomerSchema
    ) -> bool:
        """Seal profiles anew in one transaction; False where somebody was changing one of them."""
        seals = await self._sealing.written_all(tenant, [one["id"] for one in documents])
        wanted = {"_id": {"$in": [one["_id"] for one in documents]}}

        async def write(session: AsyncClientSession) -> None:
            updates = []
            async for document in self._profiles.find(wanted, NEEDED, session=session):
                seal = seals[document["id"]]
                if seal.keys.ciphers and (update := resealed(document, seal, schema)):
                    # By `_id` alone: the transaction knows if it isn't what was read any more.
                    updates.append(UpdateOne({"_id": document["_id"]}, update))
            if updates:
                await self._profiles.bulk_write(updates, ordered=False, session=session)

        return await is_written_together(self._database, write)

    async def _reseal_one(self, tenant: str, key: str, schema: CustomerSchema) -> None:
        """Seal a profile anew as it is now: somebody changed it meanwhile."""
        for _ in range(_ATTEMPTS):
            document = await self._profiles.find_one({"_id": key}, NEEDED)
            if document is None:
                return
            seal = (await self._sealing.written_all(tenant, [document["id"]]))[document["id"]]
            update = resealed(document, seal, schema) if seal.keys.ciphers else {}
            query = {"_id": key, "version": document["version"]}
            if not update or (await self._profiles.update_one(query, update)).matched_count:
                return

    async def _retire_all(self, tenant: str, schema: CustomerSchema) -> int:
        """Destroy former keys of profiles that need them no more; how many still need them."""
        collection, left, done = self._keyring.database[PROFILES], 0, 0
        async for documents in self._walk(tenant, None):
            await self._reseal(tenant, documents, schema)
            wanted = {"_id": {"$in": [document["_id"] for document in documents]}}
            needed = {
                key_id(tenant, document["id"]): generations_of(document)
                async for document in self._profiles.find(wanted, NEEDED)
            }
            ids = [document["id"] for document in documents]
            for beside in (self._interactions, self._history, self._outbox):
                for owner, more in (await beside.generations(tenant, ids)).items():
                    needed[key_id(tenant, owner)] |= more
            keys, updates = await self._keyring.tenant(tenant), []
            async for held in collection.find({"_id": {"$in": sorted(needed)}}):
                entries: Any = held.get("keys")
                opened = opened_keys(keys, held["_id"].partition("/")[2], entries)
                if opened.is_destroyed:
                    continue
                if opened.is_damaged or needed[held["_id"]] - {opened.generation}:
                    left += 1
                elif len(entries) > 1:
                    kept = [one for one in entries if one["generation"] == opened.generation]
                    query = {"_id": held["_id"], "keys": entries}
                    updates.append(UpdateOne(query, {"$set": {"keys": kept}}))
            await self._put_keys(updates)
            done += len(documents)
            self._progress("former keys", done, done)
        return left

    def _walk(self, tenant: str, after: str | None) -> AsyncIterator[list[Document]]:
        return profiles_of(self._profiles, tenant, after, NEEDED)


def _mark_id(tenant: str) -> str:
    return f"rotation/{tenant}"
