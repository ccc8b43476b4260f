"""Where values come from: who wrote them, through which client, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something: a subject at the issuer of its token, and the client it uses.

    Where a CRM is the source, `observed_at` is when it last changed what it tells, if it says so.
    """

    by: str
    source: str
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from; instants are aware, UTC.  What isn't known is None.

    `observed_at` is when its source, a CRM, last changed the record that it comes from.
    """

    at: datetime | None = None
    by: str | None = None
    source: str | None = None
    observed_at: datetime | None = None


UNKNOWN: Final = Provenance()
