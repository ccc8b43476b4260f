"""The shapes of masked values.  Imported by `policies.reveal` alone.

A mask is of the value's own type, so that typed clients can read it, and of a fixed shape, so
that it doesn't tell how long the value is.  Where no typed shape hides enough, it is None.
"""

import re
from datetime import date, datetime

DOTS = "•••"
_LONG_NUMBER = re.compile(r"^\+?[\d\s().-]{8,}$")
_SHOWN = 4


def mask(value: object) -> object:
    """The masked form of one value; lists are masked item by item.

    Text: `j•••@•••.org` for an e-mail address, `•••• 6789` for a number of eight digits or
    more, else `•••`.  Dates: the first of January of their year.  Numbers and flags: None.
    """
    if isinstance(value, str):
        return _mask_text(value)
    if isinstance(value, datetime):
        return value.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    if isinstance(value, date):
        return value.replace(month=1, day=1)
    if isinstance(value, list | tuple):
        return type(value)(mask(item) for item in value)
    return None


def _mask_text(value: str) -> str:
    name, at, domain = value.rpartition("@")
    if at and name and "." in domain:
        return f"{name[0]}{DOTS}@{DOTS}.{domain.rpartition('.')[2]}"
    if _LONG_NUMBER.match(value):
        digits = re.sub(r"\D", "", value)
        if len(digits) >= 2 * _SHOWN:
            return f"•{DOTS} {digits[-_SHOWN:]}"
    return DOTS
