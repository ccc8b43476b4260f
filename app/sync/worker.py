"""Moves values between profiles and CRMs, in the background of a gateway."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from app.background import ended, told
from app.store.queues import Queue
from app.sync.bookmarks import SyncBookmark, SyncBusy
from app.sync.errors import SyncTrouble
from app.sync.plan import SyncPlan
from app.sync.sending import Sending
from app.sync.syncing import Syncing
from app.sync.webhooks import Webhooks
from connectors.errors import SourceError

_LOG: Final = logging.getLogger("gateway.sync")
_LOOK_EVERY_S: Final = 2.0
_AT_ONCE: Final = 16
_TIDY_EVERY: Final = timedelta(hours=1)
_AGAIN_AFTER: Final = timedelta(seconds=30)


class SyncWork:
    """Sends, reads, and synchronises what is due, from `start` to `close`.

    Several gateways may do it at once: what one has begun the others leave alone.
    """

    def __init__(self, syncing: Syncing) -> None:
        self._syncing = syncing
        self._sending = Sending(syncing)
        self._webhooks = Webhooks(syncing)
        self._tidied_at: datetime | None = None
        self._tasks: list[asyncio.Task[None]] = []
        # Many at once don't take all the memory.
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._not_before: dict[tuple[str, str], datetime] = {}

    def start(self) -> None:
        """Begin, where there is a source."""
        if not self._syncing.settings.sources:
            return
        self._tasks = [self._started(self._tidied, "sync-tidying")]
        # A task for each source and each thing to do: a slow source holds up none of the others.
        for queue in self._queues():
            send, read = (one.drain_of for one in (self._sending, self._webhooks))
            self._tasks.append(self._started(partial(send, queue), f"sync-sending-{queue.source}"))
            self._tasks.append(self._started(partial(read, queue), f"sync-reading-{queue.source}"))
        for name, every in self._scheduled():
            pull = partial(self._of_source, name, every)
            self._tasks.append(self._started(pull, f"sync-pulling-{name}"))

    async def close(self) -> None:
        """Stop; what was begun goes on elsewhere, or later."""
        await asyncio.gather(*map(ended, self._tasks))

    async def send(self) -> int:
        """Send what is owed and wished; how many things it were."""
        return await self._sending.drain()

    async def read(self) -> int:
        """Read what webhooks told of; how many records it were."""
        await self._webhooks.forget()
        return await self._webhooks.drain()

    async def synchronise(self) -> int:
        """Synchronise what is due; how many objects it were."""
        return sum([await self._of_source(name, every) for name, every in self._scheduled()])

    async def _of_source(self, name: str, every: timedelta) -> int:
        """Synchronise what is due of one source; how many objects it were."""
        done = 0
        async with self._turns:
            try:
                plans = await self._syncing.plans(name)
            except SyncTrouble:
                return 0  # nothing is defined yet
            for plan in plans:
                done += await self._is_due(plan, every) and await self._synchronised(plan)
        return done

    async def _tidied(self) -> int:
        """Put away what is past, and what is for sources that are gone; how much that is."""
        now = self._syncing.now()
        if self._tidied_at is not None and now < self._tidied_at + _TIDY_EVERY:
            return 0
        await self._webhooks.forget()
        known = set(self._queues())
        done = await self._sending.drain(but=known) + await self._webhooks.drain(but=known)
        self._tidied_at = now
        return done

    def _queues(self) -> Iterator[Queue]:
        for name, item in self._syncing.settings.sources.items():
            yield Queue(item.tenant, name)

    def _scheduled(self) -> Iterator[tuple[str, timedelta]]:
        for name, item in self._syncing.settings.sources.items():
            if item.sync_every_s:
                yield name, timedelta(seconds=item.sync_every_s)

    async def _is_due(self, plan: SyncPlan, every: timedelta) -> bool:
        now = self._syncing.now()
        if self._not_before.get((plan.source.name, plan.object), now) > now:
            return False
        bookmark = SyncBookmark(self._syncing.database, plan, self._syncing.now)
        finished_at = await bookmark.finished_at()
        return finished_at is None or finished_at + every <= now

    async def _synchronised(self, plan: SyncPlan) -> bool:
        try:
            await self._syncing.run.run(plan, is_patient=False)
        except SyncBusy:
            return False
        except SourceError as error:
            _LOG.warning("%s: synchronisation waits: %s", plan.source.name, told(error))
            pause = max(_AGAIN_AFTER, timedelta(seconds=error.retry_after_s or 0))
            self._not_before[plan.source.name, plan.object] = self._syncing.now() + pause
            return False
        return True

    def _started(self, act: Callable[[], Awaitable[int]], name: str) -> asyncio.Task[None]:
        return asyncio.create_task(self._again_and_again(act), name=name)

    @staticmethod
    async def _again_and_again(act: Callable[[], Awaitable[int]]) -> None:
        while True:
            try:
                await act()
            except Exception as error:  # noqa: BLE001 - the worker's loop: the next look may do better
                _LOG.warning("synchronisation waits: %s", told(error))
            await asyncio.sleep(_LOOK_EVERY_S)
