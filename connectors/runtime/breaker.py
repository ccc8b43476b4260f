"""When a source is left alone: it failed too often, or asked for a pause."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connectors.errors import (
    CircuitOpen,
    QuotaExhausted,
    RateLimited,
    SourceError,
    Timeout,
    Unauthorized,
    Unavailable,
)
from connectors.runtime.statuses import LONGEST_PAUSE_S

_WITHIN_S: Final = 30.0
_FEWEST: Final = 5
_RATIO: Final = 0.5
_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 60.0
_FAILURES: Final = (Timeout, Unavailable, Unauthorized)


class Circuit(StrEnum):
    """Whether a source is asked: CLOSED always, OPEN not now, HALF_OPEN once, to see."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class Health:
    """How a source fares: its circuit, and the code of its last failure, None after a success."""

    circuit: Circuit
    error: str | None = None


class Breaker:
    """Opens when half of the calls of the last half minute failed, five at the least.

    Opens at once where the source itself asks for a pause.  After the pause one call tries;
    while it does, nobody else may.  Who hangs up, and what is wrong with one answer, is no
    failure of the source.
    """

    def __init__(self, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._calls: deque[tuple[float, bool]] = deque()
        self._open_until: float | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._is_trying = False
        self._reason: SourceError | None = None

    @property
    def health(self) -> Health:
        """How the source fares now."""
        code = self._reason.code if self._reason else None
        if self._open_until is None:
            return Health(Circuit.CLOSED, code)
        is_over = self._clock() >= self._open_until
        return Health(Circuit.HALF_OPEN if is_over else Circuit.OPEN, code)

    def enter(self) -> bool:
        """Return when a call may begin; whether it is the one that tries.

        Raises:
            CircuitOpen, RateLimited, QuotaExhausted: not now; `retry_after_s` says when.
        """
        if self._open_until is None:
            return False
        left_s = self._open_until - self._clock()
        if left_s > 0 or self._is_trying:
            raise self._refused(max(left_s, 0.0))
        self._is_trying = True
        return True

    def leave(self, error: SourceError | None, *, was_trying: bool) -> None:
        """A call ended: with an answer (None), or with an error."""
        now = self._clock()
        if was_trying:
            self._is_trying = False
        if isinstance(error, (*_FAILURES, RateLimited)):
            self._failed(error, now, was_trying=was_trying)
        elif was_trying or self._open_until is None:
            self._open_until, self._reason, self._pause_s = None, None, _FIRST_PAUSE_S
            self._note(now, is_failure=False)

    def gave_up(self, *, was_trying: bool) -> None:
        """A call was cancelled before it ended: it says nothing of the source."""
        if was_trying:
            self._is_trying = False

    def _failed(self, error: SourceError, now: float, *, was_trying: bool) -> None:
        asked_s = error.retry_after_s or 0.0 if isinstance(error, RateLimited) else 0.0
        if was_trying:
            self._open(error, max(asked_s, min(2 * self._pause_s, _LONGEST_PAUSE_S)), now)
        elif isinstance(error, RateLimited):
            self._open(error, asked_s or self._pause_s, now)
        elif self._open_until is None:
            self._reason = error
            self._note(now, is_failure=True)
            failures = sum(is_failure for _, is_failure in self._calls)
            if len(self._calls) >= _FEWEST and failures >= _RATIO * len(self._calls):
                self._open(error, max(self._pause_s, error.retry_after_s or 0.0), now)

    def _note(self, now: float, *, is_failure: bool) -> None:
        self._calls.append((now, is_failure))
        while self._calls[0][0] < now - _WITHIN_S:
            self._calls.popleft()

    def _open(self, error: SourceError, asked_s: float, now: float) -> None:
        pause_s = min(asked_s, LONGEST_PAUSE_S)
        self._open_until = max(now + pause_s, self._open_until or 0.0)
        self._pause_s = max(_FIRST_PAUSE_S, min(pause_s, _LONGEST_PAUSE_S))
        self._reason = error
        self._calls.clear()

    def _refused(self, left_s: float) -> SourceError:
        if isinstance(self._reason, RateLimited):
            kind = QuotaExhausted if isinstance(self._reason, QuotaExhausted) else RateLimited
            return kind(self._source, "it asked for a pause", retry_after_s=max(left_s, 0.001))
        return CircuitOpen(
            self._source, "not asked, because it failed lately", retry_after_s=left_s
        )
