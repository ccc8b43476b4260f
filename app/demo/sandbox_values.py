"""How the sandbox CRM keeps and compares property values: as text, each by its property's type."""

import math
from datetime import UTC, datetime

from app.demo.sandbox_wire import Property, Value, iso


class InvalidValue(ValueError):
    """A value its property can't take.  `code` is HubSpot's word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


Comparable = str | float
"""What a stored value is compared by: numbers and instants as numbers, text in one case."""


def stored(definition: Property | None, value: Value) -> str | None:
    """The text that is kept for `value`, or None where it clears the property.

    Raises:
        InvalidValue: the property is unknown or read-only, or has another type.
    """
    if definition is None:
        raise InvalidValue("PROPERTY_DOESNT_EXIST", "Property does not exist")
    if definition.read_only:
        raise InvalidValue("READ_ONLY_VALUE", "Property is read-only")
    text = _text(value)
    if not text:
        return None
    match definition.type:
        case "number":
            number(text)
        case "bool":
            _require(text in {"true", "false"}, "INVALID_OPTION", "not a boolean")
        case "enumeration":
            allowed = {option.value for option in definition.options}
            _require(allowed.issuperset(text.split(";")), "INVALID_OPTION", "not an option")
        case "datetime":
            return iso(instant(text))
        case "date":
            return instant(text).date().isoformat()
        case "string" if definition.name == "email":
            return _email(text)
    return text


def comparable(definition: Property, text: str) -> Comparable:
    """What `text` is compared by.

    Raises:
        InvalidValue: it is of another type than the property.
    """
    match definition.type:
        case "number":
            return number(text)
        case "date" | "datetime":
            return instant(text).timestamp()
        case _:
            return text.casefold()


def number(text: str) -> float:
    """The finite number in `text`; raises InvalidValue."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    _require(math.isfinite(found), "INVALID_NUMBER", "not a number")
    return found


def instant(text: str) -> datetime:
    """The instant in `text`, ISO 8601 or milliseconds since 1970; UTC; raises InvalidValue."""
    try:
        if text.lstrip("-").isdecimal():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidValue("INVALID_DATE", "not a date") from None


def _text(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _email(text: str) -> str:
    address = text.strip().lower()
    local, at, domain = address.rpartition("@")
    is_address = bool(local and at and "." in domain) and not any(map(str.isspace, address))
    _require(is_address, "INVALID_EMAIL", "not an email address")
    return address


def _require(holds: bool, code: str, message: str) -> None:
    if not holds:
        raise InvalidValue(code, f"Value is {message}")
