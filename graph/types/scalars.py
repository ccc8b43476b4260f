"""Scalars of the schema, with how they are read and written."""

from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, ValueNode
from graphql.utilities import value_from_ast_untyped
from strawberry.schema.config import StrawberryConfig

CustomValues = NewType("CustomValues", dict[str, Any])
CustomValue = NewType("CustomValue", object)


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


def _parse_custom(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GraphQLError("Expected an object of values by field key.")
    return value


def _parse_custom_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
    return _parse_custom(value_from_ast_untyped(node, variables))


CONFIG = StrawberryConfig(
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
        CustomValue: strawberry.scalar(
            name="CustomValue",
            description="One value of a custom field as its kind writes it: text, number or flag.",
            serialize=lambda value: _iso(value) if isinstance(value, date) else value,
        ),
    }
)
