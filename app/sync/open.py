"""What a synchronisation stands on, opened from the settings."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from app.sealing import opened_sealing
from app.settings import Settings
from app.sources import opened_sources
from app.store.attach import attached_store
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.failures import store_failures
from app.store.indexes import create_indexes
from app.store.linked_profiles import LinkedProfiles
from app.store.meta import claim_store
from app.sync.errors import SyncTrouble
from app.sync.plan import SyncPlan, plans_of
from app.sync.run import SyncRun
from connectors.abilities import FactKind
from graph.sources import Source


@dataclass(frozen=True, slots=True)
class Syncing:
    """Sources by tenant and name, and what synchronises them."""

    settings: Settings
    sources: Mapping[str, Mapping[str, Source]]
    definitions: MongoDefinitions
    run: SyncRun

    async def plans(self, name: str) -> list[SyncPlan]:
        """What there is to synchronise of a source.

        Raises:
            SyncTrouble: there is no such source, or nothing to synchronise.
        """
        settings = self.settings.sources.get(name)
        if settings is None:
            near = get_close_matches(name, self.settings.sources, n=1, cutoff=0.0)
            hint = f"; did you mean {near[0]}?" if near else ": none is in the settings."
            raise SyncTrouble(f"There is no source {name!r}{hint}")
        source = self.sources[settings.tenant][name]
        schema = await self.definitions.current(settings.tenant)
        facts = frozenset(FactKind(one) for one in settings.sync_facts)
        return plans_of(source, schema, settings.sync_objects, facts)


@asynccontextmanager
async def opened_sync(settings: Settings) -> AsyncIterator[Syncing]:
    """Everything that synchronises, on the store that the settings name.

    Raises:
        KeyTrouble, EmbeddedServerError, StoreUnavailable, StoreMismatch, WrongSettings: it can't
            begin.
    """
    async with AsyncExitStack() as stack:
        sources = await opened_sources(settings, stack)
        store = await stack.enter_async_context(attached_store(settings))
        sealing = await stack.enter_async_context(opened_sealing(settings, store.client))
        with store_failures():
            await claim_store(store.database, sealing.keyring)
            await create_indexes(store.database)
        changes = Changes(store.client, store.database, sealing, _now, settings.max_identities)
        definitions = MongoDefinitions(store.database, sealing, settings.region)
        profiles = LinkedProfiles(store.database, changes, _now)
        yield Syncing(settings, sources, definitions, SyncRun(store.database, profiles, _now))


def _now() -> datetime:
    return datetime.now(UTC)
