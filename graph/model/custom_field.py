"""The customer schema: fields that admins define at run time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from graph.model.channel import Channel
from policies.classification import DataClass, Label


class SourceKind(Enum):
    """Where a custom field's value lives."""

    LOCAL = "LOCAL"
    SYNCED = "SYNCED"
    LIVE = "LIVE"


class SourceRule(Enum):
    """Whose value counts where several sources have one."""

    PRECEDENCE = "PRECEDENCE"
    MOST_RECENT = "MOST_RECENT"


class Owner(Enum):
    """Whose word counts where a SYNCED field has two values."""

    SOURCE = "SOURCE"
    PROFILE = "PROFILE"


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where a value comes from; `connector` is a source of the settings, None for LOCAL.

    What the profile owns of a SYNCED field is written here, and sent to the CRM.
    """

    kind: SourceKind = SourceKind.LOCAL
    connector: str | None = None
    object: str | None = None
    attribute: str | None = None
    owner: Owner = Owner.SOURCE


@dataclass(frozen=True, slots=True)
class Translation:
    """What a field is called in one language (BCP 47)."""

    language: str
    label: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Facets:
    """What a definition narrows its kind by; None and () don't.

    Lengths are in characters.  `minimum` and `maximum` are values of the kind as the store keeps
    them, both included.  `pattern` is matched against the whole of a text.  `region` (ISO 3166,
    two letters) completes phone numbers without a country code.
    """

    choices: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    minimum: object = None
    maximum: object = None
    pattern: str | None = None
    region: str = "US"


@dataclass(frozen=True, slots=True)
class Storage:
    """Where values are kept in a profile and how they are to be read: `custom.NAME`."""

    name: str
    kind: str
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the profiles are what a changed field wants; `total` is an estimate.

    `failed` counts profiles that were left as they were, `examples` are ids of some of them.
    """

    done: int
    total: int
    failed: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """One custom field of one tenant.  `id` never changes, so that renaming keeps the data.

    `default` is a value as the store keeps it.  `storage` is the name its values are kept under:
    the id, until the kind changes; then `previous` is where values lie that haven't been converted
    yet.  `is_sealed`: values are encrypted in the store.  `slot` is its place among the tenant's
    searchable fields; no keys are written there before `is_indexed`.  `is_ready` is false while the
    index is made, values are converted or search keys written, and while a field that `is_purged`
    still has values anywhere; `purged_at` is when none was left.
    """

    id: str
    key: str
    label: str
    kind: str
    data_class: DataClass
    description: str | None = None
    translations: tuple[Translation, ...] = ()
    is_list: bool = False
    max_values: int | None = None
    facets: Facets = Facets()
    is_required: bool = False
    default: object = field(default=None, repr=False)
    is_unique: bool = False
    is_searchable: bool = False
    is_sealed: bool = False
    channels: tuple[Channel, ...] = ()
    position: int = 0
    group: str | None = None
    roles: frozenset[str] | None = None
    needs_step_up: bool = False
    source: FieldSource = FieldSource()
    further_sources: tuple[FieldSource, ...] = ()
    rule: SourceRule = SourceRule.PRECEDENCE
    retention: str | None = None
    storage: str = ""
    previous: Storage | None = None
    slot: str | None = None
    is_indexed: bool = True
    is_ready: bool = True
    version: int = 1
    defined_by: str | None = None
    defined_at: datetime | None = None
    is_retired: bool = False
    is_purged: bool = False
    purged_at: datetime | None = None

    @property
    def sources(self) -> tuple[FieldSource, ...]:
        """Every source of the value, by precedence."""
        return (self.source, *self.further_sources)

    @property
    def is_live(self) -> bool:
        """Whether the value is asked of a CRM when, and only when, it is selected."""
        return self.source.kind is SourceKind.LIVE

    @property
    def is_synced(self) -> bool:
        """Whether the value is a copy of what a CRM has."""
        return self.source.kind is SourceKind.SYNCED

    @property
    def is_sent(self) -> bool:
        """Whether what is written here is sent to a CRM."""
        return self.is_synced and self.source.owner is Owner.PROFILE

    @property
    def is_written_here(self) -> bool:
        """Whether clients may change the value: no CRM owns it."""
        return self.source.kind is SourceKind.LOCAL or self.is_sent

    @property
    def coordinate(self) -> str:
        """Where an access plan keeps the decision for this field."""
        return f"Profile.custom.{self.id}"

    @property
    def access(self) -> Label:
        """What protects the value."""
        return Label(self.data_class, self.roles, self.needs_step_up)

    @property
    def kept_as(self) -> str:
        """The name under which a profile keeps the value."""
        return self.storage or self.id

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes of a profile that hold the value, and where a copy comes from."""
        former = {f"custom.{self.previous.name}"} if self.previous else set[str]()
        story = {f"provenance.custom.{self.kept_as}"} if self.is_synced else set[str]()
        return frozenset({f"custom.{self.kept_as}"} | former | story)

    @property
    def is_claimed(self) -> bool:
        """Whether a value belongs to one profile alone: it is unique, or names its person."""
        return self.is_unique or bool(self.channels)

    def label_in(self, language: str | None) -> str:
        """The label in a language, in the nearest wider one, or else the label itself."""
        found = self._translation(language)
        return found.label if found else self.label

    def description_in(self, language: str | None) -> str | None:
        """The description in a language, in the nearest wider one, or else the one of the field."""
        found = self._translation(language)
        return (found.description if found else None) or self.description

    def _translation(self, language: str | None) -> Translation | None:
        known = {item.language.lower(): item for item in self.translations}
        tag = (language or "").lower()
        while tag:
            if tag in known:
                return known[tag]
            tag = tag.rpartition("-")[0]
        return None


@dataclass(frozen=True, slots=True)
class CustomerSchema:
    """All custom fields of one tenant.  `revision` grows with each change; 0: none yet.

    `fields` are those in use, as screens order them; `retired` those that are hidden, purged ones
    among them; `sealed` are the data classes whose values are encrypted in the store.
    """

    revision: int = 0
    fields: tuple[FieldDefinition, ...] = ()
    retired: tuple[FieldDefinition, ...] = ()
    sealed: frozenset[DataClass] = frozenset()
    by_key: Mapping[str, FieldDefinition] = field(init=False, repr=False)
    by_id: Mapping[str, FieldDefinition] = field(init=False, repr=False)
    by_storage: Mapping[str, FieldDefinition] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the fields by key and by where their values are kept, and all of them by id."""
        object.__setattr__(self, "by_key", {item.key: item for item in self.fields})
        known = (*self.fields, *self.retired)
        object.__setattr__(self, "by_id", {item.id: item for item in known})
        former = {item.previous.name: item for item in self.fields if item.previous}
        kept = {item.kept_as: item for item in self.fields}
        object.__setattr__(self, "by_storage", former | kept)

    def with_sealing(self, definition: FieldDefinition) -> FieldDefinition:
        """A definition that says whether its values are sealed; a CRM's own aren't kept at all."""
        is_sealed = definition.data_class in self.sealed and not definition.is_live
        return replace(definition, is_sealed=is_sealed)


def customer_schema(
    revision: int,
    definitions: Mapping[str, FieldDefinition],
    sealed: frozenset[DataClass] = frozenset(),
) -> CustomerSchema:
    """The schema of the newest definitions, which are given by id in the order of their making."""
    ordered = sorted(definitions.values(), key=lambda item: item.position)
    return CustomerSchema(
        revision,
        tuple(item for item in ordered if not item.is_retired),
        tuple(item for item in ordered if item.is_retired),
        sealed,
    )
