"""Custom values of a profile: what a client sends, checked against the tenant's definitions."""

from collections.abc import Mapping

from graph.kinds.table import KINDS
from graph.model.custom_field import CustomerSchema, FieldDefinition, SourceKind
from graph.model.errors import BadValue


def parse_custom(values: Mapping[str, object], schema: CustomerSchema) -> dict[str, object]:
    """Values by field id as the store keeps them, from values by key; None clears.

    Raises:
        BadValue: an unknown key, a value its kind can't hold, or a field that a CRM owns.
    """
    return {
        definition.id: None if values[key] is None else parse_value(definition, values[key])
        for key, definition in ((key, _writable(key, schema)) for key in values)
    }


def parse_value(definition: FieldDefinition, value: object) -> object:
    """One value, checked and normalised by its kind, as the store keeps it."""
    kind = KINDS[definition.kind]
    try:
        return kind.dump(kind.parse(value, definition.choices))
    except ValueError as error:
        raise BadValue(f"custom.{definition.key}", str(error)) from None


def loaded(stored: Mapping[str, object], schema: CustomerSchema) -> dict[str, object]:
    """Values by field id from what the store keeps; what isn't defined any more is left out."""
    kinds = {item.id: KINDS[item.kind] for item in schema.fields if item.id in stored}
    return {field_id: kind.load(stored[field_id]) for field_id, kind in kinds.items()}


def _writable(key: str, schema: CustomerSchema) -> FieldDefinition:
    definition = schema.by_key.get(key)
    if definition is None:
        raise BadValue("custom", "no field is defined under one of these keys")
    if definition.source.kind is not SourceKind.LOCAL:
        raise BadValue(f"custom.{key}", f"the value is owned by {definition.source.connector}")
    return definition
