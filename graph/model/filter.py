"""What a list of profiles is narrowed by: a typed tree, never a client's JSON."""

import unicodedata
from dataclasses import dataclass, field
from enum import Enum


class Operator(Enum):
    """How a stored value is compared."""

    EQUALS = "EQUALS"
    IN = "IN"
    STARTS_WITH = "STARTS_WITH"
    GTE = "GTE"
    LT = "LT"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.  `attribute` is a model attribute, dotted into nested objects."""

    attribute: str
    operator: Operator
    value: object = field(repr=False)


def folded(text: str) -> str:
    """Text as it is compared: without case, accents and outer blanks."""
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(part for part in decomposed if not unicodedata.combining(part))
