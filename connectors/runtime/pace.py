"""How fast, how often and how fresh: what one source is asked, and what a reader wants."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many calls within so many seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source bears, as its connector knows it: None and () where it doesn't.

    `lanes` are rates of some kinds of requests, which hold beside the others.
    """

    concurrency: int | None = None
    rates: tuple[Rate, ...] = ()
    lanes: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of one source.  Times are seconds.

    What was asked `fresh_s` ago or less is given without asking; for `refresh_s` after that it is
    given at once, marked stale, while the source is asked anew; for `keep_s` after it was asked
    it is given, marked stale, where the source fails.  That a record doesn't exist is believed
    for `absent_s`.  `most_records` are kept in memory.

    Keys wait `window_s` for others to come along; while others do, or the source is busy with
    our last call, no longer than `longest_window_s`.  `concurrency` calls are under way at once,
    and `rates` hold for all of them; those of a lane in `lanes` hold for its requests, too.
    `timeout_s` bounds one call.
    """

    fresh_s: float = 30.0
    refresh_s: float = 30.0
    keep_s: float = 3600.0
    absent_s: float = 10.0
    most_records: int = 10_000
    window_s: float = 0.002
    longest_window_s: float = 0.05
    concurrency: int = 6
    rates: tuple[Rate, ...] = ()
    lanes: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)
    timeout_s: float = 1.5


@dataclass(frozen=True, slots=True)
class Freshness:
    """What a reader accepts: values no older than `max_age_s` (None: as the source's pace says).

    Unless `allow_stale`, an older value is never given: the reader waits, or gets the error.
    """

    max_age_s: float | None = None
    allow_stale: bool = True


AS_USUAL = Freshness()
USUAL_PACE = Pace()
NO_LIMITS = Limits()
