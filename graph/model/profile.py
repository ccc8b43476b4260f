"""The profile: everything known about one person, the root of the graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from graph.model.consent import Consent
from graph.model.identity import Identity
from graph.model.label import Label
from graph.model.owed import Owed
from graph.model.preference import Preferences
from graph.model.provenance import Provenance
from graph.model.search import Findable
from policies.classification import DataClass, classified
from policies.unreadable import Unreadable


class ProfileState(Enum):
    """How well the person is known."""

    ANONYMOUS = "ANONYMOUS"
    IDENTIFIED = "IDENTIFIED"
    MERGED = "MERGED"
    ERASED = "ERASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A person's name, in parts."""

    given: str | None = classified(DataClass.IDENTITY, repr=False, default=None)
    family: str | None = classified(DataClass.IDENTITY, repr=False, default=None)

    @property
    def full(self) -> str | Unreadable | None:
        """The parts, given name first; None where there are none, and unreadable as they are."""
        parts: list[str | Unreadable] = [part for part in (self.given, self.family) if part]
        unreadable = [part for part in parts if isinstance(part, Unreadable)]
        return unreadable[0] if unreadable else " ".join(map(str, parts)) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A record of a CRM that is this person; `origins` as those of an identity."""

    source: str | None = classified(DataClass.INTERNAL)
    object: str | None = classified(DataClass.INTERNAL)
    record_id: str | None = classified(DataClass.INTERNAL)
    origins: tuple[str, ...] = classified(DataClass.INTERNAL, default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One person.  `custom` is keyed by where a field's values are kept.

    `members` are the ids of all profiles that it absorbed.  `told` says where custom values come
    from, as far as that was asked for.
    Attributes that were not asked for keep their defaults; instants are aware, UTC.
    """

    id: str = classified(DataClass.PUBLIC)
    version: int = classified(DataClass.PUBLIC, default=0)
    state: ProfileState = classified(DataClass.PUBLIC, default=ProfileState.ANONYMOUS)
    created_at: datetime | None = classified(DataClass.PUBLIC, default=None)
    updated_at: datetime | None = classified(DataClass.PUBLIC, default=None)
    name: PersonName | None = classified(DataClass.IDENTITY, repr=False, default=None)
    birth_date: date | None = classified(DataClass.DEMOGRAPHIC, repr=False, default=None)
    gender: str | None = classified(DataClass.DEMOGRAPHIC, repr=False, default=None)
    language: str | None = classified(DataClass.DEMOGRAPHIC, repr=False, default=None)
    identities: tuple[Identity, ...] | None = classified(DataClass.CONTACT, repr=False, default=())
    links: tuple[Link, ...] | None = classified(DataClass.INTERNAL, repr=False, default=())
    preferences: Preferences | None = classified(DataClass.BEHAVIOURAL, repr=False, default=None)
    consents: tuple[Consent, ...] | None = classified(DataClass.BEHAVIOURAL, repr=False, default=())
    labels: tuple[Label, ...] | None = classified(DataClass.BEHAVIOURAL, repr=False, default=())
    custom: Mapping[str, object] | None = classified(
        DataClass.PUBLIC, repr=False, default_factory=dict
    )
    members: tuple[str, ...] = classified(DataClass.PUBLIC, default=())
    told: Mapping[str, Provenance] = classified(
        DataClass.PUBLIC, repr=False, compare=False, default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class ProfilePatch:
    """A change: `changes` replaces attributes, `custom` single custom values; None clears.

    What is in neither stays as it is.  Custom values are keyed by where they are kept; `found`
    says what they are found by from now on, `owed` which of them CRMs must be told.
    """

    changes: Mapping[str, object] = field(default_factory=dict, repr=False)
    custom: Mapping[str, object] = field(default_factory=dict, repr=False)
    found: Findable = field(default_factory=Findable)
    owed: tuple[Owed, ...] = ()
