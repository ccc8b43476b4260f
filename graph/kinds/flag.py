from collections.abc import Sequence
from typing import Final

_WORDS: Final = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


class Flag:
    """True or false."""

    name = "FLAG"
    scalar = "Boolean"
    example: object = True

    def parse(self, value: object, choices: Sequence[str]) -> bool:
        """The flag itself; `choices` is not used."""
        del choices
        if not isinstance(value, bool):
            raise ValueError("expected true or false")  # noqa: TRY004 - one class for bad values
        return value

    def from_source(self, value: object, choices: Sequence[str]) -> bool:
        """Text such as `true`, `no` or `1` becomes its flag, as 1 and 0 do; else as `parse`."""
        if isinstance(value, str):
            value = _WORDS.get(value.strip().lower())
        if isinstance(value, int) and value in (0, 1):  # as Tryton has it on SQLite
            value = bool(value)
        return self.parse(value, choices)

    def dump(self, value: object) -> object:
        """Flags are kept as they are."""
        return value

    def load(self, stored: object) -> object:
        """Flags are kept as they are."""
        return stored
