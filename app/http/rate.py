"""Token buckets: how often somebody may do something.

A bucket is one instant, at which it is full again (the generic cell rate algorithm, by which ATM
networks counted cells).  Of the libraries, `limits` never forgets a key in its memory and takes no
clock, and `throttled-py` forgets whoever was seen longest ago: with many names, somebody who is
refused could push himself out and begin anew.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

_MINUTE_NS: Final = 60_000_000_000
_MOST: Final = 100_000

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_minute` times a minute for long, and `burst` times at once after a pause."""

    per_minute: int
    burst: int

    @property
    def interval_ns(self) -> int:
        """What one time costs.  Rounded up: never more than the rate."""
        return -(-_MINUTE_NS // self.per_minute)


class Buckets:
    """One bucket for each key, in bounded memory; `clock` tells nanoseconds from anywhere on.

    Full buckets are forgotten: nothing is lost with them.  Beyond `most`, those that are full
    soonest are, so whoever is refused is the last to be.
    """

    def __init__(self, most: int = _MOST, clock: Clock = time.monotonic_ns) -> None:
        self._most = most
        self._clock = clock
        self._full_at: dict[Hashable, int] = {}
        self._soonest: list[tuple[int, int, Hashable]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, key: Hashable, rate: Rate) -> float:
        """The seconds until there is one for `key`; 0 when there is one now."""
        return self._wait_ns(key, rate, self._clock()) / 1e9

    def take(self, key: Hashable, rate: Rate) -> float:
        """Takes one and says 0; where there is none, only says what `wait_s` says."""
        now = self._clock()
        wait_ns = self._wait_ns(key, rate, now)
        if wait_ns == 0:
            self._put(key, max(self._full_at.get(key, now), now) + rate.interval_ns, now)
        return wait_ns / 1e9

    def _wait_ns(self, key: Hashable, rate: Rate, now: int) -> int:
        missing_ns = self._full_at.get(key, now) - now
        return max(0, missing_ns - (rate.burst - 1) * rate.interval_ns)

    def _put(self, key: Hashable, full_at: int, now: int) -> None:
        if key not in self._full_at:
            self._forget(now)
            heapq.heappush(self._soonest, (full_at, next(self._order), key))
        self._full_at[key] = full_at

    def _forget(self, now: int) -> None:
        """Make room: what is full, and what is nearly so when there is no other way."""
        while self._soonest:
            noted, _, key = self._soonest[0]
            full_at = self._full_at[key]
            if full_at > noted:
                # Used since it was noted, so it stands too far in front.
                heapq.heapreplace(self._soonest, (full_at, next(self._order), key))
            elif full_at <= now or len(self._full_at) >= self._most:
                heapq.heappop(self._soonest)
                del self._full_at[key]
            else:
                return


class PerMinute:
    """Buckets of one rate: so many a minute and half as many at once; 0: no limit."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic_ns) -> None:
        self._rate = Rate(per_minute, max(1, per_minute // 2)) if per_minute else None
        self._buckets = Buckets(clock=clock)

    def wait_s(self, key: Hashable) -> float:
        """See `Buckets`."""
        return self._buckets.wait_s(key, self._rate) if self._rate else 0.0

    def take(self, key: Hashable) -> float:
        """See `Buckets`."""
        return self._buckets.take(key, self._rate) if self._rate else 0.0
