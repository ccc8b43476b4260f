"""A live value with its story, and which of several sources' values counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from connectors.errors import BadPayload, SourceError, Unavailable
from connectors.runtime.live_cache import Answer
from graph.kinds.table import KINDS
from graph.kinds.values import holds_list
from graph.model.custom_field import FieldDefinition, FieldSource, SourceRule

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LiveValue:
    """A value as a CRM gave it, and when; `error` where it gave none, or nothing newer.

    `source` is the name of the CRM, or of whoever else gave it; empty: the field's own.
    `candidates` are the values of all sources of a field that has several, in their order; the
    value is one of theirs.
    """

    value: object = field(repr=False, default=None)
    fetched_at: datetime | None = None
    observed_at: datetime | None = None
    error: SourceError | None = None
    is_stale: bool = False
    source: str = field(repr=False, compare=False, default="")
    candidates: tuple["LiveValue", ...] = field(repr=False, default=())

    @property
    def is_known(self) -> bool:
        """Whether the source said what the value is, be it that there is none."""
        return self.error is None or self.is_stale


def chosen(rule: SourceRule, found: Sequence[LiveValue]) -> LiveValue:
    """The value that counts among those of a field's sources, which come in their precedence.

    None that is there gives way to an error: the source that failed may have a value.
    """
    if len(found) == 1:
        return found[0]
    valued = [one for one in found if one.value is not None]
    if valued and rule is SourceRule.MOST_RECENT:
        best = max(valued, key=lambda one: one.observed_at or _LONG_AGO)
    else:
        failed = [one for one in found if one.error]
        best = (valued or failed or found)[0]
    return replace(best, candidates=tuple(found))


def value_of(definition: FieldDefinition, source: FieldSource, answer: Answer) -> LiveValue:
    """What an answer of one of a definition's sources means."""
    kept, error, name = answer.kept, answer.error, source.connector or ""
    if kept is None:
        return LiveValue(error=error, source=name)
    seen = kept.values.get(source.attribute or "")
    if kept.id is None:  # the source has no such record
        return LiveValue(fetched_at=kept.at, source=name)
    if seen is None:
        return LiveValue(error=Unavailable(name, "the attribute wasn't asked"), source=name)
    given, story = seen.value, (seen.at, kept.modified_at, error, answer.is_stale, name)
    if isinstance(given, list) and len(given) == 1 and not holds_list(definition):
        given = given[0]  # a path through a list, as Tryton answers it
    if given is None or given == "":
        return LiveValue(None, *story)
    try:
        return LiveValue(_understood(definition, given), *story)
    except ValueError:
        told = f"{definition.key} is not a {definition.kind}"
        return LiveValue(error=BadPayload(name, told), source=name)


def _understood(definition: FieldDefinition, given: object) -> object:
    """What a CRM's value means; a field that holds a list takes a single value as one of one."""
    read, facets = KINDS[definition.kind].from_source, definition.facets
    if not holds_list(definition):
        return read(given, facets)
    return tuple(read(item, facets) for item in (given if isinstance(given, list) else [given]))
