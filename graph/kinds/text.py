import re
from collections.abc import Sequence
from typing import Final

_MAX: Final = 4000
# Control characters, and halves of a pair, which no JSON can carry.
_UNFIT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Text:
    """Text of up to 4,000 characters, without control characters but tab and new line."""

    name = "TEXT"
    scalar = "String"
    example: object = "Prefers mornings"

    def parse(self, value: object, choices: Sequence[str]) -> str:
        """The text itself; `choices` is not used."""
        del choices
        if not isinstance(value, str):
            raise ValueError("expected text")  # noqa: TRY004 - one error class for every bad value
        if len(value) > _MAX or _UNFIT.search(value):
            raise ValueError(f"expected at most {_MAX} characters, no control characters")
        return value

    def from_source(self, value: object, choices: Sequence[str]) -> str:
        """Numbers become their text, ends of lines become one character; else as `parse`."""
        if isinstance(value, str):
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        return self.parse(value, choices)

    def dump(self, value: object) -> object:
        """Text is kept as it is."""
        return value

    def load(self, stored: object) -> object:
        """Text is kept as it is."""
        return stored
