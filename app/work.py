"""The workers of a gateway, which run in it or alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from app.expiry import Expiry
from app.field_work import FieldWork
from app.recognition import anonymous_age_of
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.attach import attached_store
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.expiring import Expiring
from app.store.failures import store_failures
from app.store.forgetting import Forgetting
from app.store.indexes import create_indexes
from app.store.meta import claim_store


@dataclass(frozen=True, slots=True)
class Workers:
    """Field work and expiry."""

    fields: FieldWork
    expiry: Expiry

    def start(self) -> None:
        """Begin both."""
        self.fields.start()
        self.expiry.start()

    async def close(self) -> None:
        """Stop both."""
        await self.expiry.close()
        await self.fields.close()


def workers_of(
    settings: Settings,
    database: AsyncDatabase[dict[str, Any]],
    definitions: MongoDefinitions,
    changes: Changes,
    told: asyncio.Event,
    finished: Callable[[str], None],
) -> Workers:
    """The workers on a store; `told` and `finished` as `FieldWork` has them."""
    fields = FieldWork(database, definitions, changes, _now, told, finished)
    age = anonymous_age_of(settings)
    forget = Forgetting(database, changes.sealing).forget
    return Workers(fields, Expiry(Expiring(database, changes, [forget]), age, _now))


@asynccontextmanager
async def opened_workers(settings: Settings) -> AsyncIterator[Workers]:
    """Workers on the store that the settings name, which is made ready where it is new.

    Raises:
        KeyTrouble, EmbeddedServerError, StoreUnavailable, StoreMismatch, WrongSettings: they
            can't begin.
    """
    async with attached_store(settings) as store, opened_sealing(settings, store.client) as sealing:
        database = store.database
        with store_failures():
            await claim_store(database, sealing.keyring)
            await create_indexes(database)
        changes = Changes(store.client, database, sealing, _now, settings.max_identities)
        definitions = MongoDefinitions(database, sealing, settings.region)
        workers = workers_of(
            settings, database, definitions, changes, asyncio.Event(), lambda _: None
        )
        try:
            yield workers
        finally:
            await workers.close()


def _now() -> datetime:
    return datetime.now(UTC)
