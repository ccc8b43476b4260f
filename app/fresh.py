"""What is kept of each tenant and looked at again every fifth of a second."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from graph.errors import StoreUnavailable

_FRESH_S = 0.2
_MAX_TENANTS = 1_000
_Kept = TypeVar("_Kept")


@dataclass(slots=True)
class _Entry(Generic[_Kept]):
    kept: _Kept
    checked_at: float


class Fresh(Generic[_Kept]):
    """One thing for each tenant; no older than a fifth of a second, whoever changed it.

    `newest` gives it for a tenant, or what is known where nothing has changed; `revision` counts
    its changes.  While the store is away, what was known before is given.
    """

    def __init__(
        self,
        newest: Callable[[str, _Kept | None], Awaitable[_Kept]],
        revision: Callable[[_Kept], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._newest = newest
        self._revision = revision
        self._clock = clock
        self._entries: OrderedDict[str, _Entry[_Kept]] = OrderedDict()
        self._refreshes: dict[str, asyncio.Task[_Kept]] = {}

    async def of(self, tenant: str) -> _Kept:
        """What a tenant has now.

        Raises:
            StoreUnavailable: the store is away, and nothing of the tenant is known.
        """
        entry = self._entries.get(tenant)
        if entry and self._clock() - entry.checked_at < _FRESH_S:
            return entry.kept
        task = self._refreshes.get(tenant)
        if task is None:
            task = asyncio.create_task(self._refresh(tenant, entry))
            self._refreshes[tenant] = task
            task.add_done_callback(lambda done: self._forget(tenant, done))
        # Shielded: a client that hangs up must not stop the others' refresh.
        return await asyncio.shield(task)

    def expire(self, tenant: str) -> None:
        """Look for changes before the tenant's next request."""
        # What is being read now may be what was there before the change.
        self._refreshes.pop(tenant, None)
        if tenant in self._entries:
            self._entries[tenant].checked_at = -math.inf

    def _forget(self, tenant: str, refresh: asyncio.Task[_Kept]) -> None:
        if self._refreshes.get(tenant) is refresh:
            del self._refreshes[tenant]

    async def _refresh(self, tenant: str, known: _Entry[_Kept] | None) -> _Kept:
        began = self._clock()
        try:
            kept = await self._newest(tenant, known.kept if known else None)
        except (StoreUnavailable, TimeoutError):
            if known is None:
                raise
            return known.kept
        if self._refreshes.get(tenant) is asyncio.current_task():
            self._keep(tenant, _Entry(kept, began))
        elif self._is_newer(tenant, kept):
            # Expired meanwhile, so it may be old already; but who looks next builds on it.
            self._keep(tenant, _Entry(kept, -math.inf))
        return kept

    def _is_newer(self, tenant: str, kept: _Kept) -> bool:
        held = self._entries.get(tenant)
        return held is None or self._revision(held.kept) < self._revision(kept)

    def _keep(self, tenant: str, entry: _Entry[_Kept]) -> None:
        self._entries[tenant] = entry
        self._entries.move_to_end(tenant)
        if len(self._entries) > _MAX_TENANTS:
            self._entries.popitem(last=False)
