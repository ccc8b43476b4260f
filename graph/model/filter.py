"""What a list of profiles is narrowed by: a typed tree, never a client's JSON."""

import unicodedata
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from graph.model.errors import BadValue

_LONGEST: Final = 200


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
    """Text as it is compared: without case, accents and outer blanks.

    Raises:
        BadValue: the text is longer than any name; folding takes the square of the length.
    """
    if len(text) > _LONGEST:
        raise BadValue("where", f"expected at most {_LONGEST} characters")
    # Decomposed before and after: a script letter has no case until it is a plain one, and
    # folding the case of one letter can make an accented one.
    plain = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(part for part in decomposed if not unicodedata.combining(part)).strip()
