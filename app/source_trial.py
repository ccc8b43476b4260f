"""Tries a configured source against the real thing, step by step."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.auth.addresses import is_trustworthy
from app.keys import KeyTrouble
from app.opened_source import OpenedSource, opened_source
from app.settings import Settings
from connectors import errors
from connectors.abilities import Attribute, Describes, FactKind, KnowsFacts, TellsChanges
from connectors.base import Key, Outcome, Record
from connectors.declarative.connector import Declared
from connectors.errors import SourceError

PATIENCE_S: Final = 10.0
_SHOWN: Final = 8
_MOST_ATTRIBUTES: Final = 50
# The first that fits.
_HINTS: Final[Mapping[type[SourceError], str]] = {
    errors.Unauthorized: "check the secret, and what its owner may read at the source",
    errors.Timeout: "check base_url, and whether a firewall lets us reach it",
    errors.QuotaExhausted: "wait, or have the source's quota raised",
    errors.RateLimited: "wait a little, and try again",
    errors.Unavailable: "check base_url and networks; if they are right, the source is down",
    errors.WrongSettings: "change the setting, or the file, that the message names",
    errors.UnknownField: "ask for attributes that the source has",
    errors.BadPayload: "compare the connector with the source's own documentation",
    errors.CursorExpired: "begin anew, without a cursor",
}
# With these the source wasn't reached, or not where it should be.
_NOT_THERE: Final = (errors.Timeout, errors.Unavailable, errors.WrongSettings)


class Result(StrEnum):
    """How a step went."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was seen, without any value of a record, and what may help."""

    name: str
    result: Result
    told: str
    hint: str | None = None
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried: None leaves a step out, or to the connector."""

    object: str | None = None
    key: Key | None = None


async def tried(settings: Settings, name: str, trial: Trial) -> AsyncIterator[Step]:
    """Every step, as it is made; what follows a failed one only where it makes sense."""
    if settings.env == "production" and not is_trustworthy(settings.sources[name].base_url):
        told = "not asked, because its secret would travel without https"
        yield Step("settings", Result.FAILED, told, "give base_url an https address")
        return
    try:
        async with opened_source(settings, name) as source:
            connector = settings.sources[name].connector
            yield Step("settings", Result.OK, f"connector {connector}, tenant {source.tenant}")
            async for step in _asked(source, trial):
                yield step
    except (SourceError, KeyTrouble) as error:
        yield _failed("settings", error)


async def _asked(source: OpenedSource, trial: Trial) -> AsyncIterator[Step]:
    address, auth = await _reached(source)
    yield address
    yield auth
    if auth.result is not Result.OK:
        return
    object_ = trial.object or _first_object(source)
    if object_ is None:
        yield Step("object", Result.SKIPPED, "none named", "name one: --object")
        return
    attributes: list[Attribute] = []
    yield await _described(source, object_, attributes)
    names = [item.name for item in attributes][:_MOST_ATTRIBUTES]
    yield await _fetched(source, object_, trial.key, names)
    yield await _gathered(source, object_, trial.key)
    yield await _changed(source, object_, names)


async def _reached(source: OpenedSource) -> tuple[Step, Step]:
    """One ping is two steps: whether anybody is there, and whether we may ask."""
    begun = time.monotonic()
    try:
        await source.connector.ping(source.call(PATIENCE_S))
    except SourceError as error:
        if isinstance(error, _NOT_THERE):
            return _failed("address", error), Step("auth", Result.SKIPPED, "nobody to ask")
        answers = Step("address", Result.OK, "the source answers", ms=_since(begun))
        return answers, _failed("auth", error)
    answers = Step("address", Result.OK, "the source answers", ms=_since(begun))
    return answers, Step("auth", Result.OK, "our credentials are accepted")


async def _described(source: OpenedSource, object_: str, found: list[Attribute]) -> Step:
    connector = source.connector
    if not isinstance(connector, Describes):
        return Step("describe", Result.SKIPPED, "this connector doesn't tell its attributes")

    async def describe() -> str:
        found.extend(await connector.describe(source.call(PATIENCE_S), object_))
        return f"{len(found)} attributes of {object_}: {_some([item.name for item in found])}"

    return await _step("describe", describe)


async def _fetched(
    source: OpenedSource, object_: str, key: Key | None, names: Sequence[str]
) -> Step:
    if key is None:
        return Step("fetch", Result.SKIPPED, "no key given", "give one of a record: --key")

    async def fetch() -> str:
        found = await source.connector.fetch(source.call(PATIENCE_S), object_, [key], names)
        return _told_of_record(source.name, found[key])

    return await _step("fetch", fetch)


async def _gathered(source: OpenedSource, object_: str, key: Key | None) -> Step:
    connector = source.connector
    if not isinstance(connector, KnowsFacts):
        return Step("facts", Result.SKIPPED, "this connector knows no tags and no activities")
    if key is None or key.kind != "id":
        return Step("facts", Result.SKIPPED, "no id given", "give one of a record: --key")

    async def gather() -> str:
        kinds = connector.fact_kinds
        found = await connector.facts(source.call(PATIENCE_S), object_, [key.value], kinds)
        counts = dict.fromkeys(sorted(kinds), 0)
        for fact in found[key.value]:
            counts[fact.kind] += 1
        return ", ".join(f"{count} of kind {_word(kind)}" for kind, count in counts.items())

    return await _step("facts", gather)


async def _changed(source: OpenedSource, object_: str, names: Sequence[str]) -> Step:
    connector = source.connector
    if not isinstance(connector, TellsChanges):
        return Step("changes", Result.SKIPPED, "this connector doesn't tell what changed")

    async def changes() -> str:
        page = await connector.changed(source.call(PATIENCE_S), object_, None, names)
        more = "no more pages" if page.is_last else "and there are more pages"
        return f"{len(page.changes)} on the first page, {more}"

    return await _step("changes", changes)


async def _step(name: str, act: Callable[[], Awaitable[str]]) -> Step:
    begun = time.monotonic()
    try:
        return Step(name, Result.OK, await act(), ms=_since(begun))
    except SourceError as error:
        return _failed(name, error)


def _failed(name: str, error: SourceError | KeyTrouble) -> Step:
    hints = (hint for kind, hint in _HINTS.items() if isinstance(error, kind))
    return Step(name, Result.FAILED, str(error), next(hints, None))


def _told_of_record(source: str, outcome: Outcome) -> str:
    if isinstance(outcome, SourceError):
        raise outcome
    if not isinstance(outcome, Record):
        raise errors.BadPayload(source, "there is no such record")
    filled = sorted(name for name, value in outcome.values.items() if value not in (None, "", []))
    dated = f"changed at {outcome.modified_at:%Y-%m-%d %H:%M} UTC" if outcome.modified_at else ""
    told = f"found; filled: {_some(filled)}" if filled else "found; nothing is filled"
    return f"{told}; {dated}" if dated else told


def _first_object(source: OpenedSource) -> str | None:
    connector = source.connector
    return next(iter(connector.objects), None) if isinstance(connector, Declared) else None


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown or "none"


def _word(kind: FactKind) -> str:
    return kind.value.lower()


def _since(begun: float) -> float:
    return round((time.monotonic() - begun) * 1000, 1)
