"""What an answer depends on beside who asks: how they stand to this customer, and what for."""

from dataclasses import dataclass
from enum import Enum


class Purpose(Enum):
    """What somebody needs data for; a request says so, and what it says is held against it."""

    SERVICE = "SERVICE"
    CARE = "CARE"
    BILLING = "BILLING"
    FRAUD = "FRAUD"
    LEGAL = "LEGAL"
    MARKETING = "MARKETING"
    ANALYTICS = "ANALYTICS"
    RESEARCH = "RESEARCH"


class Relation(Enum):
    """What links an asker to one customer.

    CONVERSATION: they are talking right now, as a system the matrix trusts has told.
    BREAK_GLASS: the asker declared an emergency, which will be reviewed.
    """

    NONE = "NONE"
    CONVERSATION = "CONVERSATION"
    BREAK_GLASS = "BREAK_GLASS"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an asker stands to one customer.

    `has_consent`: the customer has consented to the purpose of the request, or needn't.
    """

    relation: Relation = Relation.NONE
    has_consent: bool = True


STRANGER = Standing()
"""Nothing links the asker to the customer."""
