"""Removes anonymous profiles that nobody has seen for long, in the background of a gateway."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from app.background import ended, told
from app.store.expiring import Expiring

_LOG: Final = logging.getLogger("gateway.expiry")
_FIRST_AFTER_S: Final = 600.0
_EVERY_S: Final = 3_600.0


class Expiry:
    """Sweeps every tenant once an hour, from `start` to `close`.

    `age` says how long a tenant keeps anonymous profiles.  Several gateways may sweep at once.
    """

    def __init__(
        self, store: Expiring, age: Callable[[str], timedelta], now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._age = age
        self._now = now
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, after ten minutes."""
        self._task = asyncio.create_task(self._run(), name="expiry")

    async def close(self) -> None:
        """Stop; the next sweep goes on."""
        if self._task is not None:
            await ended(self._task)

    async def sweep(self, told: Callable[[int], None] = lambda _: None) -> int:
        """Remove who is due now, in every tenant; how many it were.  `told` hears of each batch."""
        removed = 0
        for tenant in await self._store.tenants():
            removed += await self._store.sweep(tenant, self._now() - self._age(tenant), told)
        return removed

    async def _run(self) -> None:
        await asyncio.sleep(_FIRST_AFTER_S)
        while True:
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - the worker's loop: the next look may do better
                _LOG.warning("expiry waits: %s", told(error))
            await asyncio.sleep(_EVERY_S)
