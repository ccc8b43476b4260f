"""Channel identities: how one person is recognised on one channel."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import phonenumbers

from graph.model.channel import Channel, identity_kind
from graph.model.errors import BadValue
from policies.classification import DataClass, classified

MAX_PER_CHANNEL: Final = 10
_MAX_LENGTH: Final = 254
_EMAIL: Final = re.compile(
    r"^[^\s@\"(),:;<>\[\]\\]+@[^\s@\"(),:;<>\[\]\\.]+(\.[^\s@\"(),:;<>\[\]\\.]+)+$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One way to recognise a person.

    `value` is normalised (E.164 for phones, lower case for e-mail); `raw` is what was given.
    Instants are aware, UTC.
    """

    channel: Channel | None = classified(DataClass.BEHAVIOURAL)
    value: str | None = classified(DataClass.CONTACT, repr=False)
    raw: str | None = classified(DataClass.CONTACT, repr=False, default=None)
    verified: bool | None = classified(DataClass.BEHAVIOURAL, default=False)
    primary: bool | None = classified(DataClass.BEHAVIOURAL, default=False)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    first_seen_at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    last_seen_at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)


@dataclass(frozen=True, slots=True)
class IdentityName:
    """What is unique in a tenant: the kind of identity and its normalised value."""

    kind: str
    value: str


def identity_name(channel: Channel, value: str, region: str) -> IdentityName:
    """The unique name of an identity as somebody gave it.

    `region` (ISO 3166, two letters) completes phone numbers without a country code.

    Raises:
        BadValue: the value can't be an identity of this channel.
    """
    kind = identity_kind(channel)
    cleaned = unicodedata.normalize("NFKC", value).strip()
    if not cleaned or len(cleaned) > _MAX_LENGTH or not cleaned.isprintable():
        raise BadValue("value", f"expected 1 to {_MAX_LENGTH} printable characters")
    if kind == "phone":
        return IdentityName(kind, _phone(cleaned, region))
    if kind == "email":
        return IdentityName(kind, _email(cleaned))
    return IdentityName(kind, cleaned.casefold())


def _phone(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise BadValue("value", "not a phone number") from error
    if not phonenumbers.is_possible_number(number):
        raise BadValue("value", "not a possible phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(text: str) -> str:
    lowered = text.lower()
    if not _EMAIL.match(lowered):
        raise BadValue("value", "not an e-mail address")
    return lowered
