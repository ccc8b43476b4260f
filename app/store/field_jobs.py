"""Jobs that make profiles what a changed field wants, written down so that none is lost.

A job is worked on by whoever holds its lease, goes on behind the last profile it has done, and may
be done twice without harm.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.definition_changes import gone_slots
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import JOBS, PROFILES, key_of
from graph.model.custom_field import FieldDefinition, Progress

LEASE: Final = timedelta(seconds=30)
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Job:
    """Work for all profiles of a tenant.

    `gone` are slots whose keys nobody looks up any more; `walks` is false where no profile can
    have a value yet.  `after` is the search key of the last profile that is done.
    """

    id: str
    tenant: str
    field: str
    version: int
    gone: tuple[str, ...]
    walks: bool
    after: str | None
    progress: Progress


class FieldJobs:
    """The jobs of all tenants."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._jobs = database[JOBS]
        self._profiles = database[PROFILES]

    async def add(
        self,
        tenant: str,
        definition: FieldDefinition,
        known: FieldDefinition | None,
        session: AsyncClientSession,
    ) -> None:
        """Write down what a definition that isn't ready asks for, in the caller's transaction."""
        # The driver's errors must get out: it repeats a transaction by what they say.
        total = await self._profiles.estimated_document_count()
        document = {
            "_id": key_of(tenant, definition.id, f"{definition.version:06d}"),
            "tenant": tenant,
            "field": definition.id,
            "version": definition.version,
            "gone": list(gone_slots(definition, known)),
            "walks": known is not None or not definition.is_indexed or definition.is_required,
            "after": None,
            "done": 0,
            "total": total,
            "failed": 0,
            "examples": [],
            "isOpen": True,
            "leasedUntil": definition.defined_at,
        }
        await self._jobs.insert_one(document, session=session)

    async def lease(self, now: datetime) -> Job | None:
        """An open job that nobody works on, ours for 30 seconds."""
        with store_failures():
            waiting = await self._jobs.find({"isOpen": True}).to_list()
            for document in waiting:
                until = document["leasedUntil"]
                if until is not None and until > now:
                    continue
                done = await self._jobs.update_one(
                    {"_id": document["_id"], "leasedUntil": until},
                    {"$set": {"leasedUntil": now + LEASE}},
                )
                if done.modified_count:
                    return _job(document)
        return None

    async def advance(
        self, job: Job, after: str, done: int, failed: Iterable[str], now: datetime
    ) -> Job:
        """The job with some more profiles done, kept and leased anew."""
        left = [*job.progress.examples, *failed]
        count = job.progress.failed + len(left) - len(job.progress.examples)
        progress = replace(
            job.progress,
            done=job.progress.done + done,
            failed=count,
            examples=tuple(left[:_EXAMPLES]),
        )
        kept = {
            "after": after,
            "done": progress.done,
            "failed": progress.failed,
            "examples": list(progress.examples),
            "leasedUntil": now + LEASE,
        }
        with store_failures():
            await self._jobs.update_one({"_id": job.id}, {"$set": kept})
        return replace(job, after=after, progress=progress)

    async def again(self, job: Job, now: datetime) -> Job:
        """The job from its beginning, kept and leased anew."""
        begun = replace(job, after=None, progress=replace(job.progress, done=0))
        kept = {"after": None, "done": 0, "leasedUntil": now + LEASE}
        with store_failures():
            await self._jobs.update_one({"_id": job.id}, {"$set": kept})
        return begun

    async def release(self, job: Job) -> None:
        """Let somebody else work on a job."""
        with store_failures():
            await self._jobs.update_one({"_id": job.id}, {"$set": {"leasedUntil": None}})

    async def close(self, job: Job) -> None:
        """Say that a job is done."""
        with store_failures():
            await self._jobs.update_one({"_id": job.id}, {"$set": {"isOpen": False}})

    async def progress(self, tenant: str) -> dict[str, Progress]:
        """How far the newest job of each field is, by field id."""
        with store_failures():
            documents = await self._jobs.find({"tenant": tenant}).sort("_id", 1).to_list()
        return {document["field"]: _job(document).progress for document in documents}


def _job(document: Document) -> Job:
    return Job(
        id=document["_id"],
        tenant=document["tenant"],
        field=document["field"],
        version=document["version"],
        gone=tuple(document["gone"]),
        walks=document["walks"],
        after=document["after"],
        progress=Progress(
            document["done"], document["total"], document["failed"], tuple(document["examples"])
        ),
    )
