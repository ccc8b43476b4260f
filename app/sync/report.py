"""What a synchronisation did, in numbers and in places; never in values."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

SHOWN: Final = 20


class ConflictKind(StrEnum):
    """What two values of one field, or two records, did to each other."""

    OVERWRITTEN = "OVERWRITTEN"
    KEPT = "KEPT"
    SECOND_RECORD = "SECOND_RECORD"
    TWO_PROFILES = "TWO_PROFILES"


@dataclass(frozen=True, slots=True)
class SyncConflict:
    """One conflict: OVERWRITTEN, the CRM's value replaced one that came from elsewhere; KEPT, the
    profile owns the field, and its value goes to the CRM; SECOND_RECORD, a profile is two records,
    and the first counts; TWO_PROFILES, a record is two profiles, and both have its values.
    """

    kind: ConflictKind
    profile: str
    record: str
    field: str = ""

    def as_json(self) -> dict[str, str]:
        """As commands print it."""
        told = {"kind": self.kind.value, "profile": self.profile, "record": self.record}
        return {**told, **({"field": self.field} if self.field else {})}


@dataclass(frozen=True, slots=True)
class SyncLetter:
    """Something of a record that could not be taken: which field, and why."""

    object: str
    record: str
    field: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """As commands print it."""
        place = {"object": self.object, "record": self.record, "field": self.field}
        return {**place, "reason": self.reason}


@dataclass(slots=True)
class SyncReport:
    """Counts of records and profiles.

    `seen` records were told of; `unlinked` are nobody's; `changed` and `unchanged` count profiles;
    `gone` and `merged` records were removed from profiles or moved; `erased` profiles were left
    alone; `bad` values were skipped.  Of conflicts and letters the first are kept.
    """

    seen: int = 0
    unlinked: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    merged: int = 0
    erased: int = 0
    bad: int = 0
    conflicted: int = 0
    conflicts: list[SyncConflict] = field(default_factory=list)
    letters: list[SyncLetter] = field(default_factory=list)

    def conflict(self, found: SyncConflict) -> None:
        """Count a conflict."""
        self.conflicted += 1
        if len(self.conflicts) < SHOWN:
            self.conflicts.append(found)

    def letter(self, found: SyncLetter) -> None:
        """Count something that could not be taken."""
        self.bad += 1
        if len(self.letters) < SHOWN:
            self.letters.append(found)

    def add(self, other: "SyncReport") -> None:
        """Count what another report counts as well."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    def as_json(self) -> dict[str, Any]:
        """As commands print it."""
        counts = {
            item.name: value
            for item in fields(self)
            if isinstance(value := getattr(self, item.name), int)
        }
        return {
            **counts,
            "conflicts": [one.as_json() for one in self.conflicts[:SHOWN]],
            "letters": [one.as_json() for one in self.letters[:SHOWN]],
        }
