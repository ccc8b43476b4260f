"""Kinds of time: DATE, DATETIME."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, cast

from graph.kinds.kept import Kept
from graph.kinds.operators import ORDERED
from graph.kinds.source_text import trim
from graph.model.custom_field import Facets

_MILLISECONDS: Final = re.compile(r"-?[0-9]{1,18}")
_COMPACT: Final = re.compile(r"[0-9]{8}")
_INSTANT: Final = re.compile(r"[0-9W-]{7,10}([T ][0-9:.,]+(Z|[+-][0-9:.]+)?)?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DATE: Final = "expected a date such as 2021-03-04"
_NO_INSTANT: Final = "expected an instant such as 2021-03-04T05:06:07Z"


class Date(Kept):
    """A day of the calendar, without a time zone; ISO 8601 text on the wire and in the store."""

    name = "DATE"
    scalar = "Date"
    example: object = "2021-03-04"
    operators = ORDERED
    facets = frozenset({"range"})

    def parse(self, value: object, facets: Facets) -> date:
        """The day a text such as `2021-03-04` names."""
        del facets
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise ValueError(_NO_DATE) from None

    def from_source(self, value: object, facets: Facets) -> date:
        """ISO text of a day or an instant, or milliseconds since 1970 (UTC), as HubSpot has it.

        Milliseconds are a whole number or its text, negative before 1970.
        """
        value = _milliseconds(trim(value))
        if isinstance(value, int) and not isinstance(value, bool):
            return _instant_of(value).date()
        if isinstance(value, str):
            value = re.split("[T ]", value, maxsplit=1)[0]
        return self.parse(value, facets)

    def dump(self, value: object) -> object:
        """ISO text."""
        return value.isoformat() if isinstance(value, date) else value

    def load(self, stored: object) -> object:
        """The day of an ISO text."""
        return date.fromisoformat(stored) if isinstance(stored, str) else stored

    def key(self, value: object) -> str:
        """ISO text, which has four digits for every year."""
        return cast("date", value).isoformat()


class DateTime(Kept):
    """An instant to the millisecond, in UTC."""

    name = "DATETIME"
    scalar = "DateTime"
    example: object = "2021-03-04T05:06:07.123Z"
    operators = ORDERED
    facets = frozenset({"range"})

    def parse(self, value: object, facets: Facets) -> datetime:
        """The instant of ISO 8601 text with an offset from UTC, in UTC, cut to milliseconds."""
        del facets
        moment = value if isinstance(value, datetime) else _moment(value)
        if moment.utcoffset() is None:
            raise ValueError(f"{_NO_INSTANT}, with its offset from UTC")
        return _in_utc(moment)

    def from_source(self, value: object, facets: Facets) -> datetime:
        """As `parse`; what has no offset is in UTC, a day is its beginning.

        Also milliseconds since 1970, a whole number or its text, negative before 1970.
        """
        value = _milliseconds(trim(value))
        if isinstance(value, int) and not isinstance(value, bool):
            return _instant_of(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime.combine(value, time(), UTC)
        moment = value if isinstance(value, datetime) else _moment(value)
        is_naive = moment.utcoffset() is None
        return self.parse(moment.replace(tzinfo=UTC) if is_naive else moment, facets)

    def key(self, value: object) -> str:
        """ISO text in UTC, 24 characters."""
        instant = cast("datetime", value).astimezone(UTC).replace(tzinfo=None)
        return instant.isoformat(timespec="milliseconds") + "Z"


def _moment(value: object) -> datetime:
    text = value.upper() if isinstance(value, str) and value.isascii() else ""
    try:
        return datetime.fromisoformat(text if _INSTANT.fullmatch(text) else "")
    except ValueError:
        raise ValueError(_NO_INSTANT) from None


def _in_utc(moment: datetime) -> datetime:
    try:
        instant = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected an instant of the years 1 to 9999 in UTC") from None
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _milliseconds(value: object) -> object:
    """A text of milliseconds as their number; anything else, a day of 8 digits too, as it is."""
    if not isinstance(value, str) or not _MILLISECONDS.fullmatch(value):
        return value
    try:
        date.fromisoformat(value if _COMPACT.fullmatch(value) else "")
    except ValueError:
        return int(value)
    return value


def _instant_of(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError("expected milliseconds of a year that the calendar has") from None
