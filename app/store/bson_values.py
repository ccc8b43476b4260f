"""Values of kinds as BSON has them, and back."""

from decimal import Decimal
from typing import Any

from bson.decimal128 import Decimal128


def kept_value(value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A custom value as BSON has it."""
    if isinstance(value, Decimal):
        return Decimal128(value)
    if isinstance(value, dict):
        return {key: kept_value(item) for key, item in value.items()}
    return [kept_value(item) for item in value] if isinstance(value, list | tuple) else value


def loaded_value(value: Any) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A custom value as its kind keeps it."""
    if type(value) is Decimal128:
        return value.to_decimal()
    if type(value) is dict:
        return {key: loaded_value(item) for key, item in value.items()}
    return [loaded_value(item) for item in value] if type(value) is list else value
