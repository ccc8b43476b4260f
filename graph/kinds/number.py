import math
from collections.abc import Sequence
from typing import Final

_SAFE: Final = 2**53


class Number:
    """A number; whole numbers stay whole.  JSON carries it exactly up to 2^53."""

    name = "NUMBER"
    scalar = "Float"
    example: object = 42

    def parse(self, value: object, choices: Sequence[str]) -> int | float:
        """The number itself; `choices` is not used."""
        del choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("expected a number")  # noqa: TRY004 - one error class for bad values
        if abs(value) > _SAFE or not math.isfinite(value):
            raise ValueError("expected a number between -2^53 and 2^53")
        return value

    def from_source(self, value: object, choices: Sequence[str]) -> int | float:
        """Text becomes its number; else as `parse`."""
        if isinstance(value, str):
            number = float(value)
            value = int(number) if number.is_integer() else number
        return self.parse(value, choices)

    def dump(self, value: object) -> object:
        """Numbers are kept as they are."""
        return value

    def load(self, stored: object) -> object:
        """Numbers are kept as they are."""
        return stored
