"""What may stand in the core attributes of a profile."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from graph.model.errors import BadValue, LimitReached
from graph.model.language import LONGEST, checked_language
from graph.model.profile import Link

_JOINERS: Final = dict.fromkeys(map(ord, "\u200c\u200d"))
_LONGEST: Final = {"name.given": 200, "name.family": 200, "gender": 50, "language": LONGEST}
_LONGEST_OF_LINK: Final = 200
MAX_LINKS: Final = 50
_EARLIEST: Final = date(1850, 1, 1)


def checked(changes: Mapping[str, object], today: date) -> dict[str, object]:
    """Core attributes as they are kept: text without outer blanks, empty text as None.

    Raises:
        BadValue: names the attribute and says what it can hold.
    """
    return {name: _checked(name, value, today) for name, value in changes.items()}


def checked_links(links: Iterable[Link]) -> tuple[Link, ...]:
    """Links as they are kept: without outer blanks, each once.

    Raises:
        BadValue: a part of a link is empty, too long or not printable.
        LimitReached: more than `MAX_LINKS` are left.
    """
    kept = tuple(dict.fromkeys(_link(link) for link in links))
    if len(kept) > MAX_LINKS:
        raise LimitReached(f"A profile has at most {MAX_LINKS} links.")
    return kept


def _link(link: Link) -> Link:
    parts = [(part or "").strip() for part in (link.source, link.object, link.record_id)]
    if not all(1 <= len(part) <= _LONGEST_OF_LINK and part.isprintable() for part in parts):
        raise BadValue("links", f"expected 1 to {_LONGEST_OF_LINK} printable characters")
    source, object_, record_id = parts
    return Link(source=source, object=object_, record_id=record_id)


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
    if name == "language" and text:
        return checked_language(text)
    return text or None
