"""What every call to a source passes: breaker, rates, and so many at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Final, TypeVar

import httpx2

from connectors.base import Call
from connectors.errors import RateLimited, SourceError, Timeout
from connectors.runtime.breaker import Breaker, Health
from connectors.runtime.budget import Budget
from connectors.runtime.pace import Pace
from connectors.runtime.quota import Quota
from connectors.runtime.windows import TooOften, Windows

Given = TypeVar("Given")
_GRACE_S: Final = 0.05


class OwnLimit(RateLimited):
    """Our own limits let no request through in time: the source knows nothing of it."""


class Gate:
    """The way to one source, for all who ask it.

    A call passes the breaker once; each of its HTTP requests, tokens and retries too, waits for the
    rates of its lane, where it has one, for a place, and for the rates of all.  `calls` counts what
    got through, `failures` its errors by their codes; `quota` is what the source last told of it,
    None before.
    """

    def __init__(self, source: str, http: httpx2.AsyncClient, pace: Pace) -> None:
        self._source = source
        self._http = http
        self._pace = pace
        self._breaker = Breaker(source)
        self._places = asyncio.Semaphore(pace.concurrency)
        self._windows = Windows(pace.rates)
        self._lanes = {lane: Windows(rates) for lane, rates in pace.lanes.items()}
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
        passage = _Passage(self)
        try:
            given = await self._timely(make, passage.call(self._http, budget))
            passage.ended(None)
        except SourceError as raised:
            passage.ended(raised)
            self.failures[raised.code] += 1
            raise
        finally:
            if passage.tells_of_the_source:
                self._breaker.leave(passage.error, was_trying=was_trying)
            else:
                self._breaker.gave_up(was_trying=was_trying)
        return given

    async def _timely(self, make: Callable[[Call], Awaitable[Given]], call: Call) -> Given:
        try:
            async with asyncio.timeout(call.budget.remaining_s() + _GRACE_S):
                return await make(call)
        except TimeoutError:  # a connector that doesn't mind its budget
            raise Timeout(self._source, "no answer within the time left") from None

    def hear(self, quota: Quota) -> None:
        """Keep what the source says of its quota."""
        self.quota = quota

    async def wait(self, budget: Budget, lane: str, stack: AsyncExitStack) -> None:
        """Return when a request may begin; its place is free again when `stack` is left.

        Raises:
            OwnLimit: that is too late for `budget`.
        """
        told, own = "no place among its calls in time", self._lanes.get(lane)
        try:
            async with asyncio.timeout(budget.remaining_s()):
                # First in its lane: who waits there takes no place from the others.
                async with own.turn(budget) if own else nullcontext():
                    await stack.enter_async_context(self._places)
                    await self._windows.begin(budget)
        except TimeoutError:
            raise OwnLimit(self._source, told) from None
        except TooOften as error:
            raise OwnLimit(self._source, told, retry_after_s=error.pause_s) from None


class _Passage:
    """One call on its way through a gate: whether it got in, and what the source is blamed for."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._is_in = False
        self.error: SourceError | None = None
        self.tells_of_the_source = False

    def call(self, http: httpx2.AsyncClient, budget: Budget) -> Call:
        return Call(http, budget, self._gate.hear, self._enter, self._blame)

    def ended(self, error: SourceError | None) -> None:
        """The call has its answer, or its error."""
        if error is not None:
            self._blame(error)
        if not isinstance(error, OwnLimit):
            self.tells_of_the_source = True
            self._count()

    @asynccontextmanager
    async def _enter(self, budget: Budget, lane: str = "") -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await self._gate.wait(budget, lane, stack)
            self._count()
            yield

    def _blame(self, error: SourceError) -> None:
        """What the source says of itself counts, though others have an answer."""
        if isinstance(error, OwnLimit):
            return
        if self.error is None or not isinstance(self.error, RateLimited):
            self.error = error
        self.tells_of_the_source = True

    def _count(self) -> None:
        if not self._is_in:
            self._is_in = True
            self._gate.calls += 1
