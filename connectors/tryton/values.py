"""What Tryton's REST interface answers, in our words."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from connectors.base import Record
from connectors.errors import BadPayload

TIMES: Final = ("write_date", "create_date")
ABSENT: Final = object()
"""What a path leads to that Tryton doesn't show."""


def record_of(source: str, row: Mapping[str, object], attributes: Collection[str]) -> Record:
    """A row as a record with those of `attributes` that it shows.

    Raises:
        BadPayload: it isn't a row that Tryton would send.
    """
    id_ = row.get("id")
    if type(id_) is not int:
        raise BadPayload(source, "a record has no number as `id`")
    found = {path: reached(source, row, path) for path in attributes}
    values = {path: value for path, value in found.items() if value is not ABSENT}
    at = modified_at(source, row)
    return Record(str(id_), values, at, etag=at.isoformat() if at else None)


def modified_at(source: str, row: Mapping[str, Any]) -> datetime | None:
    """When a row was last written.

    Raises:
        BadPayload: it doesn't say so in Tryton's words.
    """
    # A record that was never written after its creation may have no write_date.
    stamp = row.get("write_date") or row.get("create_date")
    try:
        return instant_of(stamp) if stamp else None
    except _MALFORMED:
        raise BadPayload(source, "`write_date` is not an instant") from None


def reached(source: str, row: Mapping[str, object], path: str) -> object:
    """What `path` leads to, converted; `ABSENT` where Tryton doesn't show it.

    Where the path runs through a list, a list of all that it leads to.
    """
    level: list[Any] = [row]
    is_many = False
    for step in path.split("."):
        if not all(item is None or (isinstance(item, dict) and step in item) for item in level):
            return ABSENT
        level = [None if item is None else item[step] for item in level]
        is_many = is_many or any(isinstance(item, list) for item in level)
        level = [part for item in level for part in (item if isinstance(item, list) else [item])]
    values = [_plain(source, item, path) for item in level]
    return values if is_many else values[0]


def _plain(source: str, value: object, path: str) -> object:
    if not isinstance(value, dict):
        return value
    if "__class__" not in value:
        # A linked record comes as an object where attributes of it were asked for as well.
        return value.get("id") if "__name__" in value else value
    try:
        return _CLASSES[value["__class__"]](value)
    except _MALFORMED:
        raise BadPayload(source, f"`{path}` has a value of a class we can't read") from None


def instant_of(value: Mapping[str, Any]) -> datetime:
    """A Tryton datetime, which is UTC and doesn't say so."""
    return datetime.combine(_day(value), _clock(value), UTC)


def _day(value: Mapping[str, Any]) -> date:
    return date(value["year"], value["month"], value["day"])


def _clock(value: Mapping[str, Any]) -> time:
    return time(value["hour"], value["minute"], value["second"], value["microsecond"])


_MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError)
_CLASSES: Mapping[str, Callable[[Mapping[str, Any]], str | float]] = {
    "datetime": lambda value: instant_of(value).isoformat(),
    "date": lambda value: _day(value).isoformat(),
    "time": lambda value: _clock(value).isoformat(),
    "timedelta": lambda value: float(value["seconds"]),
    "Decimal": lambda value: str(Decimal(value["decimal"])),
    "bytes": lambda value: b64encode(b64decode(value["base64"])).decode(),
}
