"""Scalars of the schema, with how they are read and written."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, GraphQLScalarType, ValueNode
from graphql.utilities import value_from_ast_untyped
from strawberry.schema.config import StrawberryConfig

from graph.kinds.plain import plain
from graph.readable import read_attribute

CustomValues = NewType("CustomValues", dict[str, Any])
CustomValue = NewType("CustomValue", object)
CustomFieldsFilter = NewType("CustomFieldsFilter", dict[str, Any])
CustomFieldsOrder = NewType("CustomFieldsOrder", dict[str, Any])


def _parse_date(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise GraphQLError("Expected a date such as 2021-03-04.") from None


def _parse_datetime(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise GraphQLError("Expected an instant such as 2021-03-04T05:06:07Z.") from None
    if moment.tzinfo is None:
        raise GraphQLError("Expected an instant with its offset from UTC.")
    return moment.astimezone(UTC)


def _iso(value: date | datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _parse_decimal(value: object) -> Decimal:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise GraphQLError("Expected a decimal number as text, such as 12.50.")
    return number


def _any_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
    return value_from_ast_untyped(node, variables)


def _parse_custom(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GraphQLError("Expected an object of values by field key.")
    return value


def _parse_custom_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
    return _parse_custom(_any_literal(node, variables))


CONFIG = StrawberryConfig(
    default_resolver=read_attribute,
    scalar_map={
        date: strawberry.scalar(
            name="Date",
            description="A day of the calendar, without a time zone, as ISO 8601: 2021-03-04.",
            serialize=_iso,
            parse_value=_parse_date,
        ),
        datetime: strawberry.scalar(
            name="DateTime",
            description="An instant as ISO 8601 with its offset: 2021-03-04T05:06:07Z.",
            serialize=_iso,
            parse_value=_parse_datetime,
        ),
        CustomValues: strawberry.scalar(
            name="CustomValues",
            description=(
                "Values of custom fields by key, each as its kind writes it; null clears one."
            ),
            serialize=lambda value: value,
            parse_value=_parse_custom,
            parse_literal=_parse_custom_literal,
        ),
        Decimal: strawberry.scalar(
            name="Decimal",
            description="An exact decimal number, as text: 12.50.",
            serialize=plain,
            parse_value=_parse_decimal,
        ),
        CustomValue: strawberry.scalar(
            name="CustomValue",
            description=(
                "A value of a custom field as its kind writes it: text, number, flag, an object"
                " such as money, or a list of those."
            ),
            serialize=plain,
            parse_value=lambda value: value,
            parse_literal=_any_literal,
        ),
        CustomFieldsFilter: strawberry.scalar(
            name="CustomFieldsFilter",
            description=(
                "Conditions on custom fields.  For a tenant that has defined fields, this is an"
                " input object with one field for each."
            ),
            parse_value=_parse_custom,
            parse_literal=_parse_custom_literal,
        ),
        CustomFieldsOrder: strawberry.scalar(
            name="CustomFieldsOrder",
            description=(
                "The custom field to sort by.  For a tenant that has defined fields, this is an"
                " input object with one field for each."
            ),
            parse_value=_parse_custom,
            parse_literal=_parse_custom_literal,
        ),
    },
)


def _plain(custom: Any) -> GraphQLScalarType:  # noqa: ANN401 - a type
    definition = CONFIG.scalar_map[custom]
    return GraphQLScalarType(
        definition.name,
        description=definition.description,
        parse_value=definition.parse_value,
        parse_literal=definition.parse_literal,
    )


PLAIN_INPUTS = {item.name: item for item in map(_plain, (CustomFieldsFilter, CustomFieldsOrder))}
"""The inputs about custom fields of a tenant that has none, by name."""
