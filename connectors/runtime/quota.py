"""How much of what a source grants is used, as its answers tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Pairs of headers: what is granted, and what is left of it.  HubSpot by the day; Freshdesk,
# Zendesk and Pipedrive by the minute or by the day.
_PAIRS: Final = (
    ("x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining"),
    ("x-rate-limit", "x-rate-limit-remaining"),
    ("x-ratelimit-limit", "x-ratelimit-remaining"),
    ("x-ratelimit-total", "x-ratelimit-remaining"),
    ("ratelimit-limit", "ratelimit-remaining"),
)
_SALESFORCE: Final = "sforce-limit-info"
_USAGE: Final = re.compile(r"\bapi-usage=(\d{1,12})/(\d{1,12})")
_NUMBER: Final = re.compile(r"\d{1,12}")


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls that were used, of those that are granted; the source says for which time."""

    used: int
    limit: int


def quota_of(headers: Mapping[str, str]) -> Quota | None:
    """What an answer's headers tell of a quota; None where they tell nothing, or nonsense.

    `headers` are found whatever their case, as httpx2's are.
    """
    if found := _USAGE.search(headers.get(_SALESFORCE, "")):
        return Quota(int(found[1]), int(found[2]))
    for granted, left in _PAIRS:
        limit, remaining = _number(headers.get(granted)), _number(headers.get(left))
        if limit is not None and remaining is not None:
            return Quota(max(0, limit - remaining), limit)
    return None


def _number(text: str | None) -> int | None:
    """A whole number; of a list of limits, the first."""
    found = _NUMBER.match((text or "").strip())
    return int(found[0]) if found else None
