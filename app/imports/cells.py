"""Cells of a file: whether they hold anything, and what."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

from graph.kinds.source_text import spell
from graph.kinds.table import KINDS
from graph.model.channel import Channel, identity_kind
from graph.model.custom_field import Facets
from graph.model.errors import BadValue
from graph.model.identity import IdentityName, identity_name

_CACHED: Final = 65_536


def namer(region: str) -> Callable[[Channel, str], IdentityName]:
    """Names of identities; those that come again and again, such as a household's, are kept."""
    phone, facets = KINDS["PHONE_NUMBER"], Facets(region=region)

    @lru_cache(_CACHED)
    def of_phone(text: str) -> IdentityName:
        # As the kind reads it: what a spreadsheet spoilt would be somebody else's number.
        return IdentityName("phone", str(phone.from_source(text, facets)))

    def name(channel: Channel, text: str) -> IdentityName:
        if identity_kind(channel) == "phone":
            return of_phone(text)
        return identity_name(channel, text, region)

    return name


def _birth_date(value: object) -> object:
    try:
        return KINDS["DATE"].from_source(value, Facets())
    except ValueError as error:
        raise BadValue("birthDate", str(error)) from None


def core_value(attribute: str, value: object) -> str | date:
    """The value of a core attribute as files have it.

    Raises:
        BadValue: it is no text and no day.
    """
    given = _birth_date(value) if attribute == "birth_date" else spell(value)
    if not isinstance(given, str | date):
        raise BadValue(attribute, "expected text")
    return given


def is_empty(value: object) -> bool:
    """Whether a cell says nothing, so that what is there stays."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def parts(value: object) -> list[object]:
    """The values of a cell, which are parted by | or, where there is none, by ;."""
    if isinstance(value, list):
        return [item for item in value if not is_empty(item)]
    if not isinstance(value, str):
        return [value]
    found = value.split("|" if "|" in value else ";")
    return [part.strip() for part in found if part.strip()]
