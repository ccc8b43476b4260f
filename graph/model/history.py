"""History: who changed what of a profile, from which source, when."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

from graph.model.consent import Consent
from graph.model.identity import Identity
from graph.model.label import Label
from graph.model.merging import Survival
from graph.model.preference import NO_PREFERENCES, Preferences
from graph.model.profile import Link, PersonName, Profile
from graph.model.record import CUSTOM
from policies.classification import DataClass, classified

SINGLE: Final = ("state", "name.given", "name.family", "birth_date", "gender", "language")
ITEMS: Final[Mapping[str, type[Any]]] = {
    "identities": Identity,
    "links": Link,
    "labels": Label,
    "consents": Consent,
    "preferences": Preferences,
}
"""What is told as items with parts, and of which class they are; preferences are one item."""
UNTOLD: Final = frozenset({"origins", "last_seen_at", "is_current", "said"})
"""What of an item isn't history: it tells of merges, or changes with every call."""


class HistoryKind(Enum):
    """What happened to a profile."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    MERGED = "MERGED"
    UNMERGED = "UNMERGED"


@dataclass(frozen=True, slots=True)
class ValueChange:
    """What an attribute was and is; of a collection, the items that went and those that came."""

    attribute: str
    before: object = field(repr=False)
    after: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class MergeNote:
    """A merge, or its end: the other profile, and whose values survived."""

    merge: str
    other: str
    survivals: tuple[Survival, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change of one profile; `version` is the one that it made, `at` is aware, UTC.

    `changes` are keyed by attribute; which of them somebody may see is decided one by one.
    """

    profile_id: str = classified(DataClass.PUBLIC)
    version: int = classified(DataClass.PUBLIC)
    at: datetime = classified(DataClass.PUBLIC)
    kind: HistoryKind = classified(DataClass.PUBLIC)
    by: str | None = classified(DataClass.INTERNAL, default=None)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    merge: MergeNote | None = classified(DataClass.PUBLIC, default=None)
    changes: tuple[ValueChange, ...] = classified(DataClass.PUBLIC, repr=False, default=())


def differences(before: Profile, after: Profile) -> tuple[ValueChange, ...]:
    """What changed from one state of a profile to another."""
    return (*_of_values(before, after), *_of_items(before, after))


def _of_values(before: Profile, after: Profile) -> Iterator[ValueChange]:
    old, new = dict(_values(before)), dict(_values(after))
    for attribute in dict.fromkeys((*old, *new)):
        was, is_ = old.get(attribute), new.get(attribute)
        if was != is_:
            yield ValueChange(attribute, was, is_)


def _values(profile: Profile) -> Iterator[tuple[str, object]]:
    name = profile.name or PersonName()
    yield from {"name.given": name.given, "name.family": name.family}.items()
    for attribute in SINGLE:
        if "." not in attribute:
            yield attribute, getattr(profile, attribute)
    for key, value in (profile.custom or {}).items():
        yield f"{CUSTOM}{key}", value


def _of_items(before: Profile, after: Profile) -> Iterator[ValueChange]:
    for attribute in ITEMS:
        old, new = (_told(getattr(side, attribute)) for side in (before, after))
        went = tuple(item for item in old if item not in new)
        came = tuple(item for item in new if item not in old)
        if went or came:
            yield ValueChange(attribute, went, came)


def _told(items: Any) -> list[Any]:  # noqa: ANN401 - of any class of `ITEMS`
    if isinstance(items, Preferences):
        items = () if items == NO_PREFERENCES else (items,)
    return [dataclasses.replace(item, **_blank(type(item))) for item in items or ()]


def _blank(model: type[Any]) -> dict[str, object]:
    known = {item.name: item.default for item in dataclasses.fields(model)}
    return {name: known[name] for name in UNTOLD & known.keys()}
