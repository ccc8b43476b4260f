"""Where one stands among the changes of a model of Tryton.

What was never written after it was made may have no `write_date`, so there are two lanes: records
by when they were made, as long as they have none, then records by when they were last written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from connectors.errors import CursorExpired
from connectors.tryton.attributes import instant_sent

# Transactions of Tryton become visible some time after the instant that they write down.
OVERLAP: Final = timedelta(minutes=5)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LANES: Final = ("create_date", "write_date")


@dataclass(frozen=True, slots=True)
class Position:
    """Behind the record `id` among those of the instant `at`."""

    at: datetime = _FIRST
    id: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in each lane, and the lane that is being read."""

    positions: Mapping[str, Position] = field(
        default_factory=lambda: dict.fromkeys(_LANES, Position())
    )
    lane: str = _LANES[0]

    @property
    def is_last_lane(self) -> bool:
        """Whether nothing comes behind this lane."""
        return self.lane == _LANES[-1]

    @property
    def domain(self) -> list[Any]:
        """What finds the records behind this position."""
        here = self.positions[self.lane]
        at = instant_sent(here.at)
        same = [[self.lane, "=", at], ["id", ">", here.id]]
        behind = ["OR", [[self.lane, ">", at]], same]
        return [behind] if self.is_last_lane else [["write_date", "=", None], behind]

    @property
    def order(self) -> list[list[str]]:
        """The order in which a lane is read."""
        return [[self.lane, "ASC"], ["id", "ASC"]]

    def moved(self, at: datetime, id: int) -> "Cursor":
        """Behind this record."""
        return replace(self, positions={**self.positions, self.lane: Position(at, id)})

    def next_lane(self) -> "Cursor":
        """At the lane behind this one."""
        return replace(self, lane=_LANES[-1])

    def for_next_run(self, now: datetime) -> "Cursor":
        """Where the next run begins: at the first lane, and what is recent is read again."""
        recent = Position(now - OVERLAP)
        positions = {
            lane: recent if one.at > recent.at else one for lane, one in self.positions.items()
        }
        return Cursor(positions)

    def text(self) -> str:
        """The cursor as it is given away."""
        kept = {lane: [one.at.isoformat(), one.id] for lane, one in self.positions.items()}
        return orjson.dumps({"lane": self.lane, **kept}).decode()


def cursor_of(source: str, text: str | None) -> Cursor:
    """A cursor that was given away; None stands for the beginning.

    Raises:
        CursorExpired: it isn't one of ours.
    """
    if text is None:
        return Cursor()
    try:
        kept = orjson.loads(text)
        positions = {
            lane: Position(datetime.fromisoformat(kept[lane][0]), int(kept[lane][1]))
            for lane in _LANES
        }
        return Cursor(positions, _LANES[_LANES.index(kept["lane"])])
    except (LookupError, TypeError, ValueError):
        raise CursorExpired(source, "the cursor is not one of this source") from None
