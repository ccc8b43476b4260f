"""What a profile is found by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final

from graph.model.comparison import Measure
from graph.model.filter import Place, folded
from graph.model.identity import IdentityName
from graph.model.label import label_key

BY_ID: Final = Place("id", "id")
MERGED_ID: Final = Place("id", "merged")
"""What absorbed profiles are walked by; nobody finds them."""
BY_STATE: Final = Place("state", "state")
BY_LANGUAGE: Final = Place("language", "language")
BY_GIVEN_NAME: Final = Place("given", "given")
BY_FAMILY_NAME: Final = Place("family", "family")
BY_BIRTH_DATE: Final = Place("birth", "birth")
BY_CREATED_AT: Final = Place("created", "created")
BY_UPDATED_AT: Final = Place("updated", "updated")
BY_LABEL: Final = Place("labels", "labels", is_list=True)

PATCHED: Final = {
    "name.given": BY_GIVEN_NAME,
    "name.family": BY_FAMILY_NAME,
    "birth_date": BY_BIRTH_DATE,
    "language": BY_LANGUAGE,
    "labels": BY_LABEL,
}
"""The attributes of a patch that a profile is found by."""

_NAMES: Final = frozenset({"name.given", "name.family"})
_WORDED: Final = frozenset({BY_GIVEN_NAME, BY_FAMILY_NAME})
_WORDED_SLOTS: Final = frozenset(place.slot for place in _WORDED)


@dataclass(frozen=True, slots=True)
class Findable:
    """What some custom values are found by.

    `search` holds the keys of each searchable field that was given, `claims` the names of each
    field whose values belong to one profile alone, by field id; no keys, no names: cleared.
    `sealed` are the places, among where values are kept, whose values are sealed, `compared` those
    that tell whether two profiles are one person, whether given or not.
    """

    search: Mapping[Place, tuple[str, ...]] = field(default_factory=dict, repr=False)
    claims: Mapping[str, tuple[IdentityName, ...]] = field(default_factory=dict, repr=False)
    sealed: frozenset[str] = frozenset()
    compared: Mapping[str, Measure] = field(default_factory=dict, repr=False, compare=False)


def core_keys(attribute: str, value: object) -> tuple[str, ...]:
    """The search keys of a core attribute of `PATCHED`; none where it is None."""
    if isinstance(value, date):
        return (value.isoformat(),)
    if attribute == "labels" and isinstance(value, tuple):
        return tuple(label_key(label.name) for label in value)
    if not isinstance(value, str):
        return ()
    return (folded(value),) if attribute in _NAMES else (value,)


def sealed_place(place: Place) -> Place:
    """Where the keys of a core attribute are kept when it is sealed; a name has several."""
    return replace(place, is_sealed=True, is_list=place.is_list or place in _WORDED)


def sealed_keys(place: Place, keys: Iterable[str]) -> tuple[str, ...]:
    """What a sealed core attribute is found by: a name as a whole, and each of its words."""
    found = tuple(keys)
    if place.slot not in _WORDED_SLOTS or not found:
        return found
    return (*found, *dict.fromkeys(map(word_key, found[0].split(" "))))


def word_key(word: str) -> str:
    """The key of one word of a sealed name."""
    return f"~{word}"


def instant_key(moment: datetime) -> str:
    """The search key of an instant: UTC, milliseconds, of one length."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
