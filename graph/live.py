"""Live CRM attributes of one request: asked in as few calls as all readers of the moment need."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import Key
from connectors.errors import SourceError, Timeout
from connectors.runtime.budget import Budget
from connectors.runtime.live_cache import Answer
from connectors.runtime.pace import AS_USUAL, Freshness
from connectors.runtime.window import Seat
from graph.live_report import SourceReport, Story
from graph.live_value import LiveValue, chosen, value_of
from graph.model.custom_field import FieldDefinition, FieldSource
from graph.model.profile import Link
from graph.sources import Source

_Asked = tuple[Key, Freshness]
_LATE = "no answer within the request's budget"


@dataclass(slots=True)
class _Batch:
    """One object of one source: what of it is asked, and what came."""

    source: Source
    object: str
    attributes: frozenset[str]
    seen: dict[_Asked, Answer | Seat] = field(default_factory=dict)


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
        self._stories: dict[str, Story] = {}
        wanted: dict[tuple[str, str], set[str]] = {}
        for field_source in (one for item in definitions for one in item.sources):
            attribute = field_source.attribute or ""
            wanted.setdefault(_place(field_source), set()).add(attribute)
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
        reports = {name: story.report(name) for name, story in self._stories.items()}
        asked = {name: one for name, one in reports.items() if one != SourceReport(name)}
        for batch in self._batches.values():
            if batch.source.name in asked:
                asked[batch.source.name].quota = batch.source.gate.quota
        return asked

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
        """One field of one profile where that needs no waiting; None where it does."""
        found = [
            self._known(definition, source, profile_id, links, freshness)
            for source in definition.sources
        ]
        there = [one for one in found if one]
        return chosen(definition.rule, there) if len(there) == len(found) else None

    async def read(
        self,
        definition: FieldDefinition,
        profile_id: str,
        links: Sequence[Link],
        freshness: Freshness = AS_USUAL,
    ) -> LiveValue:
        """One field of one profile, with its time or its error; never raises for a source."""
        waits = [
            self._read(definition, source, profile_id, links, freshness)
            for source in definition.sources
        ]
        return chosen(definition.rule, await asyncio.gather(*waits))

    def _known(
        self,
        definition: FieldDefinition,
        source: FieldSource,
        profile_id: str,
        links: Sequence[Link],
        freshness: Freshness,
    ) -> LiveValue | None:
        name, object_ = _place(source)
        batch = self._batches.get((name, object_))
        if batch is None:
            return LiveValue(error=SourceError(name, "no such source is configured"), source=name)
        key = batch.source.key_of(profile_id, links, object_)
        if key is None:
            return LiveValue(fetched_at=self._now(), source=name)
        if (key, freshness) not in batch.seen and self._budget.remaining_s() <= 0:
            late, place = Timeout(name, _LATE), (object_, key)
            answer = batch.source.cache.instead(place, batch.attributes, freshness, late)
            return self._told(definition, source, answer)
        asked = self._ask(batch, key, freshness)
        if isinstance(asked, Answer):
            return self._told(definition, source, asked)
        if asked.settled.done():
            answer = batch.source.cache.answered(asked, batch.attributes, freshness)
            return self._told(definition, source, answer)
        return None

    async def _read(
        self,
        definition: FieldDefinition,
        source: FieldSource,
        profile_id: str,
        links: Sequence[Link],
        freshness: Freshness,
    ) -> LiveValue:
        known = self._known(definition, source, profile_id, links, freshness)
        if known is not None:
            return known
        name, object_ = _place(source)
        batch = self._batches[name, object_]
        key = batch.source.key_of(profile_id, links, object_)
        seat = batch.seen[key, freshness] if key else None
        assert isinstance(seat, Seat)  # noqa: S101 - what isn't known is asked
        return self._told(definition, source, await self._answer(batch, seat, freshness))

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

    def _told(self, definition: FieldDefinition, source: FieldSource, answer: Answer) -> LiveValue:
        found = value_of(definition, source, answer)
        if found.error or found.is_stale:
            story = self._stories.get(found.source)
            if story is not None:
                story.stale += found.is_stale
                story.errors |= {found.error.code} if found.error else set()
        return found

    def _ask(self, batch: _Batch, key: Key, freshness: Freshness) -> Answer | Seat:
        asked = batch.seen.get((key, freshness)) or _asked_anyway(batch, key, freshness)
        if asked is None:
            asked = batch.source.cache.ask(batch.object, key, batch.attributes, freshness)
            batch.seen[key, freshness] = asked
            story = self._stories.setdefault(batch.source.name, Story())
            if isinstance(asked, Seat):
                story.seat(asked)
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


def _place(source: FieldSource) -> tuple[str, str]:
    return source.connector or "", source.object or ""
