"""Search keys and claims of custom values: what a profile is found by."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from graph.kinds.comparison import compared
from graph.kinds.table import KINDS
from graph.kinds.values import holds_list, load_value
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.errors import BadValue
from graph.model.filter import Operator, Place
from graph.model.identity import IdentityName, identity_name
from graph.model.profile import PersonName, Profile
from graph.model.search import PATCHED, Findable, sealed_place
from policies.classification import labels_of

LIST_OPERATORS = (Operator.CONTAINS, Operator.IN, Operator.EXISTS)
_LABELS: Final = {
    **{f"name.{part}": label for part, label in labels_of(PersonName).items()},
    **labels_of(Profile),
}
_CLASSES: Final = {place: _LABELS[name].data_class for name, place in PATCHED.items()}
WHOLE = frozenset({Operator.EQUALS, Operator.IN, Operator.EXISTS})
_PARTS: Final = frozenset({Operator.STARTS_WITH, Operator.CONTAINS})
_MAX_IN: Final = 50
_SHORTEST_PART: Final = 3
_LONGEST_PART: Final = 64
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # and halves of a pair


def place_of(definition: FieldDefinition) -> Place | None:
    """Where the field's search keys are kept; None where it isn't searchable, or not yet."""
    if definition.slot is None or not (definition.is_searchable and definition.is_indexed):
        return None
    return Place(definition.slot, definition.id, holds_list(definition), definition.is_sealed)


def core_place(place: Place, schema: CustomerSchema) -> Place:
    """Where the search keys of a core attribute are kept, as far as it is sealed."""
    return sealed_place(place) if _CLASSES.get(place) in schema.sealed else place


def operators_of(definition: FieldDefinition) -> tuple[Operator, ...]:
    """What the field can be found by, once it is searchable; a sealed one by whole values only."""
    if definition.is_sealed and not holds_list(definition):
        known = KINDS[definition.kind].operators
        return tuple(operator for operator in known if operator in WHOLE)
    return LIST_OPERATORS if holds_list(definition) else KINDS[definition.kind].operators


def findable(stored: Mapping[str, object], schema: CustomerSchema) -> Findable:
    """What values, given by field id as the store keeps them, are found by; None clears."""
    search: dict[Place, tuple[str, ...]] = {}
    claims: dict[str, tuple[IdentityName, ...]] = {}
    sealed = {schema.by_id[one].kept_as for one in stored if schema.by_id[one].is_sealed}
    for field_id, value in stored.items():
        definition = schema.by_id[field_id]
        if place := place_of(definition):
            search[place] = keys_of(definition, value)
        if definition.is_claimed:
            claims[field_id] = claims_of(definition, value)
    return Findable(search, claims, frozenset(sealed), compared(schema))


def keys_of(definition: FieldDefinition, stored: object) -> tuple[str, ...]:
    """The search keys of a field's value."""
    key = KINDS[definition.kind].key
    return tuple(dict.fromkeys(key(item) for item in _values(definition, stored)))


def claims_of(definition: FieldDefinition, stored: object) -> tuple[IdentityName, ...]:
    """What a value claims for its profile: itself, and an identity on each of its channels.

    Raises:
        BadValue: the value can't be an identity of one of the channels.
    """
    names: dict[IdentityName, None] = {}
    key = KINDS[definition.kind].key
    for value in _values(definition, stored):
        if definition.is_unique:
            names[IdentityName(f"field:{definition.id}", key(value))] = None
        for channel in definition.channels:
            try:
                names[identity_name(channel, str(value), definition.facets.region)] = None
            except BadValue as error:
                raise BadValue(f"custom.{definition.key}", error.reason) from None
    return tuple(names)


def operand_keys(
    definition: FieldDefinition, operator: Operator, operand: object, where: str
) -> tuple[str, ...]:
    """The keys that an operator compares with; none for EXISTS.

    Raises:
        BadValue: names `where` and says what the operator takes.
    """
    kind = KINDS[definition.kind]
    if operator is Operator.EXISTS:
        return ()
    if operator in _PARTS and not holds_list(definition):
        return (part_key(kind.key, operator, operand, where),)
    try:
        given = checked_in(operand, where) if operator is Operator.IN else [operand]
        parsed = [kind.parse(item, definition.facets) for item in given]
    except ValueError as error:
        raise BadValue(where, getattr(error, "reason", str(error))) from None
    most = definition.facets.max_length
    # Of a longer one, the key may be another's: it is cut.
    if most is not None and any(isinstance(one, str) and len(one) > most for one in parsed):
        raise BadValue(where, f"expected at most {most} characters")
    keys = tuple(kind.key(one) for one in parsed)
    # Among the keys of a list, the empty one says that there are any: it would find them all.
    if "" in keys and holds_list(definition):
        raise BadValue(where, "expected text that isn't blank")
    return keys


def part_key(key: Callable[[object], str], operator: Operator, part: object, where: str) -> str:
    """The key of the beginning or of a part of a text.

    Raises:
        BadValue: it is too long, or too short to be looked up.
    """
    if not isinstance(part, str) or len(part) > _LONGEST_PART or _CONTROL.search(part):
        raise BadValue(where, f"expected at most {_LONGEST_PART} characters, no control characters")
    found = key(part)
    if operator is Operator.CONTAINS and len(found) < _SHORTEST_PART:
        raise BadValue(where, f"contains takes {_SHORTEST_PART} characters or more; use startsWith")
    return found


def checked_in(operand: object, where: str) -> Sequence[object]:
    """The values of IN.

    Raises:
        BadValue: there are more than 50.
    """
    given = operand if isinstance(operand, list) else [operand]
    if len(given) > _MAX_IN:
        raise BadValue(where, f"expected at most {_MAX_IN} values")
    return given


def _values(definition: FieldDefinition, stored: object) -> tuple[object, ...]:
    if stored is None:
        return ()
    value = load_value(definition, stored)
    return value if isinstance(value, tuple) else (value,)
