"""The workers of a gateway, which run in it or alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from app.expiry import Expiry
from app.field_work import FieldWork
from app.recognition import anonymous_age_of
from app.sealing import opened_sealing
from app.settings import Settings
from app.sources import connectors_of, opened_sources
from app.store.attach import attached_store
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.expiring import Expiring
from app.store.failures import store_failures
from app.store.forgetting import Forgetting
from app.store.indexes import create_indexes
from app.store.meta import claim_store
from app.sync.syncing import Syncing, syncing_of
from app.sync.worker import SyncWork


@dataclass(frozen=True, slots=True)
class Workers:
    """Field work, expiry, and what moves values between profiles and CRMs."""

    fields: FieldWork
    expiry: Expiry
    sync: SyncWork

    def start(self) -> None:
        """Begin all."""
        self.fields.start()
        self.expiry.start()
        self.sync.start()

    async def close(self) -> None:
        """Stop all."""
        await self.sync.close()
        await self.expiry.close()
        await self.fields.close()


def workers_of(
    settings: Settings,
    database: AsyncDatabase[dict[str, Any]],
    definitions: MongoDefinitions,
    changes: Changes,
    told: asyncio.Event,
    finished: Callable[[str], None],
    syncing: Syncing,
) -> Workers:
    """The workers on a store; `told` and `finished` as `FieldWork` has them."""
    fields = FieldWork(database, definitions, changes, _now, told, finished)
    age = anonymous_age_of(settings)
    forget = Forgetting(database, changes.sealing).forget
    expiry = Expiry(Expiring(database, changes, [forget]), age, _now)
    return Workers(fields, expiry, SyncWork(syncing))


@asynccontextmanager
async def opened_workers(settings: Settings) -> AsyncIterator[Workers]:
    """Workers on the store that the settings name, which is made ready where it is new.

    Raises:
        KeyTrouble, EmbeddedServerError, StoreUnavailable, StoreMismatch, WrongSettings: they
            can't begin.
    """
    async with AsyncExitStack() as stack:
        connectors = dict(connectors_of(settings))
        store = await stack.enter_async_context(attached_store(settings))
        sealing = await stack.enter_async_context(opened_sealing(settings, store.client))
        database = store.database
        with store_failures():
            await claim_store(database, sealing.keyring)
            await create_indexes(database)
        sources = await opened_sources(settings, connectors, sealing, stack, _now)
        changes = Changes(store.client, database, sealing, _now, settings.max_identities)
        definitions = MongoDefinitions(database, sealing, settings.region)
        syncing = syncing_of(settings, sources, database, definitions, changes, _now)
        workers = workers_of(
            settings, database, definitions, changes, asyncio.Event(), lambda _: None, syncing
        )
        try:
            yield workers
        finally:
            await workers.close()


def _now() -> datetime:
    return datetime.now(UTC)
