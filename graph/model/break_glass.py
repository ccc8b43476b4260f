"""Breaking the glass: more access to one customer for a while, recorded and reviewed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from graph.model.audit import Verdict
from policies.classification import DataClass, classified

LEAST_REASON: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassGrant:
    """An emergency that somebody declared, and what its review said.

    It holds from `at` until `until` or until a review ends it; instants are aware, UTC.  `event` is
    what recorded it, `review_event` what recorded its review.
    """

    id: str = classified(DataClass.PUBLIC)
    profile_id: str = classified(DataClass.PUBLIC)
    at: datetime = classified(DataClass.PUBLIC)
    until: datetime = classified(DataClass.PUBLIC)
    by: str | None = classified(DataClass.INTERNAL)
    reason: str | None = classified(DataClass.INTERNAL)
    ticket: str | None = classified(DataClass.INTERNAL, default=None)
    event: str | None = classified(DataClass.INTERNAL, default=None)
    verdict: Verdict | None = classified(DataClass.INTERNAL, default=None)
    note: str | None = classified(DataClass.INTERNAL, default=None)
    reviewed_by: str | None = classified(DataClass.INTERNAL, default=None)
    reviewed_at: datetime | None = classified(DataClass.INTERNAL, default=None)
    review_event: str | None = classified(DataClass.INTERNAL, default=None)
