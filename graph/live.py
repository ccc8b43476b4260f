"""Live CRM attributes of one request: asked in as few calls as all readers of the moment need."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import Key
from connectors.errors import SourceError, Timeout
from connectors.runtime.budget import Budget
from connectors.runtime.live_cache import Answer
from connectors.runtime.pace import AS_USUAL, Freshness
from connectors.runtime.window import Seat
from graph.live_report import SourceReport, Story, reports_of
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
        self._taken: list[tuple[Source, Seat]] = []
        self._began = time.monotonic()
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
    def stories(self) -> dict[str, Story]:
        """What became of the readings of each source until now."""
        for batch in self._batches.values():
            if (story := self._stories.get(batch.source.name)) is not None:
                story.quota = batch.source.gate.quota
        return self._stories

    @property
    def reports(self) -> dict[str, SourceReport]:
        """What each source was asked until now, those alone that were asked anything."""
        return reports_of([self.stories])

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
            return self._told(definition, source, key, answer)
        asked = self._ask(batch, key, freshness)
        if isinstance(asked, Answer):
            return self._told(definition, source, key, asked)
        found = None
        if asked.settled.done():
            found = batch.source.cache.answered(asked, batch.attributes, freshness)
        return self._told(definition, source, key, found) if found else None

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
        answer = await self._answer(batch, seat, freshness)
        return self._told(definition, source, seat.key, answer)

    def close(self) -> None:
        """Wait for nothing any more: what isn't asked yet, and nobody else wants, never is."""
        for source, seat in self._taken:
            source.cache.leave(seat)
        self._taken.clear()

    async def _answer(self, batch: _Batch, seat: Seat, freshness: Freshness) -> Answer:
        cache = batch.source.cache
        try:
            async with asyncio.timeout(self._budget.remaining_s()):
                return await cache.answer(seat, batch.attributes, freshness)
        except TimeoutError:
            late, place = Timeout(batch.source.name, _LATE), (batch.object, seat.key)
            return cache.instead(place, batch.attributes, freshness, late)

    def _told(
        self, definition: FieldDefinition, source: FieldSource, key: Key, answer: Answer
    ) -> LiveValue:
        found, story = value_of(definition, source, answer), self._stories.get(_place(source)[0])
        if story is not None and found.is_stale:
            story.stale.add((source.object or "", source.attribute or "", key.value))
        if story is not None and found.error:
            story.errors.add(found.error.code)
        return found

    def _ask(self, batch: _Batch, key: Key, freshness: Freshness) -> Answer | Seat:
        asked = batch.seen.get((key, freshness)) or self._asked_anyway(batch, key, freshness)
        if asked is None:
            asked = batch.source.cache.ask(batch.object, key, batch.attributes, freshness)
            batch.seen[key, freshness] = asked
            story = self._stories.setdefault(batch.source.name, Story())
            if isinstance(asked, Seat):
                story.seat(asked)
                self._taken.append((batch.source, asked))
            else:
                story.known.add((batch.object, key))
        return asked

    def _asked_anyway(self, batch: _Batch, key: Key, freshness: Freshness) -> Seat | None:
        """What this request already asks of a key, where that will do for this reader too."""
        usual = batch.seen.get((key, AS_USUAL))
        if not isinstance(usual, Seat):
            return None
        flight, max_age_s = usual.flight, freshness.max_age_s
        is_recent = max_age_s is None or flight.began is None or flight.began >= self._began
        if is_recent and flight.oldest_s.get(key, 0.0) <= (max_age_s or 0):
            batch.seen[key, freshness] = usual
            return usual
        return None


def _place(source: FieldSource) -> tuple[str, str]:
    return source.connector or "", source.object or ""
