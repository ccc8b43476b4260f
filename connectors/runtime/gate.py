"""What every call to a source passes: breaker, rates, and so many at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, TypeVar

import httpx2
from aiolimiter import AsyncLimiter

from connectors.base import Call
from connectors.errors import RateLimited, SourceError, Timeout
from connectors.runtime.breaker import Breaker, Health
from connectors.runtime.budget import Budget
from connectors.runtime.pace import Pace
from connectors.runtime.quota import Quota

Given = TypeVar("Given")
_GRACE_S: Final = 0.05


class Gate:
    """The way to one source, for all who ask it.

    `calls` counts what got through, `failures` its errors by their codes; `quota` is what the
    source last told of it, None before.
    """

    def __init__(self, source: str, http: httpx2.AsyncClient, pace: Pace) -> None:
        self._source = source
        self._http = http
        self._pace = pace
        self._breaker = Breaker(source)
        self._places = asyncio.Semaphore(pace.concurrency)
        self._limiters = [AsyncLimiter(rate.calls, rate.seconds) for rate in pace.rates]
        self.calls = 0
        self.failures: Counter[str] = Counter()
        self.quota: Quota | None = None

    @property
    def health(self) -> Health:
        """How the source fares."""
        return self._breaker.health

    async def through(
        self,
        seconds: float,
        make: Callable[[Call], Awaitable[Given]],
        *,
        is_patient: bool = False,
    ) -> Given:
        """What `make` gives, with at most so many seconds for waiting and for the call.

        The source's own timeout holds as well, unless nobody waits for the answer (`is_patient`).

        Raises:
            SourceError: the source failed, is left alone for now, or there was no time.
        """
        budget = Budget(seconds if is_patient else min(seconds, self._pace.timeout_s))
        was_trying = self._breaker.enter()
        error: SourceError | None = None
        ended = False
        try:
            async with AsyncExitStack() as stack:
                await self._wait(budget, stack)
                self.calls += 1
                given = await self._timely(make, budget)
            ended = True
        except SourceError as raised:
            error, ended = raised, True
            self.failures[raised.code] += 1
            raise
        finally:
            if ended and not isinstance(error, OwnLimit):
                self._breaker.leave(error, was_trying=was_trying)
            else:
                self._breaker.gave_up(was_trying=was_trying)
        return given

    async def _timely(self, make: Callable[[Call], Awaitable[Given]], budget: Budget) -> Given:
        try:
            async with asyncio.timeout(budget.remaining_s() + _GRACE_S):
                return await make(Call(self._http, budget, self._hear))
        except TimeoutError:  # a connector that doesn't mind its budget
            raise Timeout(self._source, "no answer within the time left") from None

    def _hear(self, quota: Quota) -> None:
        self.quota = quota

    async def _wait(self, budget: Budget, stack: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(budget.remaining_s()):
                await stack.enter_async_context(self._places)
                for limiter in self._limiters:
                    await limiter.acquire()
        except TimeoutError:
            raise OwnLimit(self._source, "no place among its calls in time") from None


class OwnLimit(RateLimited):
    """Our own limits let no call through in time: the source knows nothing of it."""
