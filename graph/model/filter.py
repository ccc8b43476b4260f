"""What a list of profiles is narrowed by: a typed tree, never a client's JSON."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from graph.model.errors import BadValue

_LONGEST: Final = 200
_BLANKS: Final = re.compile(r"\s+")


class Operator(Enum):
    """How a value is compared."""

    EQUALS = "equals"
    IN = "in"
    STARTS_WITH = "startsWith"
    CONTAINS = "contains"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Place:
    """What is compared: `slot` says where its search key is kept, `field` whose key it is.

    `field` is a model attribute or the id of a custom field.  `is_list`: a profile may have
    several of its keys.  `is_sealed`: what is kept stands for the keys, so that they can be found
    when they are the same, and not be put in order.
    """

    slot: str
    field: str
    is_list: bool = False
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.  `keys` are what the kind makes of the given values; EXISTS has none."""

    place: Place
    operator: Operator
    keys: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts it always does."""

    parts: "tuple[Filter, ...]" = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; without parts none does."""

    parts: "tuple[Filter, ...]" = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The part doesn't hold."""

    part: "Filter"


Filter = Condition | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by; those who have no value come last either way."""

    place: Place
    is_descending: bool = False


def folded(text: str) -> str:
    """Text as it is compared: without case, accents and outer blanks, inner ones as one space.

    Raises:
        BadValue: the text is longer than any name; folding takes the square of the length.
    """
    if len(text) > _LONGEST:
        raise BadValue("where", f"expected at most {_LONGEST} characters")
    # Decomposed before and after: a script letter has no case until it is a plain one, and
    # folding the case of one letter can make an accented one.
    plain = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", plain)
    bare = "".join(part for part in decomposed if not unicodedata.combining(part))
    return _BLANKS.sub(" ", bare).strip()
