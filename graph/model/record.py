"""A profile with all that is kept about how it came to be: what merging needs and readers don't.

A profile that absorbed others shows, for each attribute, its own value and over it layer by layer
those of the profiles that it absorbed.  So whatever is taken out again, what is left is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final

from graph.model.profile import Profile, ProfileState
from graph.model.provenance import UNKNOWN, Provenance

CUSTOM: Final = "custom."
SINGLE: Final = ("state", "name", "birth_date", "gender", "language", "preferences")
"""Core attributes that have one value; every custom value is one too."""
COLLECTED: Final = ("identities", "links", "labels", "consents")
"""Attributes that are collections, whose items each tell in `origins` which profiles brought them;
none: the profile itself."""


class How(Enum):
    """What a layer does with the value below it."""

    REPLACE = "REPLACE"
    UNION = "UNION"


@dataclass(frozen=True, slots=True)
class Member:
    """A profile that is part of another: absorbed by `parent`, in a merge, at an instant (UTC)."""

    id: str
    parent: str
    merge: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Layer:
    """The value of an absorbed profile, put over what is below it."""

    member: str
    how: How = How.REPLACE


@dataclass(frozen=True, slots=True)
class Own:
    """A profile's own value of an attribute that has layers."""

    value: object = field(repr=False)
    provenance: Provenance = UNKNOWN


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What an absorbed profile keeps: by which profile, in which merge, when, and its state."""

    into: str
    merge: str
    at: datetime
    state: ProfileState


@dataclass(frozen=True, slots=True)
class Record:
    """A profile, every attribute filled, and how it came to be.

    `created` is where its first values come from; `provenance` that of attributes which were
    written later.  `layers` and `own` are by attribute: those of `SINGLE`, and `custom.NAME`.
    `absorbed` is None while the profile stands for itself.
    """

    profile: Profile
    created: Provenance = UNKNOWN
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    layers: Mapping[str, tuple[Layer, ...]] = field(default_factory=dict)
    own: Mapping[str, Own] = field(default_factory=dict)
    absorbed: Absorbed | None = None

    @property
    def id(self) -> str:
        """The profile's id."""
        return self.profile.id

    def attributes(self) -> Iterator[str]:
        """Every attribute of one value that the profile has, or had before a layer."""
        names = [name for name in SINGLE if getattr(self.profile, name) is not None]
        custom = [f"{CUSTOM}{name}" for name in self.profile.custom or {}]
        yield from dict.fromkeys((*names, *custom, *self.own, *self.layers))

    def value(self, attribute: str) -> Any:  # noqa: ANN401 - of any kind
        """What the profile shows for an attribute of one value."""
        if attribute.startswith(CUSTOM):
            return (self.profile.custom or {}).get(attribute.removeprefix(CUSTOM))
        if attribute == "state" and self.absorbed is not None:
            return self.absorbed.state
        return getattr(self.profile, attribute)

    def shown(self, attribute: str) -> Own:
        """What the profile shows, and where that comes from."""
        return Own(self.value(attribute), self.provenance.get(attribute, self.created))

    def owned(self, attribute: str) -> Own:
        """What the profile would show without those that it absorbed."""
        return self.own[attribute] if attribute in self.own else self.shown(attribute)

    def descendants(self, id: str) -> frozenset[str]:
        """The ids of a member and of all that are part of it."""
        found = {id}
        for member in self.members:  # parents come before those that are part of them
            if member.parent in found:
                found.add(member.id)
        return frozenset(found)


def with_value(record: Record, attribute: str, given: Own) -> Record:
    """The record with another value of an attribute of one value."""
    provenance = {**record.provenance, attribute: given.provenance}
    if given.provenance == record.created:
        del provenance[attribute]
    if attribute == "state" and record.absorbed is not None:
        state: Any = given.value
        absorbed = replace(record.absorbed, state=state)
        return replace(record, absorbed=absorbed, provenance=provenance)
    if not attribute.startswith(CUSTOM):
        changed: dict[str, Any] = {attribute: given.value}
        profile = replace(record.profile, **changed)
        return replace(record, profile=profile, provenance=provenance)
    name = attribute.removeprefix(CUSTOM)
    custom = {key: kept for key, kept in (record.profile.custom or {}).items() if key != name}
    if given.value is not None:
        custom[name] = given.value
    return replace(record, profile=replace(record.profile, custom=custom), provenance=provenance)


def root_of(id: str, records: Mapping[str, Record]) -> str:
    """The id of the profile that stands for one now."""
    absorbed = records[id].absorbed
    return id if absorbed is None else root_of(absorbed.into, records)
