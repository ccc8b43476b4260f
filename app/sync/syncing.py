"""What all that moves values between profiles and CRMs stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from pymongo.asynchronous.database import AsyncDatabase

from app.settings import Settings
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.documents import Document
from app.store.linked_profiles import LinkedProfiles
from app.store.outbox import Outbox
from app.store.refetches import Refetches
from app.sync.errors import SyncTrouble
from app.sync.plan import SyncPlan, plan_of, plans_of
from app.sync.run import SyncRun
from connectors.abilities import FactKind
from graph.sources import Source


@dataclass(frozen=True, slots=True)
class Syncing:
    """Sources by tenant and name, the stores, and what synchronises them."""

    settings: Settings
    sources: Mapping[str, Mapping[str, Source]]
    database: AsyncDatabase[Document]
    definitions: MongoDefinitions
    profiles: LinkedProfiles
    outbox: Outbox
    refetches: Refetches
    run: SyncRun
    now: Callable[[], datetime]

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
        return plans_of(source, schema, settings.sync_objects, self._facts(name))

    async def plan(self, tenant: str, name: str, object: str) -> SyncPlan | None:
        """The plan of one object of a source, synchronised or not; None: there is no source."""
        source = self.sources.get(tenant, {}).get(name)
        if source is None:
            return None
        schema = await self.definitions.current(tenant)
        plan = plan_of(source, object, schema, self._facts(name))
        is_copied = plan.fields or object in self.settings.sources[name].sync_objects
        return plan if is_copied else replace(plan, facts=frozenset())

    def _facts(self, name: str) -> frozenset[FactKind]:
        return frozenset(FactKind(one) for one in self.settings.sources[name].sync_facts)


def syncing_of(
    settings: Settings,
    sources: Mapping[str, Mapping[str, Source]],
    database: AsyncDatabase[Document],
    definitions: MongoDefinitions,
    changes: Changes,
    now: Callable[[], datetime],
) -> Syncing:
    """Everything on an open store."""
    profiles = LinkedProfiles(database, changes, now)
    run = SyncRun(database, profiles, now)
    outbox = Outbox(database, changes.transaction)
    refetches = Refetches(database, changes)
    return Syncing(settings, sources, database, definitions, profiles, outbox, refetches, run, now)
