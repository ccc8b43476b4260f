"""What the records of one source held when they were last asked: field by field, bounded."""

import random
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectors.base import Key, Record

Place = tuple[str, Key]
"""An object of a source, and a key of one of its records."""

_LEAST_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Seen:
    """One attribute's value, and when the source gave it; `is_there` is false where it didn't."""

    at: datetime
    value: object = field(default=None, repr=False)
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of one key.  `id` is None where the source has no such record.

    `values` holds every attribute that was ever asked of it, each with its own time; `at` is when
    it was last asked at all.
    """

    at: datetime
    id: str | None = None
    values: Mapping[str, Seen] = field(default_factory=dict, repr=False)
    modified_at: datetime | None = None
    etag: str | None = None
    share: float = 1.0
    """Its part of the usual times, so that what came together isn't renewed together."""

    def age_s(self, attributes: Collection[str], now: datetime) -> float | None:
        """The age of the oldest of `attributes`; None where one was never asked."""
        if self.id is None:
            return max(0.0, (now - self.at).total_seconds())
        values = self.values
        oldest = now
        for name in attributes:
            seen = values.get(name)
            if seen is None:
                return None
            oldest = min(oldest, seen.at)
        return (now - oldest).total_seconds()

    def older_than(
        self, attributes: Collection[str], age_s: float, now: datetime
    ) -> frozenset[str]:
        """Those of `attributes` that are older, or were never asked."""
        if self.id is None:
            return frozenset(attributes)
        return frozenset(
            name
            for name in attributes
            if (seen := self.values.get(name)) is None or (now - seen.at).total_seconds() > age_s
        )

    def missing(self, attributes: Collection[str]) -> bool:
        """Whether one of `attributes` was never asked of the record, which is there."""
        return self.id is not None and any(name not in self.values for name in attributes)

    def with_answer(
        self, record: Record | None, attributes: Collection[str], at: datetime
    ) -> "Kept":
        """This, after the source answered for `attributes`."""
        if record is None:
            return Kept(at, share=self.share)
        # What else was known of it is older than the change that the source tells of.
        is_same = self.id == record.id and record.modified_at in {None, self.modified_at}
        former = self.values if is_same else {}
        asked = {
            name: Seen(at, record.values.get(name), name in record.values) for name in attributes
        }
        values = {**former, **asked}
        return Kept(at, record.id, values, record.modified_at, record.etag, self.share)

    def merged(self, other: "Kept") -> "Kept":
        """The newer of the two, with what only the other knows of the same record."""
        newer, older = (self, other) if self.at >= other.at else (other, self)
        if newer.id is None or newer.id != older.id:
            return newer
        if newer.modified_at not in {None, older.modified_at}:
            return newer
        values = dict(older.values)
        for name, seen in newer.values.items():
            if name not in values or values[name].at <= seen.at:
                values[name] = seen
        return replace(newer, values=values, share=other.share)


def unknown(at: datetime) -> Kept:
    """What is kept before anything is known."""
    return Kept(at, share=random.uniform(_LEAST_SHARE, 1))  # noqa: S311 - guards no secret


class Records:
    """The records that were asked last, at most so many: the longest unused make way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Place, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, place: Place) -> Kept | None:
        """What is known of a record."""
        kept = self._kept.get(place)
        if kept is not None:
            self._kept.move_to_end(place)
        return kept

    def put(self, place: Place, kept: Kept) -> None:
        """Keep what is known now."""
        self._kept[place] = kept
        self._kept.move_to_end(place)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, object: str, ids: Collection[str]) -> list[Place]:
        """Drop what is kept of records, whatever key asked for them; where it was kept."""
        gone = [
            place
            for place, kept in self._kept.items()
            if place[0] == object and (kept.id in ids or place[1].value in ids)
        ]
        for place in gone:
            del self._kept[place]
        return gone
