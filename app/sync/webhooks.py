"""What CRMs say by webhook: verified, kept, and read at the CRM later."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from app.background import counted, told
from app.store.queues import Queue
from app.store.refetches import Refetch, Said
from app.sync.asking import Asking
from app.sync.copying import Told
from app.sync.plan import SyncPlan
from app.sync.syncing import Syncing
from connectors.abilities import SignsWebhooks, Webhook
from connectors.errors import SourceError
from graph.errors import NotFound
from graph.sources import Source

_LOG: Final = logging.getLogger("gateway.sync")
_AT_ONCE: Final = 100


class Webhooks:
    """Hears webhooks, and reads what they tell of."""

    def __init__(self, syncing: Syncing) -> None:
        self._syncing = syncing
        self._refetches = syncing.refetches

    async def hear(self, name: str, webhook: Webhook) -> int:
        """Verify and keep what a source says, and forget what was known of it; how much is new.

        Raises:
            NotFound: no source of this name signs webhooks with a secret of ours.
            BadSignature: it isn't the source's, or too old.
            BadPayload: it makes no sense.
            StoreUnavailable: nothing was kept.
        """
        source = self._source(name)
        assert isinstance(source.connector, SignsWebhooks)  # noqa: S101 - `_source` makes sure
        changes = source.connector.received(webhook)
        said = [Said(one.object, one.id, one.into_id, one.event_id) for one in changes]
        new = await self._refetches.hear(source.tenant, name, said, self._syncing.now())
        for object_ in {one.object for one in new}:
            await source.invalidate(object_, [one.record for one in new if one.object == object_])
        return len(new)

    async def drain(self, *, but: Collection[Queue] = ()) -> int:
        """Read all that is due now, of all sources `but` these at once; how many records."""
        queues = await self._refetches.queues()
        return await counted(self.drain_of(queue) for queue in queues if queue not in but)

    async def drain_of(self, queue: Queue) -> int:
        """Read all that is due now of a source; how many records it were."""
        count = 0
        while records := await self._refetches.lease(queue, self._syncing.now(), _AT_ONCE):
            count += len(records)
            try:
                await self._read(records)
            except SourceError as error:
                _LOG.warning("%s: reading waits: %s", records[0].source, told(error))
                now = self._syncing.now()
                await self._refetches.later(records, now, error.retry_after_s)
            else:
                await self._refetches.read(records, self._syncing.now())
        return count

    async def forget(self) -> None:
        """Forget events that are long past."""
        await self._refetches.forget(self._syncing.now())

    async def _read(self, records: list[Refetch]) -> None:
        first = records[0]
        plan = await self._syncing.plan(first.tenant, first.source, first.object)
        if plan is None or not (plan.fields or plan.facts):
            return  # nothing of it is kept here
        found = await Asking(plan).records([one.record for one in records])
        into = {one.record: one.into_id for one in records if one.into_id}
        await self._settle(plan, [_with_survivor(one, into) for one in found])

    async def _settle(self, plan: SyncPlan, found: list[Told]) -> None:
        await self._syncing.run.settling(plan).settle(found)
        await plan.source.invalidate(plan.object, [one.id for one in found])

    def _source(self, name: str) -> Source:
        settings = self._syncing.settings.sources.get(name)
        if settings is None or settings.webhook_secret is None:
            raise NotFound("There is no such source.")
        source = self._syncing.sources[settings.tenant][name]
        if not isinstance(source.connector, SignsWebhooks):
            raise NotFound("There is no such source.")
        return source


def _with_survivor(told: Told, into: Mapping[str, str]) -> Told:
    """What was read of a record; of one that is gone, what became of it as the webhook said."""
    is_gone = told.record is None and told.into_id is None and not told.is_unreadable
    return replace(told, into_id=into[told.id]) if is_gone and told.id in into else told
