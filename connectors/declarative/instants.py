import math
from datetime import UTC, datetime
from typing import Final

# An instant in seconds has fewer digits until the year 5138, one in milliseconds more since 1973.
_LEAST_MILLISECONDS: Final = 100_000_000_000


def instant(value: object) -> datetime | None:
    """An instant, aware and in UTC: of ISO text, or of seconds or milliseconds since 1970.

    Text without an offset is UTC.  None and "" are None.

    Raises:
        ValueError: it is something else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not an instant")
    seconds = value / 1000 if abs(value) >= _LEAST_MILLISECONDS else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError):
        raise ValueError("not an instant") from None
