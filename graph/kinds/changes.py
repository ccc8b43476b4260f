"""What a change of custom values asks of a store."""

from collections.abc import Iterator, Mapping

from graph.kinds.search import findable
from graph.kinds.values import holds_list
from graph.model.custom_field import CustomerSchema, FieldDefinition, SourceKind
from graph.model.errors import BadValue
from graph.model.lifecycle import Promotion, RequiredField
from graph.model.owed import Owed
from graph.model.search import Findable


def with_defaults(
    values: Mapping[str, object], schema: CustomerSchema, *, is_identified: bool
) -> dict[str, object]:
    """The custom values of a new profile, by field id: what was given, and defaults beside it.

    Raises:
        BadValue: an identified person lacks a value that is required.
    """
    found = {field_id: value for field_id, value in values.items() if value is not None}
    for definition in schema.fields:
        if definition.id in found or definition.source.kind is not SourceKind.LOCAL:
            continue
        if definition.default is not None:
            found[definition.id] = definition.default
        elif definition.is_required and is_identified:
            raise BadValue(f"custom.{definition.key}", "required")
    return found


def promotion_of(schema: CustomerSchema) -> Promotion:
    """What a profile gets, or must have, when it is identified.

    A value that waits to be converted is there, under another name: its field is left out.
    """
    required = [
        item
        for item in schema.fields
        if item.is_required and item.source.kind is SourceKind.LOCAL and not item.previous
    ]
    return Promotion(
        tuple(
            RequiredField(
                item.key,
                item.kept_as,
                item.default,
                Findable() if item.default is None else findable({item.id: item.default}, schema),
            )
            for item in required
        )
    )


def refuse_cleared(values: Mapping[str, object], schema: CustomerSchema) -> None:
    """Refuse a change that takes a required value away.

    Raises:
        BadValue: names the field.
    """
    for field_id, value in values.items():
        definition = schema.by_id[field_id]
        if value is None and definition.is_required:
            raise BadValue(f"custom.{definition.key}", "required, so it can't be cleared")


def placed(values: Mapping[str, object], schema: CustomerSchema) -> dict[str, object]:
    """Values by where a profile keeps them, from values by field id; None clears.

    A value that waits to be converted is cleared with its field: the new one counts.
    """
    found: dict[str, object] = {}
    for field_id, value in values.items():
        definition = schema.by_id[field_id]
        found[definition.kept_as] = value
        if definition.previous:
            found[definition.previous.name] = None
    return found


def owed_of(values: Mapping[str, object], schema: CustomerSchema) -> tuple[Owed, ...]:
    """Which of the values, by field id, must be sent to a CRM."""
    changed = (schema.by_id[field_id] for field_id in values)
    return tuple(
        Owed(item.id, item.source.connector or "", item.source.object or "")
        for item in changed
        if item.is_sent
    )


def references(
    values: Mapping[str, object], schema: CustomerSchema
) -> Iterator[tuple[FieldDefinition, str]]:
    """Every id of another profile among values by field id, with its field."""
    for field_id, value in values.items():
        definition = schema.by_id[field_id]
        if definition.kind == "REFERENCE" and value is not None:
            items = value if holds_list(definition) and isinstance(value, list) else [value]
            yield from ((definition, str(item)) for item in items)
