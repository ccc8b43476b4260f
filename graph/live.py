"""Live CRM attributes of one request: asked once, in one batch for each source and object."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import Key, Outcome
from connectors.errors import BadPayload, SourceError, Timeout
from connectors.runtime.budget import Budget
from graph.kinds.table import KINDS
from graph.kinds.values import holds_list
from graph.model.custom_field import FieldDefinition
from graph.model.profile import Link
from graph.sources import Source

_LOG = logging.getLogger("gateway.sources")
_WINDOW_S = 0.002


@dataclass(frozen=True, slots=True)
class LiveValue:
    """A value as a CRM gave it, and when; `error` where it gave none."""

    value: object = field(repr=False, default=None)
    fetched_at: datetime | None = None
    observed_at: datetime | None = None
    error: SourceError | None = None


@dataclass(slots=True)
class SourceReport:
    """What one source was asked during one request.

    `ms` is the time its calls took, summed; `errors` holds each code once.
    """

    source: str
    calls: int = 0
    keys: int = 0
    ms: float = 0.0
    errors: list[str] = field(default_factory=list)

    def failed(self, codes: Iterable[str]) -> None:
        """Note what went wrong."""
        self.errors.extend(sorted(set(codes) - set(self.errors)))

    def with_other(self, other: "SourceReport") -> "SourceReport":
        """Both together."""
        errors = list(dict.fromkeys([*self.errors, *other.errors]))
        calls, keys, ms = self.calls + other.calls, self.keys + other.keys, self.ms + other.ms
        return SourceReport(self.source, calls, keys, ms, errors)

    def spent(self, since: float) -> None:
        """Count a call's time, from `since` on the monotonic clock until now."""
        self.ms += (time.monotonic() - since) * 1000


@dataclass(slots=True)
class _Batch:
    source: Source
    object: str
    attributes: frozenset[str]
    waiting: dict[Key, asyncio.Future[tuple[Outcome, datetime]]] = field(default_factory=dict)
    seen: dict[Key, asyncio.Future[tuple[Outcome, datetime]]] = field(default_factory=dict)
    is_scheduled: bool = False


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
        self._running: dict[asyncio.Task[None], tuple[SourceReport, float]] = {}
        self._batches: dict[tuple[str, str], _Batch] = {}
        self._is_closed = False
        self.reports: dict[str, SourceReport] = {}
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

    def start(self, profile_id: str, links: Sequence[Link] | None = None) -> None:
        """Begin to ask for a profile: before it is read (`links` None) where a source allows it."""
        for batch in self._batches.values():
            if links is not None or not batch.source.needs_links:
                key = batch.source.key_of(profile_id, links or (), batch.object)
                if key is not None:
                    self._future(batch, key)

    async def read(
        self, definition: FieldDefinition, profile_id: str, links: Sequence[Link]
    ) -> LiveValue:
        """One attribute of one profile, with its time or its error; never raises for a source."""
        name, object_ = _place(definition)
        batch = self._batches.get((name, object_))
        if batch is None:
            return LiveValue(error=SourceError(name, "no such source is configured"))
        key = batch.source.key_of(profile_id, links, object_)
        if key is None:
            return LiveValue(fetched_at=self._now())
        try:
            async with asyncio.timeout(self._budget.remaining_s()):
                # Shielded: a sibling's failure cancels this wait, never the shared answer.
                outcome, at = await asyncio.shield(self._future(batch, key))
        except TimeoutError:
            late = Timeout(name, "no answer within the request's budget")
            if name in self.reports:
                self.reports[name].failed([late.code])
            return LiveValue(error=late)
        found = _value(definition, outcome, at)
        if isinstance(found.error, BadPayload):
            self.reports[name].failed([found.error.code])
        return found

    def close(self) -> None:
        """Give up what nobody waits for any more; its time counts up to now."""
        self._is_closed = True
        for task, (report, began) in self._running.items():
            if not task.done():
                task.cancel()
                report.spent(began)

    def _future(self, batch: _Batch, key: Key) -> asyncio.Future[tuple[Outcome, datetime]]:
        if key not in batch.seen:
            loop = asyncio.get_running_loop()
            batch.seen[key] = batch.waiting[key] = loop.create_future()
            if not batch.is_scheduled:
                batch.is_scheduled = True
                loop.call_later(_WINDOW_S, self._ask, batch)
        return batch.seen[key]

    def _ask(self, batch: _Batch) -> None:
        # Nobody waits: the answer came within the window, or its time is over.
        if self._is_closed or self._budget.remaining_s() <= 0:
            return
        asked, batch.waiting, batch.is_scheduled = batch.waiting, {}, False
        size = batch.source.connector.max_keys
        keys = list(asked)
        for start in range(0, len(keys), size):
            part = {key: asked[key] for key in keys[start : start + size]}
            report = self.reports.setdefault(batch.source.name, SourceReport(batch.source.name))
            report.calls += 1
            report.keys += len(part)
            task = asyncio.get_running_loop().create_task(self._fetch(batch, part, report))
            self._running[task] = report, time.monotonic()
            task.add_done_callback(self._running.pop)

    async def _fetch(
        self,
        batch: _Batch,
        asked: Mapping[Key, asyncio.Future[tuple[Outcome, datetime]]],
        report: SourceReport,
    ) -> None:
        source, began = batch.source, time.monotonic()
        try:
            found = await source.fetch(batch.object, list(asked), batch.attributes, self._budget)
            silence = BadPayload(source.name, "the connector says nothing of a key")
            outcomes = {key: found.get(key, silence) for key in asked}
        except Exception as error:  # noqa: BLE001 - a bug must cost its fields, not the answer
            # Its text may hold what the CRM said: the class is enough.
            _LOG.error("%s: its connector raised %s", source.name, type(error).__qualname__)
            failure = BadPayload(source.name, "the connector failed")
            outcomes = dict.fromkeys(asked, failure)
        at = self._now()
        report.spent(began)
        report.failed(item.code for item in outcomes.values() if isinstance(item, SourceError))
        for key, future in asked.items():
            if not future.done():
                future.set_result((outcomes[key], at))


def _place(definition: FieldDefinition) -> tuple[str, str]:
    return definition.source.connector or "", definition.source.object or ""


def _value(definition: FieldDefinition, outcome: Outcome, at: datetime) -> LiveValue:
    if isinstance(outcome, SourceError):
        return LiveValue(error=outcome)
    if outcome is None:
        return LiveValue(fetched_at=at)
    given = outcome.values.get(definition.source.attribute or "")
    if isinstance(given, list) and len(given) == 1 and not holds_list(definition):
        given = given[0]  # a path through a list, as Tryton answers it
    if given is None or given == "":
        return LiveValue(fetched_at=at, observed_at=outcome.modified_at)
    try:
        value = _understood(definition, given)
    except ValueError:
        source = definition.source.connector or ""
        return LiveValue(error=BadPayload(source, f"{definition.key} is not a {definition.kind}"))
    return LiveValue(value, at, outcome.modified_at)


def _understood(definition: FieldDefinition, given: object) -> object:
    """What a CRM's value means; a field that holds a list takes a single value as one of one."""
    read, facets = KINDS[definition.kind].from_source, definition.facets
    if not holds_list(definition):
        return read(given, facets)
    return tuple(read(item, facets) for item in (given if isinstance(given, list) else [given]))
