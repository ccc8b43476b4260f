"""What a profile is found by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from graph.model.filter import Place, folded
from graph.model.identity import IdentityName

BY_ID: Final = Place("id", "id")
BY_STATE: Final = Place("state", "state")
BY_LANGUAGE: Final = Place("language", "language")
BY_GIVEN_NAME: Final = Place("given", "given")
BY_FAMILY_NAME: Final = Place("family", "family")
BY_BIRTH_DATE: Final = Place("birth", "birth")
BY_CREATED_AT: Final = Place("created", "created")
BY_UPDATED_AT: Final = Place("updated", "updated")

PATCHED: Final = {
    "name.given": BY_GIVEN_NAME,
    "name.family": BY_FAMILY_NAME,
    "birth_date": BY_BIRTH_DATE,
    "language": BY_LANGUAGE,
}
"""The attributes of a patch that a profile is found by."""

_NAMES: Final = frozenset({"name.given", "name.family"})


@dataclass(frozen=True, slots=True)
class Findable:
    """What some custom values are found by.

    `search` holds the keys of each searchable field that was given, `claims` the names of each
    field whose values belong to one profile alone, by field id; no keys, no names: cleared.
    """

    search: Mapping[Place, tuple[str, ...]] = field(default_factory=dict, repr=False)
    claims: Mapping[str, tuple[IdentityName, ...]] = field(default_factory=dict, repr=False)


def core_keys(attribute: str, value: object) -> tuple[str, ...]:
    """The search keys of a core attribute of `PATCHED`; none where it is None."""
    if isinstance(value, date):
        return (value.isoformat(),)
    if not isinstance(value, str):
        return ()
    return (folded(value),) if attribute in _NAMES else (value,)


def instant_key(moment: datetime) -> str:
    """The search key of an instant: UTC, milliseconds, of one length."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
