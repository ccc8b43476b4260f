"""Invented interactions of the demo's customers; the same ones at every run, counted from now."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

_SEED: Final = 20261127
_MOST: Final = 3
_CUSTOMERS: Final = 50
_DAYS: Final = 400
_STORIES: Final[tuple[dict[str, Any], ...]] = (
    {
        "kind": "CALL",
        "channel": "VOICE",
        "direction": "INBOUND",
        "queue": "billing",
        "agent": "agent-7",
        "outcome": "resolved",
        "topics": ["invoice"],
        "subject": "Invoice paid twice",
        "summary": "The customer had paid an invoice twice; the second payment is refunded.",
        "transcript": "demo:transcripts/billing",
        "recording": "demo:recordings/billing",
        "source": "telephony",
    },
    {
        "kind": "CHAT",
        "channel": "CHAT",
        "direction": "INBOUND",
        "queue": "service",
        "agent": "agent-3",
        "outcome": "resolved",
        "topics": ["delivery"],
        "subject": "Where is my parcel?",
        "summary": "The parcel waits at the neighbour's.",
        "transcript": "demo:transcripts/delivery",
        "source": "webchat",
    },
    {"kind": "ORDER", "channel": "WEB", "outcome": "delivered", "source": "shop"},
    {
        "kind": "EMAIL",
        "channel": "EMAIL",
        "direction": "OUTBOUND",
        "agent": "agent-3",
        "topics": ["contract"],
        "subject": "Your new contract",
        "source": "mail",
    },
)


def interactions(number: int, profile_id: str, now: datetime) -> Iterator[dict[str, Any]]:
    """Inputs of recordInteraction for the customer of this number; three of the first, Ada.

    The next 49 have one to three.  Nobody else has any, so that the demo starts soon.
    """
    if number >= _CUSTOMERS:
        return
    chance = random.Random(f"{_SEED} {number}")  # noqa: S311 - invented data, not secrets
    count = _MOST if number == 0 else chance.randint(1, _MOST)
    first = 0 if number == 0 else chance.randrange(len(_STORIES))
    for told in range(count):
        began = now - timedelta(minutes=chance.randrange(60, _DAYS * 24 * 60))
        yield {
            **_STORIES[(first + told) % len(_STORIES)],
            "profileId": profile_id,
            "externalId": f"demo-{number}-{told}",
            "startedAt": began.isoformat(),
            "endedAt": (began + timedelta(minutes=chance.randint(2, 30))).isoformat(),
        }
