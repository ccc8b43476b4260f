import re
import struct
from typing import Final, cast

from graph.kinds.kept import Kept
from graph.kinds.operators import ORDERED
from graph.model.custom_field import Facets

_SAFE: Final = 2**53
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,300}")
_FLOATING: Final = re.compile(r"[0-9a-zA-Z.+-]+")  # what else Python reads: _, other digits
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1


class Number(Kept):
    """A number; whole numbers stay whole.  JSON carries it exactly up to 2^53."""

    name = "NUMBER"
    scalar = "Float"
    example: object = 42
    operators = ORDERED
    facets = frozenset({"range"})

    def parse(self, value: object, facets: Facets) -> int | float:
        """The number itself."""
        del facets
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("expected a number")  # noqa: TRY004 - one error class for bad values
        if not abs(value) <= _SAFE:  # so written, it also refuses what is not a number
            raise ValueError("expected a number between -2^53 and 2^53")
        return value

    def from_source(self, value: object, facets: Facets) -> int | float:
        """Text becomes its number; else as `parse`."""
        if isinstance(value, str):
            value = _number(value.strip())
        return self.parse(value, facets)

    def key(self, value: object) -> str:
        """16 hexadecimal digits that sort as the numbers do."""
        return number_key(float(cast("float", value)))


def number_key(number: float) -> str:
    """16 hexadecimal digits that sort as floating-point numbers do; -0 is 0."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))
    # A negative number is the larger the smaller its bits are, and sorts before the others.
    return format(bits ^ (_ALL if bits & _SIGN else _SIGN), "016x")


def _number(text: str) -> object:
    if _WHOLE.fullmatch(text):
        return int(text)  # not by way of a float, which would round it
    try:
        number = float(text if _FLOATING.fullmatch(text) else "")
    except ValueError:
        return text  # refused by `parse`; what Python says of it would hold the value
    return int(number) if number.is_integer() else number
