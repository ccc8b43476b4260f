"""Custom values of a profile: what a client sends, checked against the tenant's definitions."""

from collections.abc import Callable, Mapping

from graph.kinds.patterns import is_match
from graph.kinds.plain import plain_text
from graph.kinds.table import KINDS
from graph.model.custom_field import CustomerSchema, FieldDefinition, Storage
from graph.model.errors import BadValue
from policies.unreadable import Unreadable

_Parse = Callable[[object], object]


def holds_list(definition: FieldDefinition | Storage) -> bool:
    """Whether a field holds several values."""
    return definition.is_list or KINDS[definition.kind].is_list


def parse_custom(values: Mapping[str, object], schema: CustomerSchema) -> dict[str, object]:
    """Values by field id as the store keeps them, from values by key; None clears.

    Raises:
        BadValue: an unknown key, a value its field can't hold, or a field that a CRM owns.
    """
    return {
        definition.id: None if values[key] is None else parse_value(definition, values[key])
        for key, definition in ((key, _writable(key, schema)) for key in values)
    }


def parse_owned(values: Mapping[str, object], schema: CustomerSchema) -> dict[str, object]:
    """Values of fields that CRMs own, by field id as the store would keep them; None clears.

    Raises:
        BadValue: an unknown key, a value its field can't hold, or a field that is written here.
    """
    found: dict[str, object] = {}
    for key, value in values.items():
        definition = _defined(key, schema)
        if definition.is_written_here:
            raise BadValue(f"custom.{key}", "no source owns the value: use updateProfile")
        found[definition.id] = None if value is None else parse_value(definition, value)
    return found


def parse_value(
    definition: FieldDefinition, value: object, *, is_from_source: bool = False
) -> object:
    """One value as the store keeps it, checked and normalised by its kind and its definition.

    With `is_from_source`, text is understood as files and CRMs have it.  The value of a field that
    holds a list is a list.

    Raises:
        BadValue: names the field and says what it can hold.
    """
    kind = KINDS[definition.kind]
    method = kind.from_source if is_from_source else kind.parse

    def parse(one: object) -> object:
        parsed = method(one, definition.facets)
        check_facets(definition, parsed)
        return kind.dump(parsed)

    try:
        return _parsed_list(definition, value, parse) if holds_list(definition) else parse(value)
    except ValueError as error:
        raise BadValue(f"custom.{definition.key}", str(error)) from None


def check_facets(definition: FieldDefinition, parsed: object) -> None:
    """Refuse a value that the kind can hold and the definition doesn't allow.

    Raises:
        ValueError: says what is expected.
    """
    facets, kind = definition.facets, KINDS[definition.kind]
    if isinstance(parsed, str) and "length" in kind.facets:
        least, most = facets.min_length or 0, facets.max_length
        if len(parsed) < least or (most is not None and len(parsed) > most):
            span = f"{least} or more" if most is None else f"{least} to {most}"
            raise ValueError(f"expected {span} characters")
    if isinstance(parsed, str) and facets.pattern and not is_match(facets.pattern, parsed):
        raise ValueError("expected text of the field's pattern")
    if "range" in kind.facets:
        key = kind.key(parsed)
        if facets.minimum is not None and key < kind.key(kind.load(facets.minimum)):
            raise ValueError("expected the field's minimum or more")
        if facets.maximum is not None and key > kind.key(kind.load(facets.maximum)):
            raise ValueError("expected the field's maximum or less")


def loaded(stored: Mapping[str, object], schema: CustomerSchema) -> dict[str, object]:
    """Values by field id from what the store keeps; what isn't defined any more is left out.

    A value that hasn't been converted to the field's present kind yet is converted here.
    """
    found: dict[str, object] = {}
    for name, value in stored.items():
        definition = schema.by_storage.get(name)
        if definition is None:
            continue
        if isinstance(value, Unreadable):
            if name == definition.kept_as or definition.kept_as not in stored:
                found[definition.id] = value
        elif name == definition.kept_as:
            found[definition.id] = load_value(definition, value)
        elif definition.kept_as not in stored:
            converted = convert_value(definition, value)
            found[definition.id] = None if converted is None else load_value(definition, converted)
    return found


def load_value(definition: FieldDefinition | Storage, stored: object) -> object:
    """One value from what the store keeps: of its kind's type, or a tuple of those."""
    kind = KINDS[definition.kind]
    if holds_list(definition):
        return tuple(kind.load(item) for item in _items(stored))
    return kind.load(stored)


def convert_value(definition: FieldDefinition, stored: object) -> object:
    """A value of the field's previous kind as the store keeps it now; None where it doesn't fit."""
    previous = definition.previous
    if previous is None:
        return None
    value = load_value(previous, stored)
    items = value if isinstance(value, tuple) else (value,)
    told = [plain_text(item) for item in items]
    if holds_list(definition):
        return _converted(definition, told)
    return _converted(definition, told[0]) if len(told) == 1 else None


def _converted(definition: FieldDefinition, value: object) -> object:
    try:
        return parse_value(definition, value, is_from_source=True)
    except BadValue:
        return None


def _parsed_list(definition: FieldDefinition, value: object, parse: _Parse) -> list[object]:
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list")  # noqa: TRY004 - one error class for every bad value
    if definition.max_values is not None and len(value) > definition.max_values:
        raise ValueError(f"expected at most {definition.max_values} values")
    if any(item is None for item in value):
        raise ValueError("expected a list without null")
    parsed = [parse(item) for item in value]
    if not KINDS[definition.kind].is_list and not definition.is_claimed:
        return parsed
    # What is chosen, or names a person, is so once; what the store keeps can't always be hashed.
    return [item for place, item in enumerate(parsed) if item not in parsed[:place]]


def _items(stored: object) -> tuple[object, ...]:
    return tuple(stored) if isinstance(stored, list | tuple) else (stored,)


def _defined(key: str, schema: CustomerSchema) -> FieldDefinition:
    definition = schema.by_key.get(key)
    if definition is None:
        raise BadValue("custom", "no field is defined under one of these keys")
    return definition


def _writable(key: str, schema: CustomerSchema) -> FieldDefinition:
    definition = _defined(key, schema)
    if not definition.is_written_here:
        raise BadValue(f"custom.{key}", f"the value is owned by {definition.source.connector}")
    return definition
