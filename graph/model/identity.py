"""Channel identities: how one person is recognised on one channel."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import phonenumbers

from graph.model.channel import Channel, identity_kind
from graph.model.errors import BadValue
from policies.classification import DataClass, classified

MAX_PER_CHANNEL: Final = 10
_MAX_LENGTH: Final = 254
_EMAIL: Final = re.compile(
    r"[^\s@\"(),:;<>\[\]\\]+@[^\s@\"(),:;<>\[\]\\.]+(\.[^\s@\"(),:;<>\[\]\\.]+)+"
)

_SOCIAL: Final = frozenset({Channel.X, Channel.INSTAGRAM, Channel.TELEGRAM, Channel.FACEBOOK})

# Marks of direction: telephones put them around a number that is copied.
_MARKS: Final = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One way to recognise a person.

    `value` is normalised (E.164 for phones, lower case for e-mail); `raw` is what was given.
    `shared`: others have it too, such as team@, so it recognises nobody alone.
    Instants are aware, UTC.  `origins` are the absorbed profiles that brought it; none: its own.
    """

    channel: Channel | None = classified(DataClass.BEHAVIOURAL)
    value: str | None = classified(DataClass.CONTACT, repr=False)
    raw: str | None = classified(DataClass.CONTACT, repr=False, default=None)
    verified: bool | None = classified(DataClass.BEHAVIOURAL, default=False)
    primary: bool | None = classified(DataClass.BEHAVIOURAL, default=False)
    shared: bool | None = classified(DataClass.BEHAVIOURAL, default=False)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    first_seen_at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    last_seen_at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    origins: tuple[str, ...] = classified(DataClass.INTERNAL, default=())


@dataclass(frozen=True, slots=True)
class IdentityName:
    """What is unique in a tenant: the kind of identity and its normalised value."""

    kind: str
    value: str = field(repr=False)


def identity_name(channel: Channel, value: str, region: str) -> IdentityName:
    """The unique name of an identity as somebody gave it.

    `region` (ISO 3166, two letters) completes phone numbers without a country code.

    Raises:
        BadValue: the value can't be an identity of this channel.
    """
    kind = identity_kind(channel)
    cleaned = _cleaned(value)
    if kind == "phone":
        name = _phone(cleaned, region)
    elif kind == "email":
        name = _email(cleaned)
    else:
        name = _social(cleaned) if channel in _SOCIAL else _handle(cleaned)
    if len(name) > _MAX_LENGTH:  # changing the case of some letters makes three of one
        raise _unusable()
    return IdentityName(kind, name)


def _cleaned(value: str) -> str:
    trimmed = value.strip().strip(_MARKS)
    # The length first: normalising takes the square of it.
    if len(trimmed) > _MAX_LENGTH:
        raise _unusable()
    cleaned = unicodedata.normalize("NFKC", trimmed).strip()
    if not cleaned or not cleaned.isprintable():
        raise _unusable()
    return cleaned


def _unusable() -> BadValue:
    return BadValue("value", f"expected 1 to {_MAX_LENGTH} printable characters")


def _phone(text: str, region: str) -> str:
    found = _e164(text, region)
    # "+44 0020..." loses one leading zero each time it is read: it would have several names.
    if _e164(found, region) != found:
        raise BadValue("value", "not a possible phone number")
    return found


def _e164(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise BadValue("value", "not a phone number") from error
    if not phonenumbers.is_possible_number(number):
        raise BadValue("value", "not a possible phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _handle(text: str) -> str:
    # Twice: without its case, a letter may join the accent behind it.
    return unicodedata.normalize("NFKC", text.casefold()).casefold()


def _social(text: str) -> str:
    # In front of a handle an @ says that it is one; it is no part of it.
    handle = _handle(text).lstrip("@ ")
    if not handle:
        raise _unusable()
    return handle


def _email(text: str) -> str:
    # Twice: without its case, a letter may join the accent behind it.
    lowered = unicodedata.normalize("NFKC", text.lower()).lower()
    if not _EMAIL.fullmatch(lowered):
        raise BadValue("value", "not an e-mail address")
    return lowered
