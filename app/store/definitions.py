"""The tenants' customer schemas.  A change is a new document; inserting its `_id` claims it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pymongo
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.definition_changes import changed
from app.store.definition_documents import definition_document, definition_of
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.field_jobs import FieldJobs
from app.store.field_values import refuse_misfits
from app.store.indexes import create_slot_index, has_slot_index
from app.store.names import DEFINITIONS, PROFILES
from app.store.sealing import Sealing
from graph.errors import Conflict, NotFound
from graph.model.custom_field import (
    CustomerSchema,
    FieldDefinition,
    Progress,
    customer_schema,
)

_ATTEMPTS = 20
_TOO_FAST = "The customer schema changes too fast; try again."
_MANY = 200_000
_INDEX_WITHIN_S = 60.0


class MongoDefinitions:
    """`graph.ports.Definitions` in MongoDB.

    `region` completes phone numbers; `announce` is called when a job has been written down.
    """

    def __init__(
        self,
        database: AsyncDatabase[Document],
        sealing: Sealing,
        region: str = "US",
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._definitions = database[DEFINITIONS]
        self._profiles = database[PROFILES]
        self._jobs = FieldJobs(database)
        self._sealing = sealing
        self._region = region
        self._announce = announce

    async def revision(self, tenant: str) -> int:
        """See `app.schemas.KeptDefinitions`."""
        with store_failures():
            newest = (
                self._definitions.find({"tenant": tenant}, {"revision": 1})
                .sort("revision", -1)
                .limit(1)
            )
            found = await newest.to_list()
        return found[0]["revision"] if found else 0

    async def current(self, tenant: str) -> CustomerSchema:
        """See `app.schemas.KeptDefinitions`."""
        documents = await self._documents({"tenant": tenant})
        latest = {document["id"]: document for document in documents}
        revision = documents[-1]["revision"] if documents else 0
        definitions = {key: definition_of(item, self._region) for key, item in latest.items()}
        return customer_schema(revision, definitions, self._sealing.classes(tenant))

    async def history(self, tenant: str, id: str) -> list[FieldDefinition]:
        """See `graph.ports.Definitions`."""
        documents = await self._documents({"tenant": tenant, "id": id})
        versions = {item["version"]: definition_of(item, self._region) for item in documents}
        return [versions[version] for version in sorted(versions, reverse=True)]

    async def progress(self, tenant: str) -> dict[str, Progress]:
        """See `graph.ports.Definitions`."""
        return await self._jobs.progress(tenant)

    async def define(self, tenant: str, definition: FieldDefinition) -> CustomerSchema:
        """See `graph.ports.Definitions`."""
        for _ in range(_ATTEMPTS):
            schema = await self.current(tenant)
            known = _known(schema, definition)
            wanted = changed(known, schema.with_sealing(definition), schema)
            await refuse_misfits(self._database, tenant, known, wanted, self._sealing)
            if wanted.slot is not None and not await self._has_index(wanted.slot):
                wanted = replace(wanted, is_indexed=False, is_ready=False)
            if wanted.is_ready:
                is_kept = await self._insert(tenant, schema.revision + 1, wanted)
            else:
                is_kept = await self._insert_with_job(tenant, schema.revision + 1, wanted, known)
            if is_kept:
                return _with(schema, wanted)
        raise Conflict(_TOO_FAST)

    async def finish(self, tenant: str, id: str, version: int, at: datetime) -> None:
        """Say that the profiles are as this version of a field wants them."""
        for _ in range(_ATTEMPTS):
            schema = await self.current(tenant)
            known = schema.by_id[id]
            if known.version != version or known.is_ready:
                return
            slot = None if known.is_retired else known.slot
            done = replace(known, is_ready=True, previous=None, slot=slot)
            done = replace(done, purged_at=at) if done.is_purged else done
            if await self._insert(tenant, schema.revision + 1, done):
                return
        raise Conflict(_TOO_FAST)

    async def indexed(self, tenant: str, id: str, version: int) -> FieldDefinition:
        """Say that the index of a field's slot is there, so that keys are written from now on."""
        for _ in range(_ATTEMPTS):
            schema = await self.current(tenant)
            known = schema.by_id[id]
            done = replace(known, is_indexed=True)
            if known.version != version or await self._insert(tenant, schema.revision + 1, done):
                return done
        raise Conflict(_TOO_FAST)

    async def _has_index(self, slot: str) -> bool:
        """Whether the index of a slot is there; it is made at once where that takes no time."""
        with store_failures():
            if await has_slot_index(self._database, slot):
                return True
            if await self._profiles.estimated_document_count() > _MANY:
                return False
            with pymongo.timeout(_INDEX_WITHIN_S):
                await create_slot_index(self._database, slot)
            return True

    async def _documents(self, query: Document) -> list[Document]:
        with store_failures():
            return await self._definitions.find(query).sort("revision", 1).to_list()

    async def _insert_with_job(
        self,
        tenant: str,
        revision: int,
        definition: FieldDefinition,
        known: FieldDefinition | None,
    ) -> bool:
        """The same with the job it asks for: a field without one would never be ready."""

        async def write(session: AsyncClientSession) -> None:
            document = definition_document(tenant, revision, definition)
            await self._definitions.insert_one(document, session=session)
            await self._jobs.add(tenant, definition, known, session)

        try:
            with store_failures(), pymongo.timeout(self._database.client.options.timeout):
                async with self._database.client.start_session() as session:
                    await session.with_transaction(write)
        except DuplicateKeyError:
            return False
        self._announce()
        return True

    async def _insert(self, tenant: str, revision: int, definition: FieldDefinition) -> bool:
        """Whether this revision is ours; else somebody else took it: look at what they defined."""
        try:
            with store_failures():
                await self._definitions.insert_one(
                    definition_document(tenant, revision, definition)
                )
        except DuplicateKeyError:
            return False
        return True


def _known(schema: CustomerSchema, definition: FieldDefinition) -> FieldDefinition | None:
    """The field that a definition changes: the one of its id, else the one of its key."""
    if definition.id:
        if definition.id not in schema.by_id:
            raise NotFound("There is no such field.")
        return schema.by_id[definition.id]
    retired = {item.key: item for item in schema.retired if not item.is_purged}
    return schema.by_key.get(definition.key) or retired.get(definition.key)


def _with(schema: CustomerSchema, definition: FieldDefinition) -> CustomerSchema:
    known = {**schema.by_id, definition.id: definition}
    return customer_schema(schema.revision + 1, known, schema.sealed)
