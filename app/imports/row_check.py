"""One row checked completely, before anything of it is written.  Nothing here asks the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.imports.cells import core_value, is_empty, namer, parts
from app.imports.errors import ImportTrouble, RowRefused
from app.imports.source_rows import SourceRow
from app.imports.targets import (
    CoreTarget,
    CustomTarget,
    IdentityTarget,
    LinkTarget,
    Target,
    target_of,
)
from app.store.changes import Changes
from app.store.claims import indexes_of, unsealed_entry
from app.store.documents import Document
from app.store.sealing import TenantSeal
from graph.kinds.search import findable
from graph.kinds.source_text import spell
from graph.kinds.values import holds_list, parse_value
from graph.model.channel import Channel, identity_kind
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.errors import BadValue, LimitReached
from graph.model.filter import Place
from graph.model.identity import Identity, IdentityName
from graph.model.normalising import WIDE_KINDS, Normalising, wide_name
from graph.model.patch import checked, checked_links
from graph.model.profile import Link
from graph.model.search import Findable
from graph.ports import NamedIdentity

SOURCE: Final = "import"
_NOBODY: Final = "expected an identity or a unique value to recognise the person by"


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row whose every value is fit to be kept; what has no value in the file isn't here.

    `custom` is keyed by field id.  `claims` are the indexes that custom values claim, by field id.
    `columns` names the column of each index that the row claims; `matching` are those that find
    its profile.
    """

    source: SourceRow
    core: Mapping[str, object] = field(repr=False)
    links: tuple[Link, ...] = field(repr=False)
    identities: Sequence[tuple[NamedIdentity, Document]] = field(repr=False)
    custom: Mapping[str, object] = field(repr=False)
    search: Mapping[Place, tuple[str, ...]] = field(repr=False)
    names: Mapping[str, tuple[IdentityName, ...]] = field(repr=False)
    claims: Mapping[str, Sequence[str]] = field(repr=False)
    columns: Mapping[str, str] = field(repr=False)
    matching: Sequence[str] = field(repr=False)


@dataclass(slots=True)
class _Gathered:
    """The values of a row by where they go, and what is wrong with them."""

    core: dict[str, object] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    identities: list[tuple[str, NamedIdentity]] = field(default_factory=list)
    custom: dict[str, tuple[str, object]] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)


class RowCheck:
    """Checks the rows of one import.

    `columns` maps columns to targets, "" ignores one; a column that isn't in it is its own target.
    `matched` are the channels whose identities find a profile; all of them where it is empty.
    `seal` may be replaced by a newer one of the tenant at any time.
    """

    def __init__(
        self,
        schema: CustomerSchema,
        changes: Changes,
        seal: TenantSeal,
        normalising: Normalising,
        now: datetime,
        *,
        columns: Mapping[str, str],
        matched: frozenset[Channel] = frozenset(),
    ) -> None:
        self._schema = schema
        self._changes = changes
        self.seal = seal
        self._now = now
        self._columns = columns
        self._matched = frozenset(identity_kind(channel) for channel in matched)
        self._targets: dict[str, Target | None] = {}
        self._normalising = normalising
        self._name = namer(normalising.region)

    def check_header(self, header: Sequence[str]) -> None:
        """Refuse columns that lead nowhere, or to one place that holds a single value.

        Raises:
            ImportTrouble: names the column.
        """
        single: set[Target] = set()
        for column in header:
            target = self._target(column)
            if target is None or _is_list(target):
                continue
            if target in single:
                raise ImportTrouble(f"The column {column!r} has the target of another column.")
            single.add(target)

    def checked(self, row: SourceRow) -> CheckedRow:
        """The row with its values as they are kept.

        Raises:
            RowRefused: tells everything that is wrong with it.
        """
        if row.errors:
            raise RowRefused(*row.errors)
        found = _Gathered()
        for column, value in row.columns:
            if not is_empty(value):
                self._gather(column, value, found)
        core = self._core(found)
        custom, search, names = self._custom(found)
        links = _links(found)
        if found.errors:
            raise RowRefused(*found.errors)
        return self._row(row, found, core, (custom, Findable(search, names)), links)

    def _row(
        self,
        row: SourceRow,
        found: _Gathered,
        core: Mapping[str, object],
        custom: tuple[Mapping[str, object], Findable],
        links: tuple[Link, ...],
    ) -> CheckedRow:
        entries = [(item, unsealed_entry(item, self.seal)) for _, item in found.identities]
        claims = self._changes.claims(custom[1], self.seal)
        columns: dict[str, str] = {}
        for field_id, indexes in claims.items():
            columns |= dict.fromkeys(indexes, found.custom[field_id][0])
        for (column, _), (_, entry) in zip(found.identities, entries, strict=True):
            columns |= dict.fromkeys(indexes_of(entry), column)
        if not columns:
            raise RowRefused(("identities", _NOBODY))
        return CheckedRow(
            source=row,
            core=core,
            links=links,
            identities=entries,
            custom=custom[0],
            search=custom[1].search,
            names=custom[1].claims,
            claims=claims,
            columns=columns,
            matching=[index for index in columns if self._is_matched(index)],
        )

    def _is_matched(self, index: str) -> bool:
        kind = index.partition("/")[0]
        return not self._matched or WIDE_KINDS.get(kind, kind) in self._matched

    def _target(self, column: str) -> Target | None:
        if column not in self._targets:
            name = self._columns.get(column, column)
            self._targets[column] = target_of(name, self._schema) if name else None
        return self._targets[column]

    def _gather(self, column: str, value: object, found: _Gathered) -> None:
        try:
            target = self._target(column)
        except ImportTrouble as trouble:
            found.errors.append((column[:100], str(trouble).rstrip(".")))
            return
        match target:
            case CoreTarget(attribute):
                found.core[attribute] = value
            case IdentityTarget(channel):
                self._gather_identities(column, channel, value, found)
            case CustomTarget(definition):
                if holds_list(definition):
                    held = found.custom.get(definition.id, (column, []))[1]
                    value = [*(held if isinstance(held, list) else []), *parts(value)]
                found.custom[definition.id] = (column, value)
            case LinkTarget(source, object_):
                for part in parts(value):
                    found.links.append(
                        Link(source=source, object=object_, record_id=str(spell(part)))
                    )

    def _gather_identities(
        self, column: str, channel: Channel, value: object, found: _Gathered
    ) -> None:
        for part in parts(value):
            try:
                found.identities.append((column, self._identity(channel, spell(part))))
            except ValueError as error:
                found.errors.append((column, getattr(error, "reason", str(error))))

    def _identity(self, channel: Channel, given: object) -> NamedIdentity:
        if not isinstance(given, str):
            raise ValueError("expected text")  # noqa: TRY004 - one class for bad values
        raw = given.strip()
        name = self._name(channel, raw)
        return NamedIdentity(
            name,
            Identity(
                channel=channel,
                value=name.value,
                raw=raw,
                source=SOURCE,
                first_seen_at=self._now,
                last_seen_at=self._now,
            ),
            wide_name(name, self._normalising),
        )

    def _core(self, found: _Gathered) -> Mapping[str, object]:
        changes: dict[str, object] = {}
        for name, value in found.core.items():
            try:
                changes |= checked({name: core_value(name, value)}, self._now.date())
            except BadValue as error:
                found.errors.append((error.field, error.reason))
        return changes

    def _custom(
        self, found: _Gathered
    ) -> tuple[
        dict[str, object], dict[Place, tuple[str, ...]], dict[str, tuple[IdentityName, ...]]
    ]:
        kept: dict[str, object] = {}
        search: dict[Place, tuple[str, ...]] = {}
        names: dict[str, tuple[IdentityName, ...]] = {}
        for field_id, (column, value) in found.custom.items():
            definition = self._schema.by_id[field_id]
            try:
                kept[field_id] = parse_value(definition, value, is_from_source=True)
                if definition.is_claimed or definition.slot is not None:
                    of_field = findable({field_id: kept[field_id]}, self._schema)
                    search |= of_field.search
                    names |= of_field.claims
            except BadValue as error:
                found.errors.append((column, error.reason))
        return kept, search, names


def default_of(definition: FieldDefinition, schema: CustomerSchema) -> Findable:
    """What the default of a field is found by."""
    return findable({definition.id: definition.default}, schema)


def _links(found: _Gathered) -> tuple[Link, ...]:
    try:
        return checked_links(found.links)
    except (BadValue, LimitReached) as error:
        found.errors.append(("links", getattr(error, "reason", str(error))))
        return ()


def _is_list(target: Target) -> bool:
    if isinstance(target, CustomTarget):
        return holds_list(target.definition)
    return not isinstance(target, CoreTarget)
