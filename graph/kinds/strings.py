"""Kinds of text: STRING, NAME, ALPHANUMERIC."""

import re
import unicodedata
from typing import Final

from graph.kinds.kept import Kept
from graph.kinds.operators import PREFIXED, WORDED
from graph.kinds.source_text import spell, trim
from graph.model.custom_field import Facets
from graph.model.filter import folded

_MAX_STRING: Final = 4000
_MAX_LINE: Final = 200
# Control characters, and halves of a pair, which no JSON can carry.
_UNFIT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Persian and Indic names are spelt with joiners, which Python doesn't count as printable.
_JOINERS: Final = dict.fromkeys(map(ord, "\u200c\u200d"))


class String(Kept):
    """Text of up to 4,000 characters, without control characters but tab and new line."""

    name = "STRING"
    scalar = "String"
    example: object = "Prefers mornings"
    operators = WORDED
    facets = frozenset({"length", "pattern"})

    def parse(self, value: object, facets: Facets) -> str:
        """The text itself."""
        del facets
        if not isinstance(value, str):
            raise ValueError("expected text")  # noqa: TRY004 - one error class for every bad value
        if len(value) > _MAX_STRING or _UNFIT.search(value):
            raise ValueError(f"expected at most {_MAX_STRING} characters, no control characters")
        return value

    def from_source(self, value: object, facets: Facets) -> str:
        """Numbers become their text, ends of lines one character; else as `parse`."""
        if isinstance(value, str):
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        return self.parse(spell(value), facets)

    def key(self, value: object) -> str:
        """The text without case and accents; of a long one, the first 200 characters."""
        return folded(str(value)[:_MAX_LINE])


class Name(Kept):
    """What a person or a thing is called: 1 to 200 printable characters on one line."""

    name = "NAME"
    scalar = "String"
    example: object = "Zoë Lindqvist"
    operators = WORDED
    facets = frozenset({"length", "pattern"})

    def parse(self, value: object, facets: Facets) -> str:
        """The name without outer blanks, its accents joined to their letters (NFC)."""
        del facets
        text = _composed(value.strip() if isinstance(value, str) else value)
        spelt = text.translate(_JOINERS)
        if not spelt or not spelt.isprintable():
            raise _not_on_one_line("printable characters")
        return text

    def from_source(self, value: object, facets: Facets) -> str:
        """Blanks of any kind become single spaces, numbers their text; else as `parse`."""
        text = spell(value)
        return self.parse(" ".join(text.split()) if isinstance(text, str) else text, facets)

    def key(self, value: object) -> str:
        """The name without case and accents."""
        return folded(str(value))


class Alphanumeric(Kept):
    """A code of 1 to 200 letters and digits of any script, without blanks or signs."""

    name = "ALPHANUMERIC"
    scalar = "String"
    example: object = "AT4711"
    operators = PREFIXED
    facets = frozenset({"length", "pattern"})

    def parse(self, value: object, facets: Facets) -> str:
        """The code, its accents joined to their letters (NFC)."""
        del facets
        text = _composed(value)
        if not text or not all(_is_alphanumeric(character) for character in text):
            raise _not_on_one_line("letters and digits, such as AT4711")
        return text

    def from_source(self, value: object, facets: Facets) -> str:
        """Outer blanks are left out, whole numbers become their text; else as `parse`."""
        return self.parse(trim(spell(value)), facets)

    def key(self, value: object) -> str:
        """The code without case."""
        return unicodedata.normalize("NFC", str(value)).casefold()


def _composed(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")  # noqa: TRY004 - one error class for every bad value
    # The length first: normalising takes the square of it.  Then again: it may get longer.
    text = unicodedata.normalize("NFC", value) if len(value) <= _MAX_LINE else value
    if len(text) > _MAX_LINE:
        raise _not_on_one_line("characters")
    return text


def _is_alphanumeric(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd"


def _not_on_one_line(what: str) -> ValueError:
    return ValueError(f"expected 1 to {_MAX_LINE} {what}")
