"""What a synchronisation stands on, opened from the settings."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from app.sealing import opened_sealing
from app.settings import Settings
from app.sources import connectors_of, opened_sources
from app.store.attach import attached_store
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.failures import store_failures
from app.store.indexes import create_indexes
from app.store.meta import claim_store
from app.sync.syncing import Syncing, syncing_of


@asynccontextmanager
async def opened_sync(settings: Settings) -> AsyncIterator[Syncing]:
    """Everything that synchronises, on the store that the settings name.

    Raises:
        KeyTrouble, EmbeddedServerError, StoreUnavailable, StoreMismatch, WrongSettings: it can't
            begin.
    """
    async with AsyncExitStack() as stack:
        connectors = dict(connectors_of(settings))
        store = await stack.enter_async_context(attached_store(settings))
        sealing = await stack.enter_async_context(opened_sealing(settings, store.client))
        with store_failures():
            await claim_store(store.database, sealing.keyring)
            await create_indexes(store.database)
        sources = await opened_sources(settings, connectors, sealing, stack, _now)
        changes = Changes(store.client, store.database, sealing, _now, settings.max_identities)
        definitions = MongoDefinitions(store.database, sealing, settings.region)
        yield syncing_of(settings, sources, store.database, definitions, changes, _now)


def _now() -> datetime:
    return datetime.now(UTC)
