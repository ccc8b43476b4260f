"""Kinds of contact data, normalised as identities are: EMAIL, PHONE_NUMBER."""

import re
from typing import Final

from graph.kinds.kept import Kept
from graph.kinds.operators import PREFIXED
from graph.kinds.source_text import spell, trim
from graph.model.channel import Channel
from graph.model.custom_field import Facets
from graph.model.errors import BadValue
from graph.model.identity import identity_name

# What spreadsheets make of a phone number.  Read as one, it would be somebody else's.
_SPOILT: Final = re.compile(r"[+-]?[0-9.,]+[eE][+-]?[0-9]+|[+-]?[0-9]+\.0")


class Email(Kept):
    """An e-mail address."""

    name = "EMAIL"
    scalar = "String"
    example: object = "zoe@example.com"
    operators = PREFIXED
    facets = frozenset({"length", "pattern"})

    def parse(self, value: object, facets: Facets) -> str:
        """The address in lower case, as an identity of the channel EMAIL has it."""
        # Twice: in lower case, a letter may join the accent behind it.
        once = _named(Channel.EMAIL, value, facets)
        name = _named(Channel.EMAIL, once, facets)
        if name is None:
            raise ValueError("expected an e-mail address")
        return name

    def from_source(self, value: object, facets: Facets) -> str:
        """As `parse`."""
        return self.parse(value, facets)

    def key(self, value: object) -> str:
        """The address."""
        return str(value).lower()  # a part that is looked for is not parsed before


class PhoneNumber(Kept):
    """A phone number with its country code (E.164)."""

    name = "PHONE_NUMBER"
    scalar = "String"
    example: object = "+12125550123"
    operators = PREFIXED
    facets = frozenset({"length", "pattern"})

    def parse(self, value: object, facets: Facets) -> str:
        """The number as E.164; `facets.region` completes one without a country code."""
        name = _named(Channel.VOICE, value, facets)
        if name is None:
            raise ValueError("expected a phone number such as +12125550123")
        return name

    def from_source(self, value: object, facets: Facets) -> str:
        """Whole numbers become their text, and what a spreadsheet spoilt is refused."""
        text = trim(spell(value))
        spoilt = isinstance(text, str) and _SPOILT.fullmatch(text)
        return self.parse(None if spoilt else text, facets)

    def key(self, value: object) -> str:
        """The number."""
        return str(value)


def _named(channel: Channel, value: object, facets: Facets) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return identity_name(channel, value, facets.region).value
    except BadValue:
        return None
