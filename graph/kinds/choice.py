"""Kinds of choices that the definition lists: CHOICE, CHOICES."""

from typing import Final

from graph.kinds.kept import Kept
from graph.kinds.operators import EXACT
from graph.kinds.source_text import spell, trim
from graph.model.custom_field import Facets

_MAX_KEY: Final = 200


class Choice(Kept):
    """One of the texts that the definition lists."""

    name = "CHOICE"
    scalar = "String"
    example: object = "gold"
    operators = EXACT
    facets = frozenset({"choices"})

    def parse(self, value: object, facets: Facets) -> str:
        """The choice itself."""
        if not isinstance(value, str):
            raise ValueError("expected text")  # noqa: TRY004 - one error class for every bad value
        if value not in facets.choices:
            raise ValueError(f"expected one of {len(facets.choices)} choices")
        return value

    def from_source(self, value: object, facets: Facets) -> str:
        """Numbers become their text, outer blanks are left out if need be; else as `parse`."""
        text = spell(value)
        return self.parse(text if text in facets.choices else trim(text), facets)

    def key(self, value: object) -> str:
        """The first 200 characters of the choice; no choice holds a control character."""
        return str(value)[:_MAX_KEY]


class Choices(Choice):
    """Several of the texts that the definition lists; here, each by itself."""

    name = "CHOICES"
    is_list = True
