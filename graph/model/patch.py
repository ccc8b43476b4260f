"""What may stand in the core attributes of a profile."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from graph.model.errors import BadValue

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}")
_JOINERS: Final = dict.fromkeys(map(ord, "\u200c\u200d"))
_LONGEST: Final = {"name.given": 200, "name.family": 200, "gender": 50, "language": 64}
_EARLIEST: Final = date(1850, 1, 1)


def checked(changes: Mapping[str, object], today: date) -> dict[str, object]:
    """Core attributes as they are kept: text without outer blanks, empty text as None.

    Raises:
        BadValue: names the attribute and says what it can hold.
    """
    return {name: _checked(name, value, today) for name, value in changes.items()}


def _checked(name: str, value: object, today: date) -> object:
    if isinstance(value, str):
        return _text(name, value)
    if name == "birth_date" and isinstance(value, date) and not _EARLIEST <= value <= today:
        raise BadValue("birthDate", f"expected a day from {_EARLIEST} to today")
    return value


def _text(name: str, value: str) -> str | None:
    text = value.strip()
    longest = _LONGEST[name]
    # Persian and Indic names are spelt with joiners, which Python doesn't count as printable.
    spelt = text.translate(_JOINERS)
    if len(text) > longest or not spelt.isprintable() or (text and not spelt):
        raise BadValue(name, f"expected at most {longest} printable characters")
    if name == "language" and text and not _LANGUAGE.fullmatch(text):
        raise BadValue(name, "expected a language tag such as pt-BR")
    return text or None
