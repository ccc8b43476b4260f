"""Values that are changed here and must become a CRM's as well."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Owed:
    """The value of a field that its source is owed: an object's attribute there."""

    field: str
    source: str
    object: str


class WriteState(Enum):
    """What became of values that were to be written to a CRM."""

    SENT = "SENT"
    WAITING = "WAITING"
    REFUSED = "REFUSED"
    CONFLICT = "CONFLICT"
