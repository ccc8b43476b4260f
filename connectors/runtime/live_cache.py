"""What a source says now, or said so lately that nobody needs to ask it again."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connectors.base import Call, Connector, Key, Outcome
from connectors.errors import BadPayload, SourceError, Unavailable
from connectors.runtime.gate import Gate
from connectors.runtime.kept import Kept, Place, Records, unknown
from connectors.runtime.pace import AS_USUAL, Freshness, Pace
from connectors.runtime.shared import NOTHING_SHARED, Shared
from connectors.runtime.window import Flight, Seat, Settled, Window

_LOG = logging.getLogger("gateway.sources")
_TRIES = 3


class Origin(StrEnum):
    """Where an answer is from: the source just now (ASKED), or what it said before."""

    ASKED = "ASKED"
    FRESH = "FRESH"
    STALE = "STALE"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one key.

    `kept` is None where nothing is; `error` says why nothing newer could be had, so both may be
    there.  `is_stale`: it is older than the reader's or the source's own wish.
    """

    kept: Kept | None
    origin: Origin
    error: SourceError | None = None

    @property
    def is_stale(self) -> bool:
        """Whether it is older than it should be."""
        return self.origin is Origin.STALE


@dataclass(slots=True, eq=False)
class _Telling:
    """What is being told to other gateways, and what of it is old by now."""

    places: frozenset[Place]
    old: set[Place] = field(default_factory=set)


class LiveCache:
    """One source, for all its readers.

    Readers who ask at about the same time share a call, and nobody's hanging up harms the others:
    a call goes on for whoever waits, and for those who come later.
    """

    def __init__(
        self,
        source: str,
        connector: Connector,
        gate: Gate,
        pace: Pace,
        now: Callable[[], datetime],
        shared: Shared = NOTHING_SHARED,
    ) -> None:
        self._source = source
        self._connector = connector
        self._gate = gate
        self._pace = pace
        self._now = now
        self._shared = shared
        self._records = Records(pace.most_records)
        self._window = Window(pace, connector.max_keys, self._depart)
        self._under_way: set[asyncio.Task[None]] = set()
        self._telling: list[_Telling] = []

    @property
    def size(self) -> int:
        """Records that are kept."""
        return len(self._records)

    def ask(
        self, object: str, key: Key, attributes: frozenset[str], freshness: Freshness = AS_USUAL
    ) -> Answer | Seat:
        """What is known, if that is fresh enough; else a seat to wait on with `answer`."""
        now, kept = self._now(), self._records.get((object, key))
        if kept is None:
            return self._seat((object, key), attributes, freshness)
        age_s, wanted_s = kept.age_s(attributes, now), self._wanted_s(kept, freshness)
        if age_s is not None and age_s <= wanted_s:
            usual_s = self._wanted_s(kept, AS_USUAL)
            return Answer(kept, Origin.FRESH if age_s <= usual_s else Origin.STALE)
        old = kept.older_than(attributes, wanted_s, now)
        seat = self._seat((object, key), old, freshness)
        patient = freshness.allow_stale and freshness.max_age_s is None and kept.id is not None
        if patient and age_s is not None and age_s <= wanted_s + self._pace.refresh_s:
            return Answer(kept, Origin.STALE)  # the seat is taken all the same: it renews it
        return seat

    async def answer(
        self, seat: Seat, attributes: frozenset[str], freshness: Freshness = AS_USUAL
    ) -> Answer:
        """What came of a seat; what was known before where the source failed and that will do."""
        place = seat.flight.object, seat.key
        for _ in range(_TRIES):
            # Shielded: a sibling's failure cancels this wait, never the shared answer.
            await asyncio.shield(seat.settled)
            if (answer := self.answered(seat, attributes, freshness)) is not None:
                return answer
            seat = self._seat(place, attributes, freshness)
        told = Unavailable(self._source, "the record changes faster than it can be read")
        return self.instead(place, attributes, freshness, told)

    def answered(
        self, seat: Seat, attributes: frozenset[str], freshness: Freshness = AS_USUAL
    ) -> Answer | None:
        """The same for a seat that is settled; None where what was known besides is gone by now.

        Only what was missing or old is asked; meanwhile the record may have changed.
        """
        settled = seat.settled.result()
        if not isinstance(settled, Kept):
            place = seat.flight.object, seat.key
            return self.instead(place, attributes, freshness, settled)
        return None if settled.missing(attributes) else Answer(settled, Origin.ASKED)

    def instead(
        self, place: Place, attributes: frozenset[str], freshness: Freshness, error: SourceError
    ) -> Answer:
        """What was known before, with the error that let nothing newer be had."""
        kept = self._records.get(place)
        if kept is None or not freshness.allow_stale or kept.id is None:
            return Answer(None, Origin.ASKED, error)
        age_s = kept.age_s(attributes, self._now())
        if age_s is None or age_s > self._pace.keep_s:
            return Answer(None, Origin.ASKED, error)
        return Answer(kept, Origin.STALE, error)

    def leave(self, seat: Seat) -> None:
        """Wait no longer for a seat."""
        self._window.leave(seat)

    async def forget(self, object: str, ids: Collection[str]) -> None:
        """Records changed at the source: what is known of them is old, here and where shared."""
        self._window.spoil(object, frozenset(ids))
        places = self._records.forget(object, ids)
        for telling in self._telling:
            telling.old |= {place for place in telling.places if _concerns(place, object, ids)}
        by_id = [(object, Key("id", one)) for one in ids]
        await self._shared.forget(list(dict.fromkeys([*by_id, *places])))

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _wanted_s(self, kept: Kept, freshness: Freshness) -> float:
        if freshness.max_age_s is not None:
            return min(freshness.max_age_s, self._pace.keep_s)
        usual_s = self._pace.fresh_s if kept.id is not None else self._pace.absent_s
        return usual_s * kept.share

    def _seat(self, place: Place, attributes: frozenset[str], freshness: Freshness) -> Seat:
        begun_within_s = math.inf if freshness.max_age_s is None else freshness.max_age_s
        oldest_s = self._oldest_s(freshness)
        return self._window.seat(*place, attributes, oldest_s, begun_within_s)

    def _oldest_s(self, freshness: Freshness) -> float:
        """How old another gateway's answer may be; where there is no other, nobody's is old."""
        if self._shared is NOTHING_SHARED:
            return 0.0
        return self._pace.fresh_s if freshness.max_age_s is None else freshness.max_age_s

    def _depart(self, flight: Flight) -> None:
        task = asyncio.get_running_loop().create_task(self._fly(flight))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _fly(self, flight: Flight) -> None:
        fresh: Mapping[Place, Kept] = {}
        try:
            left = await self._from_shared(flight)
            if left:
                fresh = await self._from_source(flight, left)
        except Exception as error:  # noqa: BLE001 - a bug must cost its fields, not the answer
            # Its text may hold what the CRM said: the class is enough.
            _LOG.error("%s: its connector raised %s", self._source, type(error).__qualname__)
            _settle_rest(flight, BadPayload(self._source, "the connector failed"))
        finally:
            flight.ended = time.monotonic()
            self._window.landed(flight)
            _settle_rest(flight, SourceError(self._source, "the gateway is stopping"))
        await self._tell(fresh)

    async def _tell(self, fresh: Mapping[Place, Kept]) -> None:
        telling = _Telling(frozenset(fresh))
        self._telling.append(telling)
        try:
            await self._shared.keep(fresh)
        finally:
            self._telling.remove(telling)
        if telling.old:  # it changed while it was told
            await self._shared.forget(list(telling.old))

    async def _from_shared(self, flight: Flight) -> list[Key]:
        """Settle what another gateway asked lately; the other keys."""
        places: list[Place] = [(flight.object, key) for key in flight.waiting]
        known, now, left = await self._shared.known(places), self._now(), []
        for place in places:
            key, kept = place[1], known.get(place)
            age_s = kept.age_s(flight.attributes, now) if kept else None
            if kept is None or age_s is None or age_s > self._believed_s(kept, flight, key):
                left.append(key)
            else:
                self._settle(flight, key, kept)
        return left

    def _believed_s(self, kept: Kept, flight: Flight, key: Key) -> float:
        oldest_s = flight.oldest_s[key]
        return oldest_s if kept.id is not None else min(oldest_s, self._pace.absent_s)

    async def _from_source(self, flight: Flight, keys: list[Key]) -> Mapping[Place, Kept]:
        """Settle what the source is asked; what it said, to be told to others."""

        async def fetch(call: Call) -> Mapping[Key, Outcome]:
            flight.calls, flight.keys = flight.calls + 1, len(keys)
            return await self._connector.fetch(call, flight.object, keys, flight.attributes)

        try:
            found = await self._gate.through(self._pace.timeout_s, fetch)
        except SourceError as error:
            _settle_rest(flight, error)
            return {}
        at, silence = self._now(), BadPayload(self._source, "the connector says nothing of a key")
        fresh: dict[Place, Kept] = {}
        for key in keys:
            outcome, place = found.get(key, silence), (flight.object, key)
            if isinstance(outcome, SourceError):
                self._settle(flight, key, outcome)
                continue
            former = self._records.get(place) or unknown(at)
            fresh[place] = former.with_answer(outcome, flight.attributes, at)
            self._settle(flight, key, fresh[place])
        return {place: kept for place, kept in fresh.items() if place[1] not in flight.spoiled}

    def _settle(self, flight: Flight, key: Key, settled: Settled) -> None:
        place = flight.object, key
        if isinstance(settled, Kept):
            own = self._records.get(place)
            settled = settled.merged(own) if own else settled
            if key not in flight.spoiled:
                self._records.put(place, settled)
        if not flight.waiting[key].done():
            flight.waiting[key].set_result(settled)


def _concerns(place: Place, object: str, ids: Collection[str]) -> bool:
    """Whether a place may be one of these records: under another kind of key nobody knows."""
    return place[0] == object and (place[1].kind != "id" or place[1].value in ids)


def _settle_rest(flight: Flight, error: SourceError) -> None:
    for settled in flight.waiting.values():
        if not settled.done():
            settled.set_result(error)
