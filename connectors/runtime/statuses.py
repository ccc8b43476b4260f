"""What an HTTP status means to us."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from connectors.errors import (
    BadPayload,
    RateLimited,
    Retriable,
    SourceError,
    Timeout,
    Unauthorized,
    Unavailable,
    WrongSettings,
)

LONGEST_PAUSE_S: Final = 86_400.0
"""A day: quotas are renewed daily at the latest, and some sources send an epoch by mistake."""

_Meaning = tuple[type[SourceError], str]

_REFUSED: _Meaning = (BadPayload, "the request is refused")
_NO_ENTRY: _Meaning = (Unauthorized, "our credentials are refused")
_NOWHERE: _Meaning = (WrongSettings, "no such address: check base_url, options and object")
_MEANINGS: Mapping[int, _Meaning] = {
    HTTPStatus.UNAUTHORIZED: _NO_ENTRY,
    HTTPStatus.FORBIDDEN: _NO_ENTRY,
    HTTPStatus.NOT_FOUND: _NOWHERE,
    HTTPStatus.METHOD_NOT_ALLOWED: _NOWHERE,
    HTTPStatus.GONE: _NOWHERE,
    HTTPStatus.REQUEST_TIMEOUT: (Timeout, "the source gave up waiting"),
    HTTPStatus.TOO_MANY_REQUESTS: (RateLimited, "too many requests"),
}
_BY_HUNDRED: Mapping[int, _Meaning] = {
    3: (WrongSettings, "redirects are not followed: check base_url"),
    5: (Unavailable, "the source failed"),
}


def refusal(
    source: str, status: int, headers: Mapping[str, str], now: datetime
) -> SourceError | None:
    """The error that `status` stands for; None for 2xx.  `now` (aware) dates a Retry-After."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    kind, meaning = _MEANINGS.get(status) or _BY_HUNDRED.get(status // 100, _REFUSED)
    pause_s = None
    if issubclass(kind, Retriable):
        pause_s = retry_after_s(headers.get("Retry-After", ""), now)
    return kind(source, f"{meaning} ({status})", retry_after_s=pause_s)


def retry_after_s(text: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for; None where it is absent or makes no sense.

    Both forms are read: a number (fractions too, some sources send them) and an HTTP date.  Never
    more than `LONGEST_PAUSE_S`.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    return min(max(0.0, seconds), LONGEST_PAUSE_S) if math.isfinite(seconds) else None


def _seconds_until(text: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return math.nan
    # A date in "-0000" comes back naive; HTTP dates are UTC.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - now).total_seconds()
