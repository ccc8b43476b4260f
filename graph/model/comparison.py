"""How far two values agree: the levels of a comparison, one function for each kind of value.

What is compared are texts without case and accents.  An attribute may have several values, one to
a line: the best agreement of any two of them counts.
"""

from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

SEVERAL: Final = "\n"
_CLOSE: Final = 0.92
_SIMILAR: Final = 0.8
_DATE: Final = 8  # digits
_PHONE_END: Final = 8  # digits of a number without its country and area
# One comparison asks for the level of the same two values once for each level.
_REMEMBERED: Final = 8192


class Level(IntEnum):
    """How far two values agree, the better the higher; MISSING: one of them isn't known."""

    MISSING = -1
    DIFFERENT = 0
    SIMILAR = 1
    CLOSE = 2
    SWAPPED = 3
    EXACT = 4


class Measure(Enum):
    """What kind of value is compared; a PLACE is a text that is part of an address."""

    NAME = "name"
    DATE = "date"
    TEXT = "text"
    PLACE = "place"
    EMAIL = "email"
    PHONE = "phone"


def level_of_names(own: str, other: str, own_second: str, other_second: str) -> Level:
    """How far two given names agree, or two family names; the second are the other halves."""
    if not own or not other:
        return Level.MISSING
    if own == other:
        return Level.EXACT
    if own == other_second and other == own_second:
        return Level.SWAPPED
    return _texts(own, other)


def level_of(measure: Measure, own: str, other: str) -> Level:
    """How far two values that aren't names agree."""
    return _LEVELS[measure](own, other)


def _best(compare: Callable[[str, str], Level]) -> Callable[[str, str], Level]:
    @lru_cache(_REMEMBERED)
    def level(own: str, other: str) -> Level:
        if not own or not other:
            return Level.MISSING
        if own == other:
            return Level.EXACT
        if SEVERAL not in own and SEVERAL not in other:
            return compare(own, other)
        return max(
            Level.EXACT if one == two else compare(one, two)
            for one in own.split(SEVERAL)
            for two in other.split(SEVERAL)
        )

    return level


def _is_one_edit(own: str, other: str) -> bool:
    return DamerauLevenshtein.distance(own, other, score_cutoff=1) <= 1


@lru_cache(_REMEMBERED)
def _texts(own: str, other: str) -> Level:
    alike = JaroWinkler.similarity(own, other)
    # Of a single letter, nothing is left after an edit: initials agree or don't.
    if alike >= _CLOSE or (min(len(own), len(other)) > 1 and _is_one_edit(own, other)):
        return Level.CLOSE
    is_part = own in other or other in own
    return Level.SIMILAR if alike >= _SIMILAR or is_part else Level.DIFFERENT


def _dates(own: str, other: str) -> Level:
    """Days as eight digits, the year first."""
    if own[:4] == other[:4] and own[4:6] == other[6:] and own[6:] == other[4:6]:
        return Level.SWAPPED
    if _is_one_edit(own, other):
        return Level.CLOSE
    same = (own[:4] == other[:4]) + (own[4:6] == other[4:6]) + (own[6:] == other[6:])
    return Level.SIMILAR if same == 2 else Level.DIFFERENT  # noqa: PLR2004 - of three parts


def _phones(own: str, other: str) -> Level:
    if own[-_PHONE_END:] == other[-_PHONE_END:] or _is_one_edit(own, other):
        return Level.CLOSE
    return Level.DIFFERENT


def _emails(own: str, other: str) -> Level:
    if own.partition("@")[0] == other.partition("@")[0] or _is_one_edit(own, other):
        return Level.CLOSE
    alike = JaroWinkler.similarity(own.partition("@")[0], other.partition("@")[0])
    return Level.SIMILAR if alike >= _CLOSE else Level.DIFFERENT


_LEVELS: Final[Mapping[Measure, Callable[[str, str], Level]]] = MappingProxyType(
    {
        Measure.TEXT: _best(_texts),
        Measure.PLACE: _best(_texts),
        Measure.DATE: _best(_dates),
        Measure.PHONE: _best(_phones),
        Measure.EMAIL: _best(_emails),
    }
)
