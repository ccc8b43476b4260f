"""Up to 500 invented customers of five countries; the same ones at every run.

Their phone numbers come from ranges that are kept free for fiction (US 555-01xx, UK 07700 900xxx,
Germany 030 23125xxx, France 06 39 98 xx xx, Sweden 031-390 06xx), their mail from example domains.
"""

import random
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from faker import Faker

_SEED: Final = 20261123
_COUNTRIES: Final = (
    ("en_US", "en-US", "+120255501{:02d}"),
    ("en_GB", "en-GB", "+4477009001{:02d}"),
    ("de_DE", "de-DE", "+4930231251{:02d}"),
    ("fr_FR", "fr-FR", "+336399801{:02d}"),
    ("sv_SE", "sv-SE", "+463139006{:02d}"),
)
_TIERS: Final = ("bronze", "silver", "gold", "platinum")
_GENDERS: Final = ("female", "male", "non-binary")

FIELDS: Final[tuple[dict[str, Any], ...]] = (
    {
        "key": "loyaltyTier",
        "label": "Loyalty tier",
        "kind": "CHOICE",
        "choices": list(_TIERS),
        "dataClass": "BEHAVIOURAL",
        "source": {
            "kind": "LIVE",
            "connector": "crm",
            "object": "contacts",
            "attribute": "loyalty_tier",
        },
    },
    {
        "key": "lifetimeValue",
        "label": "Lifetime value in euros",
        "kind": "NUMBER",
        "dataClass": "FINANCIAL",
        "source": {
            "kind": "LIVE",
            "connector": "crm",
            "object": "contacts",
            "attribute": "lifetime_value",
        },
    },
    {"key": "vip", "label": "VIP", "kind": "BOOLEAN", "dataClass": "BEHAVIOURAL"},
    {
        "key": "customerSince",
        "label": "Customer since",
        "kind": "DATE",
        "dataClass": "BEHAVIOURAL",
    },
    {
        "key": "accountType",
        "label": "Account type",
        "kind": "CHOICE",
        "choices": ["private", "family", "business"],
        "dataClass": "BEHAVIOURAL",
    },
    {
        "key": "accessibilityNeeds",
        "label": "Accessibility needs",
        "kind": "STRING",
        "dataClass": "SENSITIVE",
    },
    {"key": "openOrders", "label": "Open orders", "kind": "NUMBER", "dataClass": "BEHAVIOURAL"},
)


def customers(count: int) -> Iterator[dict[str, Any]]:
    """`count` inputs of createProfile; the first is Ada Lovelace at +1 202 555 0143."""
    chance = random.Random(_SEED)  # noqa: S311 - invented data, not secrets
    fakers = {locale: Faker(locale) for locale, *_ in _COUNTRIES}
    for faker in fakers.values():
        faker.seed_instance(_SEED)
    for number in range(count):
        locale, language, phone = _COUNTRIES[number % len(_COUNTRIES)]
        faker = fakers[locale]
        given, family = faker.first_name(), faker.last_name()
        call = phone.format(number // len(_COUNTRIES))
        if number == 0:
            given, family, call = "Ada", "Lovelace", "+12025550143"
        elif call == "+12025550143":
            call = "+12025550100"  # its own number is Ada's
        yield _profile(chance, number, (given, family), language, call)


def _profile(
    chance: random.Random, number: int, name: tuple[str, str], language: str, call: str
) -> dict[str, Any]:
    given, family = name
    mail = f"{_ascii(given)}.{_ascii(family)}.{number}@example.org"
    identities = [
        {"channel": "VOICE", "value": call, "verified": True, "primary": True},
        {"channel": "EMAIL", "value": mail, "verified": chance.random() < 0.8, "primary": True},
    ]
    if chance.random() < 0.4:
        identities.append({"channel": "WHATSAPP", "value": call, "verified": True})
    if chance.random() < 0.2:
        identities.append({"channel": "INSTAGRAM", "value": f"{_ascii(given)}_{number}"})
    return {
        "name": {"given": given, "family": family},
        "birthDate": f"{chance.randint(1940, 2006)}-{chance.randint(1, 12):02d}-15",
        "gender": chance.choice(_GENDERS),
        "language": language,
        "identities": identities,
        "custom": {
            "vip": chance.random() < 0.1,
            "customerSince": f"{chance.randint(2005, 2025)}-{chance.randint(1, 12):02d}-01",
            "accountType": chance.choice(("private", "family", "business")),
            "accessibilityNeeds": chance.choice(("none", "large print", "sign language")),
            "openOrders": chance.randint(0, 5),
        },
    }


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain if letter.isalnum()) or "someone"
