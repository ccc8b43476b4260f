from typing import Final

from graph.kinds.kept import Kept
from graph.kinds.operators import EQUAL
from graph.model.custom_field import Facets

_WORDS: Final = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


class Boolean(Kept):
    """True or false."""

    name = "BOOLEAN"
    scalar = "Boolean"
    example: object = True
    operators = EQUAL

    def parse(self, value: object, facets: Facets) -> bool:
        """The flag itself."""
        del facets
        if not isinstance(value, bool):
            raise ValueError("expected true or false")  # noqa: TRY004 - one class for bad values
        return value

    def from_source(self, value: object, facets: Facets) -> bool:
        """Text such as `true`, `no` or `1` becomes its flag, as 1 and 0 do; else as `parse`."""
        if isinstance(value, str):
            value = _WORDS.get(value.strip().lower())
        if isinstance(value, int) and value in (0, 1):  # as Tryton has it on SQLite
            value = bool(value)
        return self.parse(value, facets)

    def key(self, value: object) -> str:
        """1 or 0."""
        return "1" if value else "0"
