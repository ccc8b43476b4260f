from collections.abc import Sequence
from typing import Final

_MAX: Final = 4000


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
        if len(value) > _MAX or any(ord(c) < ord(" ") and c not in "\t\n" for c in value):
            raise ValueError(f"expected at most {_MAX} characters, no control characters")
        return value

    def from_source(self, value: object, choices: Sequence[str]) -> str:
        """Numbers become their text; else as `parse`."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return self.parse(str(value) if number else value, choices)

    def dump(self, value: object) -> object:
        """Text is kept as it is."""
        return value

    def load(self, stored: object) -> object:
        """Text is kept as it is."""
        return stored
