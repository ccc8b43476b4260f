"""Where values come from: who wrote them, through which client, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something: a subject at the issuer of its token, and the client it uses."""

    by: str
    source: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from; `at` is aware, UTC.  What isn't known is None."""

    at: datetime | None = None
    by: str | None = None
    source: str | None = None


UNKNOWN: Final = Provenance()
