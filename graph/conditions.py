"""From the filters that clients send to the typed tree that a store compiles."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from strawberry import UNSET

from graph.errors import BadInput, QueryTooComplex
from graph.kinds.search import (
    WHOLE,
    checked_in,
    core_place,
    operand_keys,
    operators_of,
    part_key,
    place_of,
)
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.errors import BadValue
from graph.model.filter import All, AnyOf, Condition, Filter, Not, Operator, Order, Place, folded
from graph.model.ids import is_id
from graph.model.label import checked_label, label_key
from graph.model.search import (
    BY_BIRTH_DATE,
    BY_CREATED_AT,
    BY_FAMILY_NAME,
    BY_GIVEN_NAME,
    BY_ID,
    BY_LABEL,
    BY_LANGUAGE,
    BY_STATE,
    BY_UPDATED_AT,
    instant_key,
    word_key,
)
from graph.types.enums import OrderDirection
from graph.types.filter import ProfileFilter, ProfileOrder

_DEEPEST: Final = 8
_PARTS: Final = frozenset({Operator.STARTS_WITH, Operator.CONTAINS})
_COMPARED: Final = frozenset({Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})
_SEALED: Final = "it is sealed, so it is found by whole values only: equals, in, exists"
_SPELT: Final = {"in_": "in", "starts_with": "startsWith"}


def _id_key(value: Any) -> str:  # noqa: ANN401 - a coerced input
    return value if is_id(value) else "-"


def _folded(value: object) -> str:
    return folded(str(value))


def _plain_key(value: Any) -> str:  # noqa: ANN401 - a coerced input
    if not value.isprintable():
        raise BadValue("where", "expected printable characters")
    return str(value)


_CORE: Final[Mapping[str, tuple[str, Place, Callable[[Any], str]]]] = {
    "id": ("id", BY_ID, _id_key),
    "state": ("state", BY_STATE, lambda state: state.value),
    "language": ("language", BY_LANGUAGE, _plain_key),
    "given_name": ("givenName", BY_GIVEN_NAME, folded),
    "family_name": ("familyName", BY_FAMILY_NAME, folded),
    "birth_date": ("birthDate", BY_BIRTH_DATE, date.isoformat),
    "labels": ("labels", BY_LABEL, lambda name: label_key(checked_label(name, "where.labels"))),
    "created_at": ("createdAt", BY_CREATED_AT, instant_key),
    "updated_at": ("updatedAt", BY_UPDATED_AT, instant_key),
}


def filter_of(where: ProfileFilter | None, schema: CustomerSchema) -> Filter:
    """The tree that a filter stands for.

    Raises:
        BadValue: an operand can't be compared, or a custom field can't be searched by.
        QueryTooComplex: filters are nested more than eight deep.
    """
    return All(tuple(_parts(where, schema, 0))) if where else All()


def order_of(order_by: Sequence[ProfileOrder] | None, schema: CustomerSchema) -> Order | None:
    """What a list is sorted by; None where nothing was said.

    Raises:
        BadInput: more than one field is named.
        BadValue: a custom field can't be sorted by.
    """
    named = list(_orders(order_by or (), schema))
    if len(named) > 1:
        raise BadInput("orderBy: expected one field; those who have the same value come by age.")
    return named[0] if named else None


def _orders(order_by: Sequence[ProfileOrder], schema: CustomerSchema) -> Iterator[Order]:
    for order in order_by:
        for attribute, given in vars(order).items():
            if given is UNSET or given is None:
                continue
            if attribute != "custom":
                place = core_place(_CORE[attribute][1], schema)
                _refuse_sealed_order(place, attribute)
                yield Order(place, is_descending=given is OrderDirection.DESC)
                continue
            for key, direction in given.items():
                place = _place(schema, key, "orderBy")
                _refuse_sealed_order(place, f"custom.{key}")
                if place.is_list:
                    raise BadValue(f"orderBy.custom.{key}", "a list can't be sorted by")
                yield Order(place, is_descending=direction is OrderDirection.DESC)


def _parts(where: ProfileFilter, schema: CustomerSchema, depth: int) -> Iterator[Filter]:
    if depth > _DEEPEST:
        raise QueryTooComplex(f"Filters are nested more than {_DEEPEST} deep.")
    for attribute, given in vars(where).items():
        if given is UNSET or given is None:
            continue
        if attribute in {"and_", "or_"}:
            below = tuple(All(tuple(_parts(part, schema, depth + 1))) for part in given)
            yield All(below) if attribute == "and_" else AnyOf(below)
        elif attribute == "not_":
            yield Not(All(tuple(_parts(given, schema, depth + 1))))
        elif attribute == "custom":
            yield from _custom(given, schema)
        else:
            yield from _core(attribute, vars(given), schema)


def _core(
    attribute: str, comparisons: Mapping[str, Any], schema: CustomerSchema
) -> Iterator[Filter]:
    name, plain, key = _CORE[attribute]
    where, place = f"where.{name}", core_place(plain, schema)
    for spelt, operand in comparisons.items():
        if operand is UNSET or operand is None:
            continue
        operator = Operator(_SPELT.get(spelt, spelt))
        if operator is Operator.EXISTS:
            yield _existing(place, operand)
        elif operator is Operator.CONTAINS and plain.is_list:
            yield Condition(place, operator, (key(operand),))
        elif place.is_sealed and operator not in WHOLE:
            yield _word(place, operator, operand, where)
        elif operator in _PARTS:
            yield Condition(place, operator, (part_key(_folded, operator, operand, where),))
        else:
            given = checked_in(operand, where) if operator is Operator.IN else [operand]
            yield Condition(place, operator, tuple(key(item) for item in given))


def _custom(values: Mapping[str, Any], schema: CustomerSchema) -> Iterator[Filter]:
    for key, comparisons in values.items():
        if comparisons is None:
            continue
        place, definition = _place(schema, key, "where"), schema.by_key[key]
        for name, operand in comparisons.items():
            if operand is not None:
                yield from _condition(place, definition, Operator(name), operand)


def _condition(
    place: Place,
    definition: FieldDefinition,
    operator: Operator,
    operand: Any,  # noqa: ANN401 - coerced
) -> Iterator[Filter]:
    if operator is Operator.EXISTS:
        yield _existing(place, operand)
        return
    where = f"where.custom.{definition.key}"
    if operator not in operators_of(definition):
        raise BadValue(where, _SEALED)
    keys = operand_keys(definition, operator, operand, where)
    yield Condition(place, operator, keys)
    if definition.kind == "MONEY" and operator in _COMPARED:
        # An amount is compared with amounts of its own currency.
        currency = keys[0].partition(" ")[0]
        yield Condition(place, Operator.STARTS_WITH, (f"{currency} ",))


def _word(place: Place, operator: Operator, operand: object, where: str) -> Filter:
    """One word of a sealed name: it is found as a whole."""
    key = _folded(operand)
    if not place.is_list or operator is not Operator.CONTAINS:
        raise BadValue(where, _SEALED)
    if " " in key or not key:
        raise BadValue(where, "the name is sealed, so contains takes one word of it as a whole")
    return Condition(place, Operator.EQUALS, (word_key(key),))


def _refuse_sealed_order(place: Place, asked: str) -> None:
    if place.is_sealed:
        raise BadValue(f"orderBy.{asked}", "it is sealed, so nothing can be sorted by it")


def _existing(place: Place, operand: Any) -> Filter:  # noqa: ANN401 - a coerced flag
    found = Condition(place, Operator.EXISTS)
    return found if operand else Not(found)


def unknown_key(asked: str) -> BadValue:
    """What is said of custom fields that nobody defined, or that are unknown to who asks."""
    return BadValue(f"{asked}.custom", "no field is defined under one of these keys")


def _place(schema: CustomerSchema, key: str, asked: str) -> Place:
    definition = schema.by_key.get(key)
    if definition is None:
        raise unknown_key(asked)
    if not definition.is_searchable:
        told = "it isn't searchable; an admin can make it so: defineField with isSearchable: true"
        raise BadValue(f"{asked}.custom.{key}", told)
    place = place_of(definition)
    if place is None or not definition.is_ready:
        told = "its index is being made; customerSchema tells its progress"
        raise BadValue(f"{asked}.custom.{key}", told)
    return place
