"""The customer schema: fields that admins define at run time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from graph.model.errors import BadValue
from policies.classification import DataClass, Label

KEY_PATTERN: Final = re.compile(r"[a-z][a-zA-Z0-9_]{0,63}")
_MAX_LABEL: Final = 50
_MAX_DESCRIPTION: Final = 500
_MAX_CHOICES: Final = 500


class SourceKind(Enum):
    """Where a custom field's value lives."""

    LOCAL = "LOCAL"
    SYNCED = "SYNCED"
    LIVE = "LIVE"


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where a value comes from; `connector` is a source of the settings, None for LOCAL."""

    kind: SourceKind = SourceKind.LOCAL
    connector: str | None = None
    object: str | None = None
    attribute: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """One custom field of one tenant.  `id` never changes, so that renaming keeps the data."""

    id: str
    key: str
    label: str
    kind: str
    data_class: DataClass
    description: str | None = None
    choices: tuple[str, ...] = ()
    source: FieldSource = FieldSource()
    version: int = 1
    defined_by: str | None = None
    defined_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether the value is asked of a CRM when, and only when, it is selected."""
        return self.source.kind is SourceKind.LIVE

    @property
    def coordinate(self) -> str:
        """Where an access plan keeps the decision for this field."""
        return f"Profile.custom.{self.id}"

    @property
    def access(self) -> Label:
        """What protects the value."""
        return Label(self.data_class)


@dataclass(frozen=True, slots=True)
class CustomerSchema:
    """All custom fields of one tenant.  `revision` grows with each change; 0: none yet."""

    revision: int = 0
    fields: tuple[FieldDefinition, ...] = ()
    by_key: Mapping[str, FieldDefinition] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the fields by key."""
        object.__setattr__(self, "by_key", {item.key: item for item in self.fields})


def check_definition(definition: FieldDefinition) -> None:
    """Refuse a definition that can't work.

    Raises:
        BadValue: says which part and why.
    """
    if not KEY_PATTERN.fullmatch(definition.key):
        raise BadValue("key", "expected a lower-case letter, then up to 63 letters, digits or _")
    if not 1 <= len(definition.label.strip()) <= _MAX_LABEL:
        raise BadValue("label", f"expected 1 to {_MAX_LABEL} characters")
    if len(definition.description or "") > _MAX_DESCRIPTION:
        raise BadValue("description", f"expected at most {_MAX_DESCRIPTION} characters")
    _check_choices(definition)
    _check_source(definition.source)


def _check_choices(definition: FieldDefinition) -> None:
    if definition.kind != "CHOICE":
        if definition.choices:
            raise BadValue("choices", "only a field of kind CHOICE has choices")
        return
    if not 1 <= len(definition.choices) <= _MAX_CHOICES:
        raise BadValue("choices", f"expected 1 to {_MAX_CHOICES} choices")
    if len(set(definition.choices)) != len(definition.choices) or not all(definition.choices):
        raise BadValue("choices", "expected different, non-empty choices")


def _check_source(source: FieldSource) -> None:
    parts = (source.connector, source.object, source.attribute)
    if source.kind is SourceKind.LOCAL:
        if any(parts):
            raise BadValue("source", "a LOCAL field has no connector, object or attribute")
    elif not all(parts):
        raise BadValue("source", f"a {source.kind.value} field needs connector, object, attribute")
