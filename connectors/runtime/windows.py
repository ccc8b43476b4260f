"""How often a source is asked, counted as the sources count: within any time of that length."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from connectors.runtime.budget import Budget
from connectors.runtime.pace import Rate


class TooOften(Exception):
    """The rates grant no request within the time that there is; `pause_s` is when they do."""

    def __init__(self, pause_s: float) -> None:
        super().__init__()
        self.pause_s = pause_s


class Windows:
    """Lets requests begin in the order in which they came, no more than every rate grants.

    Whoever gives up waiting has begun nothing, and takes nothing from the others.
    """

    def __init__(self, rates: Sequence[Rate], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = [(rate, deque[float](maxlen=rate.calls)) for rate in rates]
        self._turn = asyncio.Lock()

    async def begin(self, budget: Budget) -> None:
        """Return when a request may begin, which it thereby did.

        Raises:
            TooOften: not within `budget`.
        """
        async with self.turn(budget):
            pass

    @asynccontextmanager
    async def turn(self, budget: Budget) -> AsyncIterator[None]:
        """Enter when a request may begin, which it did when this is left without an error.

        Raises:
            TooOften: not within `budget`.
        """
        async with self._turn:
            while (pause_s := self._pause_s()) > 0:
                if pause_s > budget.remaining_s():
                    raise TooOften(pause_s)
                await asyncio.sleep(pause_s)
            yield
            now = self._clock()
            for _, begun in self._begun:
                begun.append(now)

    def _pause_s(self) -> float:
        """Seconds until all rates grant one more: what began first has then left its window."""
        now = self._clock()
        full = ((rate, begun) for rate, begun in self._begun if len(begun) == rate.calls)
        return max((begun[0] + rate.seconds - now for rate, begun in full), default=0.0)
