"""Pages of timelines: each lane is read in bounded parts, and lanes are merged."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo.asynchronous.collection import AsyncCollection

from app.store.documents import Document
from app.store.timeline_keys import (
    EVERY,
    KEYS,
    LAST,
    Lane,
    instant_position,
    lane_of,
)
from graph.model.interaction import TimelineQuery

_SHORT: Final = 256
"""Up to how many interactions of a profile are read without looking for marks."""
_STEPS: Final = 3
_WIDER: Final = 3
_SPARE: Final = 5
"""How many marks more than a page has on average: so one step in a thousand is too short."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an owner's timeline before it is read."""

    count: int = 0
    newest: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the newest positions are all."""
        return self.count <= len(self.newest)


@dataclass(frozen=True, slots=True)
class Cut:
    """Documents of a page in their order; `reached` is the position up to which they are all.

    Without `reached`, nothing is left out up to the last one that was asked for.
    """

    documents: list[Document] = field(default_factory=list)
    reached: str | None = None


def bounds_of(asked: TimelineQuery, after: str | None) -> tuple[str, str]:
    """Between which positions a query looks, both excluded."""
    low = after or ""
    if asked.until is not None:
        low = max(low, instant_position(asked.until) + LAST)
    high = instant_position(asked.since) + LAST if asked.since is not None else LAST
    return low, high


def newest_of(
    asked: TimelineQuery, after: str | None, known: Mapping[str, Known]
) -> list[str] | None:
    """The positions that a page is in, first to last; None where they aren't all known.

    With conditions they are all that may meet them, else one more than the page has.
    """
    low, high = bounds_of(asked, after)
    ends, found = [], list[str]()
    for owner in asked.owners:
        of_owner = known.get(owner, Known())
        found += of_owner.newest
        if not of_owner.is_whole:
            ends.append(of_owner.newest[-1])
    end = min(ends, default=LAST)
    within = sorted(one for one in found if low < one < high and one <= end)
    if not ends:
        return within if asked.is_narrowed else within[: asked.first + 1]
    is_enough = len(within) > asked.first or high <= end
    return within[: asked.first + 1] if is_enough and not asked.is_narrowed else None


def lanes_of(
    asked: TimelineQuery, after: str | None, tenant: str
) -> Iterator[tuple[Lane, Document]]:
    """The lanes that a query reads, each with what is left to be checked."""
    low, high = bounds_of(asked, after)
    given = {
        "agent": None if asked.agent is None else [asked.agent],
        "kind": None if asked.kinds is None else sorted(one.value for one in asked.kinds),
        "channel": None if asked.channels is None else sorted(one.value for one in asked.channels),
    }
    narrowing = {name: values for name, values in given.items() if values is not None}
    chosen = min(narrowing, key=lambda name: len(narrowing[name]), default="all")
    rest = {name: {"$in": values} for name, values in narrowing.items() if name != chosen}
    for owner in asked.owners:
        for value in narrowing.get(chosen, [None]):
            lane = lane_of(tenant, owner, chosen, value)
            yield Lane(chosen, lane.base, low, high), rest


class Timelines:
    """Reads timelines of one collection of interactions."""

    def __init__(self, interactions: AsyncCollection[Document]) -> None:
        self._interactions = interactions

    async def read(
        self,
        asked: TimelineQuery,
        after: str | None,
        tenant: str,
        known: Mapping[str, Known],
        fields: Mapping[str, Any],
    ) -> Cut:
        """Up to one document more than a page has."""
        wanted, shown = asked.first + 1, {**fields, f"{KEYS}.all": 1}
        is_long = any(known.get(one, Known()).count > _SHORT for one in asked.owners)
        cuts = await asyncio.gather(
            *(
                self._lane(lane, rest, wanted, shown, is_long=is_long)
                for lane, rest in lanes_of(asked, after, tenant)
            )
        )
        found = {place_of(one): one for cut in cuts for one in cut.documents}
        reached = min((cut.reached for cut in cuts if cut.reached), default=None)
        places = sorted(place for place in found if reached is None or place <= reached)[:wanted]
        return Cut([found[place] for place in places], reached if len(places) < wanted else None)

    async def count(self, asked: TimelineQuery, tenant: str) -> int:
        """How many interactions a query finds."""
        counted = await asyncio.gather(
            *(
                self._interactions.count_documents(_range(lane, lane.low, lane.high) | rest)
                for lane, rest in lanes_of(asked, None, tenant)
            )
        )
        return sum(counted)

    async def _lane(
        self,
        lane: Lane,
        rest: Document,
        wanted: int,
        fields: Mapping[str, Any],
        *,
        is_long: bool,
    ) -> Cut:
        found: list[Document] = []
        at, marks = lane.low, wanted // EVERY + _SPARE
        for _ in range(_STEPS):
            end = await self._mark(lane, at, marks) if is_long else lane.high
            query, left = _range(lane, at, end) | rest, wanted - len(found)
            cursor = self._interactions.find(query, fields).sort(lane.path(), 1).limit(left)
            found += await cursor.to_list()
            if end == lane.high or len(found) >= wanted:
                return Cut(found)
            at, marks = end, marks * _WIDER
        return Cut(found, at)

    async def _mark(self, lane: Lane, low: str, number: int) -> str:
        """The position of about the `number`th mark behind `low`; the lane's end without one."""
        high = await self._marks(lane, 2, low, lane.high, number // EVERY + 1)
        end = high[-1] if high else lane.high
        marks = await self._marks(lane, 1, low, end, number)
        return marks[-1] if len(marks) == number else end

    async def _marks(self, lane: Lane, level: int, low: str, high: str, most: int) -> list[str]:
        path = lane.path(level)
        name = path.partition(".")[2]
        cursor = self._interactions.find(_range(lane, low, high, level), {path: 1, "_id": 0})
        documents = await cursor.sort(path, 1).limit(most).to_list()
        return [lane.position(document[KEYS][name]) for document in documents]


def place_of(document: Mapping[str, Any]) -> str:
    """The position of an interaction that was read with its key."""
    key: str = document[KEYS]["all"]
    return "/".join(key.split("/")[-2:])


def matches(asked: TimelineQuery, document: Mapping[str, Any]) -> bool:
    """Whether the conditions of a query, but for those of time, hold for a document."""
    return (
        (asked.agent is None or document.get("agent") == asked.agent)
        and (asked.kinds is None or document.get("kind") in {one.value for one in asked.kinds})
        and (
            asked.channels is None
            or document.get("channel") in {one.value for one in asked.channels}
        )
    )


def _range(lane: Lane, low: str, high: str, level: int = 0) -> Document:
    # A mark that ends a part belongs to it; the end of a lane is behind all that belongs to it.
    upper = "$lt" if high == lane.high else "$lte"
    return {lane.path(level): {"$gt": f"{lane.base}{low}", upper: f"{lane.base}{high}"}}
