"""Keys that are asked at about the same time, by whomever, go to the source together."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.base import Key
from connectors.errors import SourceError
from connectors.runtime.kept import Kept, Place
from connectors.runtime.pace import Pace

_Shape = tuple[str, str, frozenset[str]]
Settled = Kept | SourceError
"""What became of one key of a flight."""


@dataclass(slots=True, eq=False)
class Flight:
    """One call to the source: waiting for more keys, under way, or back.

    `calls` and `keys` are what the source was really asked, `began` and `ended` on the monotonic
    clock.  `takers` counts who waits for each key, and `oldest_s` is the age at which its answer is
    still of use to them all; `spoiled` are keys whose records changed meanwhile, so that the answer
    may be old.
    """

    object: str
    attributes: frozenset[str]
    waiting: dict[Key, asyncio.Future[Settled]] = field(default_factory=dict, repr=False)
    takers: Counter[Key] = field(default_factory=Counter, repr=False)
    oldest_s: dict[Key, float] = field(default_factory=dict, repr=False)
    spoiled: set[Key] = field(default_factory=set, repr=False)
    calls: int = 0
    keys: int = 0
    began: float | None = None
    ended: float | None = None
    opened_at: float = 0.0
    joined_at: float = 0.0

    @property
    def ms(self) -> float:
        """How long the call takes, or took."""
        if self.began is None:
            return 0.0
        return ((self.ended or time.monotonic()) - self.began) * 1000


class Seat(NamedTuple):
    """A key's place in a flight."""

    flight: Flight
    key: Key
    settled: asyncio.Future[Settled]


class Window:
    """Collects keys of one source into flights, and hands each flight over when it is due.

    A full one is due at once.  Another is when nobody joined it for `window_s`; while one like it
    is under way, when that is back, since the source is busy with us already.  None waits longer
    than `longest_window_s`.

    A flight takes keys of one object, kind and set of attributes alone: nobody's key is asked for
    what only others may read.
    """

    def __init__(self, pace: Pace, most_keys: int, depart: Callable[[Flight], None]) -> None:
        self._pace = pace
        self._most = most_keys
        self._depart = depart
        self._collecting: dict[_Shape, Flight] = {}
        self._under_way: Counter[_Shape] = Counter()
        self._seats: dict[Place, list[Flight]] = {}

    def seat(
        self,
        object: str,
        key: Key,
        attributes: frozenset[str],
        oldest_s: float,
        begun_within_s: float = math.inf,
    ) -> Seat:
        """A place for a key: in a flight that asks all this already, or in the next one.

        The answer may be as old as `oldest_s` where another gateway has it; one that is under way
        will do if it began no longer ago than `begun_within_s`.
        """
        for flight in self._seats.get((object, key), ()):
            if _takes(flight, key, attributes, oldest_s, begun_within_s):
                flight.takers[key] += 1
                return Seat(flight, key, flight.waiting[key])
        return self._next(object, key, attributes, oldest_s)

    def leave(self, seat: Seat) -> None:
        """Wait no longer: a key that nobody waits for any more, and isn't asked yet, never is."""
        flight, key = seat.flight, seat.key
        flight.takers[key] -= 1
        if flight.began is None and flight.takers[key] <= 0:
            flight.waiting.pop(key).cancel()
            self._stand_up(flight, key)

    def landed(self, flight: Flight) -> None:
        """A flight is back: nobody joins it any more."""
        for key in flight.waiting:
            self._stand_up(flight, key)
        shape = flight.object, next(iter(flight.waiting)).kind, flight.attributes
        self._under_way[shape] -= 1
        if not self._under_way[shape]:
            del self._under_way[shape]
            if next_ := self._collecting.get(shape):
                self._look(shape, next_)

    def spoil(self, object: str, ids: frozenset[str]) -> None:
        """Records changed: what is under way for them may be old, so nobody joins it.

        Under another kind of key nobody knows whose record it is, so every one counts as changed.
        """
        for (name, key), flights in self._seats.items():
            if name == object and (key.kind != "id" or key.value in ids):
                for flight in flights:
                    if flight.began is not None:
                        flight.spoiled.add(key)

    def _next(self, object: str, key: Key, attributes: frozenset[str], oldest_s: float) -> Seat:
        loop = asyncio.get_running_loop()
        shape = object, key.kind, attributes
        flight = self._collecting.get(shape)
        if flight is None:
            flight = self._collecting[shape] = Flight(object, attributes, opened_at=loop.time())
            loop.call_later(self._pace.window_s, self._look, shape, flight)
        settled = flight.waiting[key] = loop.create_future()
        self._seats.setdefault((object, key), []).append(flight)
        flight.takers[key] += 1
        flight.oldest_s[key] = oldest_s
        flight.joined_at = loop.time()
        if len(flight.waiting) >= self._most:
            self._send(shape, flight)
        return Seat(flight, key, settled)

    def _look(self, shape: _Shape, flight: Flight) -> None:
        """Send a flight where it is due; else look again when it is."""
        if self._collecting.get(shape) is not flight:
            return
        loop = asyncio.get_running_loop()
        longest = flight.opened_at + self._pace.longest_window_s
        quiet = flight.joined_at + self._pace.window_s
        due = longest if self._under_way[shape] else min(quiet, longest)
        if loop.time() >= due:
            self._send(shape, flight)
        else:
            loop.call_at(due, self._look, shape, flight)

    def _send(self, shape: _Shape, flight: Flight) -> None:
        del self._collecting[shape]
        if not flight.waiting:
            return
        flight.began = time.monotonic()
        self._under_way[shape] += 1
        self._depart(flight)

    def _stand_up(self, flight: Flight, key: Key) -> None:
        place = flight.object, key
        left = [one for one in self._seats.get(place, ()) if one is not flight]
        if left:
            self._seats[place] = left
        else:
            self._seats.pop(place, None)


def _takes(
    flight: Flight,
    key: Key,
    attributes: frozenset[str],
    oldest_s: float,
    begun_within_s: float,
) -> bool:
    """Whether a flight's answer will do for one more."""
    if flight.began is None:
        # Not for less than it asks: should the others leave, it would ask what nobody may read.
        if attributes != flight.attributes:
            return False
        flight.oldest_s[key] = min(flight.oldest_s[key], oldest_s)
        return True
    is_recent = time.monotonic() - flight.began <= begun_within_s
    is_whole = attributes <= flight.attributes and key not in flight.spoiled
    return is_recent and is_whole and flight.oldest_s[key] <= oldest_s
