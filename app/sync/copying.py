"""What a record, or its end, changes of one profile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from app.sync.plan import SyncPlan
from app.sync.report import ConflictKind, SyncConflict, SyncLetter
from connectors.abilities import Fact, FactKind
from connectors.base import Record
from graph.kinds.changes import placed
from graph.kinds.search import findable
from graph.kinds.values import holds_list, parse_value
from graph.model.custom_field import FieldDefinition, Owner
from graph.model.errors import BadValue, ModelError
from graph.model.label import Label, LabelOrigin, checked_label, label_key, labelled
from graph.model.patch import MAX_LINKS
from graph.model.profile import Link, Profile, ProfilePatch
from graph.model.provenance import UNKNOWN, Author
from policies.unreadable import Unreadable

SYNC: Final = "profile-gateway sync"
_ABSENT: Final = object()
_LABELS: Final = frozenset({FactKind.TAG, FactKind.SEGMENT})


@dataclass(slots=True)
class ToldFacts:
    """What a source tells beside a record's values, and of which kinds it made no sense."""

    facts: list[Fact] = field(default_factory=list, repr=False)
    failed: set[FactKind] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Told:
    """What a source tells of the record `id`: its state, that it is gone, or merged into another.

    `facts` are None where they weren't asked for.  A record `is_unreadable` that the source has,
    but in a form that makes no sense.  It was read at `read_at`, or later.
    """

    id: str
    record: Record | None = None
    facts: ToldFacts | None = None
    into_id: str | None = None
    is_unreadable: bool = False
    read_at: datetime | None = None


@dataclass(slots=True)
class Copied:
    """What changes of a profile: attributes, and custom values by field id; both may be empty.

    `again` is a record to be fetched, because its values count from now on; `owed` are fields whose
    value here must be sent to the source.
    """

    changes: dict[str, object] = field(default_factory=dict)
    custom: dict[str, object] = field(default_factory=dict)
    conflicts: list[SyncConflict] = field(default_factory=list)
    letters: list[SyncLetter] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    again: str | None = None


class Copying:
    """Works out what changes, for one plan; it writes nothing."""

    def __init__(self, plan: SyncPlan, now: datetime) -> None:
        self._plan = plan
        self._now = now
        self._source = plan.source.name

    def of_record(self, profile: Profile, told: Told, record: Record) -> Copied:
        """What the present state of a record changes."""
        found = Copied()
        links = self._with_link(profile.links or (), record.id)
        if links is None:
            found.letters.append(self._letter(record.id, "", f"{MAX_LINKS} links are the most"))
            return found
        if links != profile.links:
            found.changes["links"] = links
        is_first = next(self._own(links)).record_id == record.id
        for definition in self._plan.fields:
            if not self._is_newer(definition, profile, told):
                self._copy(definition, profile, record, found, is_first=is_first)
        if is_first and told.facts is not None:
            self._label(profile, record.id, told.facts, found)
        return found

    def of_end(self, profile: Profile, record: str) -> Copied:
        """What the end of a record changes: its link goes, and with the last one its values."""
        found, links = Copied(), profile.links or ()
        kept = tuple(link for link in links if not self._is(link, record))
        if len(kept) == len(links):
            return found
        found.changes["links"] = kept
        was_first = next(self._own(links)).record_id == record
        following = next(self._own(kept), None)
        if was_first:
            found.custom = {
                item.id: None for item in self._plan.fields if self._is_from_here(item, profile)
            }
            found.again = following.record_id if following else None
        if not any(link.source == self._source for link in kept):
            self._relabel(profile, {}, found)
        return found

    def of_unlinked(self, profile: Profile) -> Copied:
        """What it changes that a profile has lost its last link: the values that it led to go."""
        found, links = Copied(), profile.links or ()
        if next(self._own(links), None) is None:
            found.custom = {
                item.id: None
                for item in self._plan.fields
                if self._is_from_here(item, profile)
                and (profile.custom or {}).get(item.kept_as) is not None
            }
        if not any(link.source == self._source for link in links):
            self._relabel(profile, {}, found)
        return found

    def of_merge(self, profile: Profile, record: str, into: str) -> Copied:
        """What it changes that a record was merged into another: the link moves."""
        found, links = Copied(again=into), profile.links or ()
        moved = [
            replace(link, record_id=into) if self._is(link, record) else link for link in links
        ]
        kept = tuple(dict.fromkeys(moved))
        if kept == links:
            return Copied()
        found.changes["links"] = kept
        return found

    def patch(self, found: Copied) -> ProfilePatch:
        """The patch of what changes."""
        schema = self._plan.schema
        return ProfilePatch(
            found.changes, placed(found.custom, schema), findable(found.custom, schema)
        )

    def author(self, record: Record | None = None) -> Author:
        """Who changes it: the source."""
        return Author(SYNC, self._source, record.modified_at if record else None)

    def _own(self, links: Sequence[Link]) -> Iterator[Link]:
        return (
            link
            for link in links
            if (link.source, link.object) == (self._source, self._plan.object)
        )

    def _is(self, link: Link, record: str) -> bool:
        place = (link.source, link.object, link.record_id)
        return place == (self._source, self._plan.object, record)

    def _with_link(self, links: tuple[Link, ...], record: str) -> tuple[Link, ...] | None:
        """Links with the one to a record; None where there is no room."""
        if any(self._is(link, record) for link in links):
            return links
        if len(links) >= MAX_LINKS:
            return None
        new = Link(source=self._source, object=self._plan.object, record_id=record)
        return (*links, new)

    def _copy(
        self,
        definition: FieldDefinition,
        profile: Profile,
        record: Record,
        found: Copied,
        *,
        is_first: bool,
    ) -> None:
        given = record.values.get(definition.source.attribute or "", _ABSENT)
        if given is _ABSENT:
            return
        try:
            value = copied_value(definition, given)
        except BadValue as error:
            found.letters.append(self._letter(record.id, definition.key, error.reason))
            return
        held = (profile.custom or {}).get(definition.kept_as)
        if isinstance(held, Unreadable):
            reason = "the profile's value can't be read"
            found.letters.append(self._letter(record.id, definition.key, reason))
        elif held != value:
            kind = self._conflict(definition, profile, held, is_first=is_first)
            if kind:
                found.conflicts.append(SyncConflict(kind, profile.id, record.id, definition.key))
            if kind is ConflictKind.KEPT:
                found.owed.append(definition.id)
            elif kind is not ConflictKind.SECOND_RECORD:
                found.custom[definition.id] = value

    def _conflict(
        self, definition: FieldDefinition, profile: Profile, held: object, *, is_first: bool
    ) -> ConflictKind | None:
        if not is_first:
            return ConflictKind.SECOND_RECORD
        if self._is_from_here(definition, profile):
            return None
        is_told = definition.kept_as in profile.told
        if definition.source.owner is Owner.PROFILE:
            return ConflictKind.KEPT if held is not None or is_told else None
        return None if held is None else ConflictKind.OVERWRITTEN

    def _is_from_here(self, definition: FieldDefinition, profile: Profile) -> bool:
        known = profile.told.get(definition.kept_as, UNKNOWN)
        # A client of people may have the source's name.
        return (known.by, known.source) == (SYNC, self._source)

    def _is_newer(self, definition: FieldDefinition, profile: Profile, told: Told) -> bool:
        """Whether the copy was made after the record was read, and of a later state of it."""
        known = profile.told.get(definition.kept_as, UNKNOWN)
        modified_at = told.record.modified_at if told.record else None
        if known.source != self._source or not (known.at and known.observed_at):
            return False
        if not (modified_at and told.read_at):
            return False
        return known.at > told.read_at and known.observed_at > modified_at

    def _label(self, profile: Profile, record: str, told: ToldFacts, found: Copied) -> None:
        wanted: dict[str, str] = {}
        if not told.failed.isdisjoint(_LABELS):
            # A label doesn't say whether it was a tag or a segment: none is known to be gone.
            held: Any = profile.labels or ()
            if not isinstance(held, Unreadable):
                wanted = {label_key(one.name): one.name for one in held if self._is_of_source(one)}
        for fact in told.facts:
            if fact.kind is FactKind.ACTIVITY:
                continue
            try:
                name = checked_label(fact.name or "", "labels")
            except BadValue as error:
                found.letters.append(self._letter(record, "labels", error.reason))
            else:
                wanted[label_key(name)] = name
        self._relabel(profile, wanted, found, record)

    def _relabel(
        self, profile: Profile, wanted: Mapping[str, str], found: Copied, record: str = ""
    ) -> None:
        """Have the labels of this source be those wanted; what others put there stays."""
        held: Any = profile.labels or ()
        if isinstance(held, Unreadable):
            return
        then = tuple(
            one for one in held if not self._is_of_source(one) or label_key(one.name) in wanted
        )
        for name in wanted.values():
            new = Label(
                name=name, origin=LabelOrigin.CRM, at=self._now, source=self._source, by=SYNC
            )
            try:
                then = labelled(then, new)
            except ModelError as error:
                found.letters.append(self._letter(record, "labels", str(error)))
        if then != held:
            found.changes["labels"] = then

    def _is_of_source(self, label: Label) -> bool:
        return label.origin is LabelOrigin.CRM and label.source == self._source

    def _letter(self, record: str, field: str, reason: str) -> SyncLetter:
        return SyncLetter(self._plan.object, record, field, reason)


def copied_value(definition: FieldDefinition, given: Any) -> object:  # noqa: ANN401 - what a CRM gave
    """A CRM's value as the store keeps it; None where the CRM has none.

    Raises:
        BadValue: the field can't hold it.
    """
    if holds_list(definition):
        given = given if isinstance(given, list) else [given]
        items = [item for item in given if item is not None and item != ""]
        return parse_value(definition, items, is_from_source=True) if items else None
    if isinstance(given, list):
        if len(given) > 1:
            raise BadValue(f"custom.{definition.key}", "expected one value, not several")
        given = given[0] if given else None  # a path through a list, as Tryton answers it
    if given is None or given == "":
        return None
    return parse_value(definition, given, is_from_source=True)
