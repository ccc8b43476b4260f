"""The shapes of masked values.  Imported by `policies.reveal` alone.

A mask is of the value's own type, so that typed clients can read it, and of a fixed shape, so
that it doesn't tell how long the value is.  Where no typed shape hides enough, it is None.
"""

import re
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final

DOT: Final = "•"
DOTS: Final = DOT * 3
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.([^\s@.]+)")
# Any other ending may name an employer or a country.
_PLAIN_ENDINGS: Final = frozenset({"com", "net", "org"})
_NUMBER: Final = re.compile(r"\+?[0-9 ().-]+")
_SHOWN: Final = 4
# Shorter numbers would show half of themselves, or the day and month of a date of birth.
_LEAST_HIDDEN: Final = 6


def mask(value: object) -> object:
    """The masked form of one value; lists are masked item by item.

    Text: `j•••@•••.org` for an e-mail address (with `•` for a first character that is no letter
    or digit, and `•••` for an ending other than com, net and org), `•••• 6789` for a number of
    ten digits or more, else `•••`.  Days and instants: the first of January of their year.
    Numbers, flags, and one or several choices: None.
    """
    if isinstance(value, str):
        return _mask_text(value)
    if isinstance(value, datetime):
        # The offset would tell where somebody is.
        return datetime(value.year, 1, 1, tzinfo=UTC if value.tzinfo else None)
    if isinstance(value, date):
        return date(value.year, 1, 1)
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], Enum):
            return None
        return type(value)(mask(item) for item in value)
    return None


def _mask_text(value: str) -> str:
    if email := _EMAIL.fullmatch(value):
        first = value[0] if value[0].isalnum() else DOT
        ending = email[1].lower()
        return f"{first}{DOTS}@{DOTS}.{ending if ending in _PLAIN_ENDINGS else DOTS}"
    if _NUMBER.fullmatch(value):
        digits = re.sub(r"\D", "", value).lstrip("0")
        if len(digits) >= _SHOWN + _LEAST_HIDDEN:
            return f"{DOTS}{DOT} {digits[-_SHOWN:]}"
    return DOTS
