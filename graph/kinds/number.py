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
        if not abs(value) <= _SAFE:  # so written, it also refuses what is not a number
            raise ValueError("expected a number between -2^53 and 2^53")
        return value

    def from_source(self, value: object, choices: Sequence[str]) -> int | float:
        """Text becomes its number; else as `parse`."""
        if isinstance(value, str):
            value = _number(value)
        return self.parse(value, choices)

    def dump(self, value: object) -> object:
        """Numbers are kept as they are."""
        return value

    def load(self, stored: object) -> object:
        """Numbers are kept as they are."""
        return stored


def _number(text: str) -> object:
    try:
        number = float(text)
    except ValueError:
        return text  # refused by `parse`; what Python says of it would hold the value
    return int(number) if number.is_integer() else number
