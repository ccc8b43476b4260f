"""Whose the rows of a batch are, and what becomes of those people.  Nothing is written here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from app.imports.errors import RowRefused
from app.imports.row_check import CheckedRow, default_of
from app.store.claims import claimed, indexes_of, joined
from app.store.documents import Document
from graph.kinds.comparison import compared
from graph.model.comparison import Measure
from graph.model.custom_field import CustomerSchema, SourceKind
from graph.model.errors import LimitReached
from graph.model.filter import Place
from graph.model.identity import IdentityName
from graph.model.ids import new_id
from graph.model.patch import checked_links
from graph.model.profile import Link, ProfileState
from graph.model.search import BY_STATE, Findable
from graph.ports import NamedIdentity

_SEVERAL: Final = "the identities and unique values of this row belong to several profiles"
_TAKEN: Final = "this belongs to another profile"
_GONE: Final = "the profile that this belongs to can't be changed any more"
_REQUIRED: Final = "required, and there is no default"
_SHARED: Final = "several share this, so that nobody can be found by it alone"
SHARED: Final = ""
"""In place of the id of who has an index: several share it."""
_ANONYMOUS, _IDENTIFIED = ProfileState.ANONYMOUS.value, ProfileState.IDENTIFIED.value


@dataclass(slots=True)
class Person:
    """What the rows of a batch make of one person.  `held` is their profile; None: a new one.

    Custom values are keyed by where they are kept.  `entries` are all identities, `added` the new
    ones; `claims` are the indexes of custom values by field id, as they are now.  `compared` are
    the custom fields that tell doubles, by where they are kept.
    """

    id: str
    held: Document | None
    entries: list[Document] = field(default_factory=list)
    added: list[NamedIdentity] = field(default_factory=list)
    claims: dict[str, list[str]] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    core: dict[str, object] = field(default_factory=dict)
    custom: dict[str, object] = field(default_factory=dict)
    search: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    sealed: set[str] = field(default_factory=set)
    names: dict[str, tuple[IdentityName, ...]] = field(default_factory=dict)
    compared: Mapping[str, Measure] = field(default_factory=dict)
    rows: int = 0
    is_anonymous: bool = False

    @property
    def found(self) -> Findable:
        """What the changed custom values are found by."""
        return Findable(self.search, self.names, frozenset(self.sealed), self.compared)

    @property
    def has_new_links(self) -> bool:
        """Whether the rows brought links that the profile doesn't have."""
        return len(self.links) > len((self.held or {}).get("links", ()))


class Roster:
    """The people of one batch.  `owners` says which profile has which index, `held` knows them."""

    def __init__(
        self,
        owners: Mapping[str, str],
        held: Mapping[str, Document],
        schema: CustomerSchema,
        max_per_channel: int,
    ) -> None:
        self.owners = dict(owners)
        self.people: dict[str, Person] = {}
        self._held = held
        self._schema = schema
        self._compared = compared(schema)
        self._max_per_channel = max_per_channel
        self._required = [
            item
            for item in schema.fields
            if item.is_required and item.source.kind is SourceKind.LOCAL
        ]

    def add(self, row: CheckedRow) -> None:
        """Let a row count; it counts in full, or not at all.

        Raises:
            RowRefused: it can't be told whose it is, or the person can't have what it holds.
        """
        person = self._person(row)
        try:
            entries, added = list(person.entries), list(person.added)
            for identity, entry in self._identities(row):
                before = len(entries)
                entries = joined(entries, entry, self._max_per_channel)
                added += [identity] if len(entries) > before else []
            links = checked_links([*person.links, *row.links])
        except LimitReached as error:
            raise RowRefused(("identities", str(error).rstrip("."))) from None
        if person.is_anonymous:
            self._refuse_incomplete(person, row)
        person.entries, person.added, person.links = entries, added, links
        self._apply(person, row)
        self.people[person.id] = person

    def _person(self, row: CheckedRow) -> Person:
        shared = self._shared(row)
        if shared.issuperset(row.matching):
            raise RowRefused(*((row.columns[index], _SHARED) for index in row.matching[:1]))
        found = {self.owners[index] for index in row.matching if index in self.owners} - {SHARED}
        if len(found) > 1:
            raise RowRefused(("identities", _SEVERAL))
        is_new = not found
        id_ = new_id() if is_new else found.pop()
        alone = {index: column for index, column in row.columns.items() if index not in shared}
        taken = [column for index, column in alone.items() if self._is_other(index, id_)]
        if taken:
            raise RowRefused(*((column, _TAKEN) for column in dict.fromkeys(taken)))
        if id_ in self.people:
            return self.people[id_]
        if is_new:
            return Person(id_, None, is_anonymous=True, compared=self._compared)
        held = self._held.get(id_)
        if held is None or held["state"] not in {_ANONYMOUS, _IDENTIFIED}:
            raise RowRefused(("identities", _GONE))
        return replace(_known(held), compared=self._compared)

    def _shared(self, row: CheckedRow) -> set[str]:
        """The indexes of the row's identities that others are known to share."""
        claims = {index for indexes in row.claims.values() for index in indexes}
        indexes = {index for _, entry in row.identities for index in indexes_of(entry)}
        return {index for index in indexes - claims if self.owners.get(index) == SHARED}

    def _identities(self, row: CheckedRow) -> Iterator[tuple[NamedIdentity, Document]]:
        shared = self._shared(row)
        for named, entry in row.identities:
            if shared.isdisjoint(indexes_of(entry)):
                yield named, entry
            else:
                marked = replace(named, identity=replace(named.identity, shared=True))
                yield marked, entry | {"shared": True}

    def _is_other(self, index: str, id_: str) -> bool:
        return self.owners.get(index, id_) != id_

    def _refuse_incomplete(self, person: Person, row: CheckedRow) -> None:
        kept = (person.held or {}).get("custom", {})
        missing = [
            (f"custom.{item.key}", _REQUIRED)
            for item in self._required
            if item.default is None and item.id not in row.custom and item.kept_as not in kept
        ]
        if missing:
            raise RowRefused(*missing)

    def _apply(self, person: Person, row: CheckedRow) -> None:
        if person.is_anonymous:
            self._identify(person)
        for field_id, indexes in row.claims.items():
            for gone in person.claims.get(field_id, ()):
                self.owners.pop(gone, None)
            person.claims[field_id] = list(indexes)
        own = claimed({"identities": person.entries, "claims": person.claims})
        self.owners |= dict.fromkeys(own, person.id)
        person.core |= row.core
        for field_id, value in row.custom.items():
            definition = self._schema.by_id[field_id]
            person.custom[definition.kept_as] = value
            person.sealed |= {definition.kept_as} if definition.is_sealed else set()
        person.search |= row.search
        person.names |= row.names
        person.rows += 1

    def _identify(self, person: Person) -> None:
        """Give somebody who becomes known what every such profile has; their row comes over it."""
        person.is_anonymous = False
        kept = (person.held or {}).get("custom", {})
        for item in self._required:
            if item.default is not None and item.kept_as not in kept:
                person.custom[item.kept_as] = item.default
                found = default_of(item, self._schema)
                person.search |= found.search
                person.names |= found.claims
                person.sealed |= found.sealed
        if person.held is not None:
            person.core["state"] = _IDENTIFIED
            person.search[BY_STATE] = (_IDENTIFIED,)


def _known(held: Document) -> Person:
    links = tuple(
        Link(source=item["source"], object=item["object"], record_id=item["recordId"])
        for item in held.get("links", ())
    )
    return Person(
        held["id"],
        held,
        entries=list(held["identities"]),
        claims={name: list(indexes) for name, indexes in held["claims"].items()},
        links=links,
        is_anonymous=held["state"] == _ANONYMOUS,
    )
