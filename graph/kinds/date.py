import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

_MILLISECONDS: Final = re.compile(r"-?[0-9]{1,18}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Date:
    """A day of the calendar, without a time zone; ISO 8601 text on the wire and in the store."""

    name = "DATE"
    scalar = "Date"
    example: object = "2021-03-04"

    def parse(self, value: object, choices: Sequence[str]) -> date:
        """The day a text such as `2021-03-04` names; `choices` is not used."""
        del choices
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise ValueError("expected a date such as 2021-03-04") from None

    def from_source(self, value: object, choices: Sequence[str]) -> date:
        """ISO text of a day or an instant, or milliseconds since 1970 (UTC), as HubSpot has it.

        Milliseconds are a whole number or its text, negative before 1970.
        """
        if isinstance(value, str) and _MILLISECONDS.fullmatch(value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return _day_of(value)
        if isinstance(value, str) and "T" in value:
            value = value.partition("T")[0]
        return self.parse(value, choices)

    def dump(self, value: object) -> object:
        """ISO text."""
        return value.isoformat() if isinstance(value, date) else value

    def load(self, stored: object) -> object:
        """The day of an ISO text."""
        return date.fromisoformat(stored) if isinstance(stored, str) else stored


def _day_of(milliseconds: int) -> date:
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).date()
    except OverflowError:
        raise ValueError("expected milliseconds of a year that the calendar has") from None
