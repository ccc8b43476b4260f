"""The record of access: who did what, with which fields of whom, and why; never a value."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from graph.model.errors import BadValue
from policies.asking import Assurance
from policies.classification import DataClass, classified
from policies.standing import Purpose, Relation

LONGEST_TEXT: Final = 1_000


class AuditAction(Enum):
    """What was done.

    READ is recorded where an emergency gave more than usual; REVEAL also where it was refused.
    """

    READ = "READ"
    REVEAL = "REVEAL"
    BREAK_GLASS = "BREAK_GLASS"
    BREAK_GLASS_REVIEWED = "BREAK_GLASS_REVIEWED"
    ACCESS_RULES_CHANGED = "ACCESS_RULES_CHANGED"


class Verdict(Enum):
    """What a review says of an emergency that somebody declared."""

    JUSTIFIED = "JUSTIFIED"
    UNJUSTIFIED = "UNJUSTIFIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One act.  It holds names of fields, and no values of them.

    `clear`, `masked` and `withheld` are fields by what was given, as the schema names them
    (`Identity.value`, `custom.tier`).  `reason` and `note` are what people wrote themselves.
    `operation` is its name in the document, `document_hash` the document's SHA-256.  `at` is aware,
    UTC.  What an act doesn't have is None or empty.
    """

    action: AuditAction = classified(DataClass.PUBLIC)
    id: str = classified(DataClass.PUBLIC, default="")
    at: datetime | None = classified(DataClass.PUBLIC, default=None)
    profile_id: str | None = classified(DataClass.PUBLIC, default=None)
    actor: str | None = classified(DataClass.INTERNAL, default=None)
    client: str | None = classified(DataClass.INTERNAL, default=None)
    roles: tuple[str, ...] | None = classified(DataClass.INTERNAL, default=())
    clear: tuple[str, ...] | None = classified(DataClass.INTERNAL, default=())
    masked: tuple[str, ...] | None = classified(DataClass.INTERNAL, default=())
    withheld: tuple[str, ...] | None = classified(DataClass.INTERNAL, default=())
    reason: str | None = classified(DataClass.INTERNAL, default=None)
    ticket: str | None = classified(DataClass.INTERNAL, default=None)
    note: str | None = classified(DataClass.INTERNAL, default=None)
    grant_id: str | None = classified(DataClass.INTERNAL, default=None)
    verdict: Verdict | None = classified(DataClass.INTERNAL, default=None)
    purpose: Purpose | None = classified(DataClass.INTERNAL, default=None)
    relation: Relation | None = classified(DataClass.INTERNAL, default=None)
    assurance: Assurance | None = classified(DataClass.INTERNAL, default=None)
    matrix_version: int | None = classified(DataClass.INTERNAL, default=None)
    matrix_revision: int | None = classified(DataClass.INTERNAL, default=None)
    operation: str | None = classified(DataClass.INTERNAL, default=None)
    document_hash: str | None = classified(DataClass.INTERNAL, default=None)


def checked_text(text: str, field: str, at_least: int) -> str:
    """What somebody wrote for the record, without blanks around it.

    Raises:
        BadValue: it has fewer than `at_least` characters, or more than 1,000.
    """
    told = text.strip()
    if not at_least <= len(told) <= LONGEST_TEXT:
        raise BadValue(field, f"expected {at_least} to {LONGEST_TEXT} characters")
    if "\x00" in told:
        raise BadValue(field, "expected text without null characters")
    return told
