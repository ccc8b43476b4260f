"""Live CRM attributes of one request, with the story of each value."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import Key
from connectors.errors import BadPayload, SourceError, Timeout
from connectors.runtime.budget import Budget
from connectors.runtime.live_cache import Answer
from connectors.runtime.pace import AS_USUAL, Freshness
from connectors.runtime.window import Flight, Seat
from graph.kinds.table import KINDS
from graph.kinds.values import holds_list
from graph.model.custom_field import FieldDefinition
from graph.model.profile import Link
from graph.sources import Source

_Asked = tuple[Key, Freshness]
_LATE = "no answer within the request's budget"


@dataclass(frozen=True, slots=True)
class LiveValue:
    """A value as a CRM gave it, and when; `error` where it gave none, or nothing newer.

    `is_known` is false where only the error is.
    """

    value: object = field(repr=False, default=None)
    fetched_at: datetime | None = None
    observed_at: datetime | None = None
    error: SourceError | None = None
    is_stale: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the source said what the value is, be it that there is none."""
        return self.error is None or self.is_stale


@dataclass(slots=True)
class SourceReport:
    """What one source was asked for one request.

    `calls` are those that this request took part in, with others or alone, and `ms` is the time
    they took, summed; `keys` are the records it wanted of them.  `cache_hits` are records that
    were known already, `stale` values that were older than they should be; `errors` holds each
    code once.
    """

    source: str
    calls: int = 0
    keys: int = 0
    ms: float = 0.0
    cache_hits: int = 0
    stale: int = 0
    errors: list[str] = field(default_factory=list)

    def with_other(self, other: "SourceReport") -> "SourceReport":
        """Both together."""
        return SourceReport(
            self.source,
            self.calls + other.calls,
            self.keys + other.keys,
            self.ms + other.ms,
            self.cache_hits + other.cache_hits,
            self.stale + other.stale,
            list(dict.fromkeys([*self.errors, *other.errors])),
        )


@dataclass(slots=True)
class _Batch:
    """One object of one source: what of it is asked, and what came."""

    source: Source
    object: str
    attributes: frozenset[str]
    seen: dict[_Asked, Answer | Seat] = field(default_factory=dict)


@dataclass(slots=True)
class _Story:
    """What became of the readings of one source."""

    flights: dict[int, Flight] = field(default_factory=dict)
    seated: set[tuple[int, Key]] = field(default_factory=set)
    cache_hits: int = 0
    stale: int = 0
    errors: set[str] = field(default_factory=set)


class LiveReads:
    """The live attributes that one operation selected and may read.

    `definitions` are those fields; nothing else is ever asked of a source.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        definitions: Iterable[FieldDefinition],
        budget: Budget,
        now: Callable[[], datetime],
    ) -> None:
        self._budget = budget
        self._now = now
        self._batches: dict[tuple[str, str], _Batch] = {}
        self._stories: dict[str, _Story] = {}
        wanted: dict[tuple[str, str], set[str]] = {}
        for definition in definitions:
            place = _place(definition)
            wanted.setdefault(place, set()).add(definition.source.attribute or "")
        for (name, object_), attributes in wanted.items():
            if name in sources:
                source = sources[name]
                self._batches[name, object_] = _Batch(source, object_, frozenset(attributes))

    @property
    def needs_links(self) -> bool:
        """Whether a source can only be asked with a profile's links."""
        return any(batch.source.needs_links for batch in self._batches.values())

    @property
    def reports(self) -> dict[str, SourceReport]:
        """What each source was asked until now, those alone that were asked anything."""
        reports = {name: _report(name, story) for name, story in self._stories.items()}
        return {name: one for name, one in reports.items() if one != SourceReport(name)}

    def start(self, profile_id: str, links: Sequence[Link] | None = None) -> None:
        """Begin to ask for a profile: before it is read (`links` None) where a source allows it."""
        for batch in self._batches.values():
            if links is not None or not batch.source.needs_links:
                key = batch.source.key_of(profile_id, links or (), batch.object)
                if key is not None and self._budget.remaining_s() > 0:
                    self._ask(batch, key, AS_USUAL)

    def known(
        self,
        definition: FieldDefinition,
        profile_id: str,
        links: Sequence[Link],
        freshness: Freshness = AS_USUAL,
    ) -> LiveValue | None:
        """One attribute of one profile where that needs no waiting; None where it does."""
        name, object_ = _place(definition)
        batch = self._batches.get((name, object_))
        if batch is None:
            return LiveValue(error=SourceError(name, "no such source is configured"))
        key = batch.source.key_of(profile_id, links, object_)
        if key is None:
            return LiveValue(fetched_at=self._now())
        if (key, freshness) not in batch.seen and self._budget.remaining_s() <= 0:
            late = Timeout(name, _LATE)
            cache, place = batch.source.cache, (object_, key)
            return self._told(definition, cache.instead(place, batch.attributes, freshness, late))
        asked = self._ask(batch, key, freshness)
        return self._told(definition, asked) if isinstance(asked, Answer) else None

    async def read(
        self,
        definition: FieldDefinition,
        profile_id: str,
        links: Sequence[Link],
        freshness: Freshness = AS_USUAL,
    ) -> LiveValue:
        """One attribute of one profile, with its time or its error; never raises for a source."""
        known = self.known(definition, profile_id, links, freshness)
        if known is not None:
            return known
        name, object_ = _place(definition)
        batch = self._batches[name, object_]
        key = batch.source.key_of(profile_id, links, object_)
        seat = batch.seen[key, freshness] if key else None
        assert isinstance(seat, Seat)  # noqa: S101 - what isn't known is asked
        return self._told(definition, await self._answer(batch, seat, freshness))

    def close(self) -> None:
        """Wait for nothing any more: what isn't asked yet, and nobody else wants, never is."""
        for batch in self._batches.values():
            seats = {id(one.settled): one for one in batch.seen.values() if isinstance(one, Seat)}
            for seat in seats.values():
                batch.source.cache.leave(seat)

    async def _answer(self, batch: _Batch, seat: Seat, freshness: Freshness) -> Answer:
        cache = batch.source.cache
        try:
            async with asyncio.timeout(self._budget.remaining_s()):
                return await cache.answer(seat, batch.attributes, freshness)
        except TimeoutError:
            late, place = Timeout(batch.source.name, _LATE), (batch.object, seat.key)
            return cache.instead(place, batch.attributes, freshness, late)

    def _told(self, definition: FieldDefinition, answer: Answer) -> LiveValue:
        found = _value(definition, answer)
        if found.error or found.is_stale:
            story = self._stories.get(definition.source.connector or "")
            if story is not None:
                story.stale += found.is_stale
                story.errors |= {found.error.code} if found.error else set()
        return found

    def _ask(self, batch: _Batch, key: Key, freshness: Freshness) -> Answer | Seat:
        asked = batch.seen.get((key, freshness)) or _asked_anyway(batch, key, freshness)
        if asked is None:
            asked = batch.source.cache.ask(batch.object, key, batch.attributes, freshness)
            batch.seen[key, freshness] = asked
            story = self._stories.setdefault(batch.source.name, _Story())
            if isinstance(asked, Seat):
                story.flights[id(asked.flight)] = asked.flight
                story.seated.add((id(asked.flight), asked.key))
            else:
                story.cache_hits += 1
        return asked


def _asked_anyway(batch: _Batch, key: Key, freshness: Freshness) -> Seat | None:
    """What this request already asks of a key, where that is new enough for this reader too."""
    usual = batch.seen.get((key, AS_USUAL))
    if isinstance(usual, Seat) and usual.flight.oldest_s[key] <= (freshness.max_age_s or 0):
        batch.seen[key, freshness] = usual
        return usual
    return None


def _report(name: str, story: _Story) -> SourceReport:
    flights = story.flights.values()
    return SourceReport(
        source=name,
        calls=sum(flight.calls for flight in flights),
        keys=sum(story.flights[number].calls > 0 for number, _ in story.seated),
        ms=sum(flight.ms for flight in flights if flight.calls),
        cache_hits=story.cache_hits,
        stale=story.stale,
        errors=sorted(story.errors),
    )


def _place(definition: FieldDefinition) -> tuple[str, str]:
    return definition.source.connector or "", definition.source.object or ""


def _value(definition: FieldDefinition, answer: Answer) -> LiveValue:
    kept, error = answer.kept, answer.error
    if kept is None:
        return LiveValue(error=error)
    seen = kept.values.get(definition.source.attribute or "")
    if seen is None:  # the source has no such record
        return LiveValue(fetched_at=kept.at)
    given, story = seen.value, (seen.at, kept.modified_at, error, answer.is_stale)
    if isinstance(given, list) and len(given) == 1 and not holds_list(definition):
        given = given[0]  # a path through a list, as Tryton answers it
    if given is None or given == "":
        return LiveValue(None, *story)
    try:
        return LiveValue(_understood(definition, given), *story)
    except ValueError:
        source = definition.source.connector or ""
        return LiveValue(error=BadPayload(source, f"{definition.key} is not a {definition.kind}"))


def _understood(definition: FieldDefinition, given: object) -> object:
    """What a CRM's value means; a field that holds a list takes a single value as one of one."""
    read, facets = KINDS[definition.kind].from_source, definition.facets
    if not holds_list(definition):
        return read(given, facets)
    return tuple(read(item, facets) for item in (given if isinstance(given, list) else [given]))
