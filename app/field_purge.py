"""Removes what a purged field left in the profiles of a tenant and in what lies beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

import pymongo
from pymongo import DeleteOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.field_jobs import FieldJobs, Job
from app.store.history import OF
from app.store.names import ALIASES, HISTORY, IDENTITIES, MERGED, PROFILES, key_of
from app.store.outbox import forget_field
from app.store.purging import (
    NEEDED,
    claimed_alone,
    claimed_for,
    compared_part,
    forgotten,
    purged,
    traces_in,
    without_claims,
)
from app.store.rotation_steps import batches, is_written_together
from app.store.search import path_of, walked
from graph.kinds.comparison import compared
from graph.model.search import BY_ID

# Each batch is done well within the time that a job is leased for.
_BATCH: Final = 100
# So few that others who change one of them wait for a moment only.
_TOGETHER: Final = 50
_ENTRY: Final = {"kind": 1, "changes": 1, "merge": 1}


class FieldPurge:
    """Goes through all profiles, again and again until nothing is found.

    A merge may move a value to where it was removed already, and who read a profile before that
    may write it as it was: both are found by the next pass, for which they have `settle_s`.
    """

    def __init__(
        self,
        database: AsyncDatabase[Document],
        definitions: MongoDefinitions,
        changes: Changes,
        now: Callable[[], datetime],
        settle_s: float,
        within_s: float,
    ) -> None:
        self._database = database
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._history = database[HISTORY]
        self._jobs = FieldJobs(database)
        self._definitions = definitions
        self._changes = changes
        self._now = now
        self._settle_s = settle_s
        self._within_s = within_s

    async def run(self, job: Job) -> None:
        """Work on a job until no document of its tenant has anything of its field."""
        while True:
            await asyncio.sleep(self._settle_s)
            # Of a pass that somebody else began, nobody knows what was found.
            is_clean = job.after is None
            with store_failures():
                await forget_field(self._database, job.tenant, job.field)
            async for documents in self._walk(job):
                with store_failures():
                    found = await self._purge(job, documents)
                is_clean = is_clean and not found
                last = documents[-1]["search"][BY_ID.slot]
                job = await self._jobs.advance(job, last, len(documents), (), self._now())
            if is_clean:
                return
            job = await self._jobs.again(job, self._now())

    async def _walk(self, job: Job) -> AsyncIterator[list[Document]]:
        query, path = walked(job.tenant, job.after), path_of(BY_ID)
        async with self._profiles.find(query, NEEDED, batch_size=_BATCH).sort(path, 1) as cursor:
            while True:
                with store_failures(), pymongo.timeout(self._within_s):
                    documents = await cursor.to_list(_BATCH)
                if not documents:
                    return
                yield documents

    async def _purge(self, job: Job, documents: Sequence[Document]) -> int:
        """Remove a field from some profiles and their history; in how many documents it was."""
        found = 0
        for document in documents:
            if claimed_for(document, job.field):
                await self._free(job, document)
                found += 1
        found += await self._purge_values(job, documents)
        return found + await self._purge_history(job, [document["id"] for document in documents])

    async def _purge_values(self, job: Job, documents: Sequence[Document]) -> int:
        having = [one["_id"] for one in documents if traces_in(one, job.field)]
        for at in range(0, len(having), _TOGETHER):
            await self._purge_together(job, having[at : at + _TOGETHER])
        return len(having)

    async def _purge_together(self, job: Job, keys: Sequence[str]) -> None:
        """Remove a field from profiles in one transaction; one by one if others write them.

        Of a profile that somebody is writing then too, the next pass removes it.
        """

        async def write(session: AsyncClientSession) -> None:
            query = {"_id": {"$in": list(keys)}}
            documents = await self._profiles.find(query, NEEDED, session=session).to_list()
            # Read after the profiles: it knows every field that they have.
            known = compared(await self._definitions.current(job.tenant))
            parts = [compared_part(one, known) for one in documents]
            seals = await self._changes.sealing.read(job.tenant, parts)
            # By `_id` alone: the transaction knows if it isn't what was read any more.
            updates = [
                UpdateOne({"_id": one["_id"]}, purged(one, traces, known, seals[one["id"]]))
                for one in documents
                if (traces := traces_in(one, job.field))
            ]
            if updates:
                await self._profiles.bulk_write(updates, ordered=False, session=session)

        if not await is_written_together(self._database, write) and len(keys) > 1:
            for key in keys:
                await self._purge_together(job, [key])

    async def _purge_history(self, job: Job, ids: Sequence[str]) -> int:
        found = 0
        query = {OF: {"$in": [key_of(job.tenant, one) for one in ids]}}
        async for entries in batches(self._history.find(query, _ENTRY, batch_size=_BATCH)):
            left = ((entry["_id"], forgotten(entry, job.field)) for entry in entries)
            changes = [
                UpdateOne({"_id": key}, update) if update else DeleteOne({"_id": key})
                for key, update in left
                if update is not None
            ]
            if changes:
                await self._write_history(changes)
            found += len(changes)
        return found

    async def _write_history(self, changes: Sequence[UpdateOne | DeleteOne]) -> None:
        async def write(session: AsyncClientSession) -> None:
            await self._history.bulk_write(changes, ordered=False, session=session)

        if not await is_written_together(self._database, write):
            await self._history.bulk_write(changes, ordered=False)

    async def _free(self, job: Job, document: Document) -> None:
        """Take a field's claims from a profile and from all that are one with it.

        What something else of them claims too stays claimed.
        """

        async def write(session: AsyncClientSession) -> None:
            group = await self._one_with(job.tenant, document, session)
            if not group:
                return
            keys = {"_id": {"$in": [each["_id"] for each in group]}}
            await self._profiles.update_many(keys, without_claims(job.field), session=session)
            if freed := sorted(claimed_alone(group, job.field)):
                gone = {"$in": [key_of(job.tenant, index) for index in freed]}
                query = {"_id": gone, "profile": group[0]["id"]}
                await self._identities.delete_many(query, session=session)

        await self._changes.transaction(write)

    async def _one_with(
        self, tenant: str, document: Document, session: AsyncClientSession
    ) -> list[Document]:
        """A profile and all that are one with it, first who stands for them: itself mostly."""
        own = {"_id": key_of(tenant, document["id"])}
        alias = await self._database[ALIASES].find_one(own, session=session)
        root = {"_id": key_of(tenant, alias["profile"])} if alias else own
        standing = await self._profiles.find(root, session=session).to_list()
        parts = [part["id"] for each in standing for part in each.get("members", ())]
        keys = {document["_id"], *(key_of(tenant, MERGED, part) for part in parts)} - {root["_id"]}
        query = {"_id": {"$in": sorted(keys)}}
        return standing + await self._profiles.find(query, session=session).to_list()
