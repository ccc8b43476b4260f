"""Works on what changed fields ask of stored profiles, in the background of a gateway."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final

import pymongo
from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from app.background import ended, told
from app.field_purge import FieldPurge
from app.store.changes import Changes
from app.store.claims import claimed
from app.store.definitions import MongoDefinitions
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.field_jobs import FieldJobs, Job
from app.store.indexes import create_slot_index
from app.store.names import PROFILES
from app.store.refit import Refit, refit, wanted_of
from app.store.sealing import ProfileSeal
from app.store.search import path_of, walked
from graph.errors import GatewayError, VersionMismatch
from graph.model.custom_field import FieldDefinition
from graph.model.errors import ModelError
from graph.model.profile import ProfileState
from graph.model.search import BY_ID
from policies.plan import Scope

_LOG: Final = logging.getLogger("gateway.fields")
_BATCH: Final = 500
_LOOK_EVERY_S: Final = 10.0
# Others may write by the former definition for as long as they may know nothing newer.
_SETTLE_S: Final = 1.5
_ATTEMPTS: Final = 20
# The embedded server gathers all profiles of a tenant before it answers with the first of them.
_WITHIN_S: Final = 300.0


class FieldWork:
    """Runs jobs one after the other, from `start` to `close`.

    `told` is set when there is a new one; `finished` is called with the tenant of each that ends.
    """

    def __init__(
        self,
        database: AsyncDatabase[Document],
        definitions: MongoDefinitions,
        changes: Changes,
        now: Callable[[], datetime],
        told: asyncio.Event,
        finished: Callable[[str], None],
    ) -> None:
        self._database = database
        self._profiles = database[PROFILES]
        self._jobs = FieldJobs(database)
        self._definitions = definitions
        self._changes = changes
        self._purge = FieldPurge(database, definitions, changes, now, _SETTLE_S, _WITHIN_S)
        self._now = now
        self._finished = finished
        self._told = told
        self._task: asyncio.Task[None] | None = None
        self._job: Job | None = None

    def start(self) -> None:
        """Begin to look for jobs."""
        self._task = asyncio.create_task(self._run(), name="field-work")

    async def close(self) -> None:
        """Stop; a job that was being worked on goes on elsewhere, or later."""
        if self._task is not None:
            await ended(self._task)
        if self._job is not None:
            with suppress(GatewayError):
                await self._jobs.release(self._job)

    async def drain(self) -> int:
        """Work on all jobs that nobody else works on; how many there were."""
        done = 0
        while job := await self._jobs.lease(self._now()):
            self._job = job
            await self._work(job)
            self._job = None
            done += 1
        return done

    async def _run(self) -> None:
        while True:
            try:
                await self.drain()
            except Exception as error:  # noqa: BLE001 - the worker's loop: the next look may do better
                _LOG.warning("field work waits: %s", told(error))
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._told.wait()
            except TimeoutError:
                continue
            self._told.clear()

    async def _work(self, job: Job) -> None:
        schema = await self._definitions.current(job.tenant)
        definition = schema.by_id.get(job.field)
        if definition is not None and definition.version == job.version:
            if definition.slot is not None and not definition.is_indexed:
                with store_failures(), pymongo.timeout(_WITHIN_S):
                    await create_slot_index(self._database, definition.slot)
                definition = await self._definitions.indexed(job.tenant, job.field, job.version)
                self._finished(job.tenant)
            if definition.is_purged:
                await self._purge.run(job)
            elif job.walks:
                await asyncio.sleep(_SETTLE_S)
                await self._walk(job, definition)
            await self._definitions.finish(job.tenant, job.field, job.version, self._now())
            self._finished(job.tenant)
        await self._jobs.close(job)

    async def _walk(self, job: Job, definition: FieldDefinition) -> None:
        query, path = walked(job.tenant, job.after), path_of(BY_ID)
        with store_failures(), pymongo.timeout(_WITHIN_S):
            cursor = self._profiles.find(query, wanted_of(definition), batch_size=_BATCH)
            async with cursor.sort(path, 1) as profiles:
                while documents := await profiles.to_list(_BATCH):
                    failed = await self._refit_all(job, documents, definition)
                    last = documents[-1]["search"][BY_ID.slot]
                    job = await self._jobs.advance(job, last, len(documents), failed, self._now())

    async def _refit_all(
        self, job: Job, documents: list[Document], definition: FieldDefinition
    ) -> list[str]:
        """Refit some profiles; the ids of those that stay as they were."""
        failed, plain = list[str](), list[tuple[Document, UpdateOne]]()
        seals = await self._seals(job.tenant, documents, definition)
        for document in documents:
            needed = refit(document, definition, job.gone, seals[document["id"]])
            if needed.is_left:
                failed.append(document["id"])
            is_merged = document["state"] == ProfileState.MERGED.value
            claims = document.get("claims", {}) if not is_merged else {}
            if any(needed.found.claims.values()) or definition.id in claims:
                if not await self._refit_one(document, definition, job):
                    failed.append(document["id"])
            elif needed.update:
                query = {"_id": document["_id"], "version": document["version"]}
                plain.append((document, UpdateOne(query, needed.update)))
        if plain:
            done = await self._profiles.bulk_write([one for _, one in plain], ordered=False)
            if done.matched_count < len(plain):
                for document, _ in plain:
                    await self._refit_one(document, definition, job)
        return failed

    async def _seals(
        self, tenant: str, documents: list[Document], definition: FieldDefinition
    ) -> Mapping[str, ProfileSeal]:
        """The seals of profiles; where values are to be sealed, each has a key to do it."""
        sealing = self._changes.sealing
        if not definition.is_sealed:
            return await sealing.read(tenant, documents)
        return await sealing.written_all(tenant, [document["id"] for document in documents])

    async def _refit_one(self, document: Document, definition: FieldDefinition, job: Job) -> bool:
        """Refit a profile as it is now, with its claims; whether it could be done."""
        scope = Scope(job.tenant)
        for _ in range(_ATTEMPTS):
            now = await self._profiles.find_one({"_id": document["_id"]}, wanted_of(definition))
            if now is None:
                return True
            seal = (await self._seals(job.tenant, [now], definition))[now["id"]]
            changed = partial(self._changed, now, definition, job, seal)
            try:
                await self._changes.change(seal, scope, now["version"], changed, None)
            except VersionMismatch:
                continue
            except (GatewayError, ModelError):
                return False
            return True
        return False

    def _changed(
        self,
        document: Mapping[str, Any],
        definition: FieldDefinition,
        job: Job,
        seal: ProfileSeal,
        held: Document,
    ) -> tuple[Document, Document] | None:
        needed: Refit = refit(document, definition, job.gone, seal)
        if not needed.is_readable:
            return None
        claims = {**held["claims"]}
        claims.pop(definition.id, None)
        claims |= self._changes.claims(needed.found, seal.of_tenant)
        claims = {name: indexes for name, indexes in claims.items() if indexes}
        then = held | {"claims": claims}
        update = dict(needed.update)
        if claims != held["claims"]:
            update["$set"] = {**update.get("$set", {}), "claims": claims}
        if not update and claimed(then) == claimed(held):
            return None
        return update, then
