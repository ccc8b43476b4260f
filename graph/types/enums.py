"""Enums of the model as the schema shows them.

`graph.types.access` imports this module, so that they are registered before any type names them.
"""

from enum import Enum
from typing import Any

import strawberry

from graph.kinds.table import KINDS
from graph.model.audit import AuditAction, Verdict
from graph.model.channel import Channel
from graph.model.consent import ConsentStatus
from graph.model.contact import ContactReason
from graph.model.custom_field import Owner, SourceKind, SourceRule
from graph.model.history import HistoryKind
from graph.model.interaction import Direction, InteractionKind
from graph.model.label import LabelOrigin
from graph.model.owed import WriteState
from graph.model.preference import Weekday
from graph.model.profile import ProfileState
from graph.model.survivorship import Reason
from policies.asking import Assurance
from policies.classification import DataClass
from policies.standing import Purpose, Relation

strawberry.enum(
    DataClass, description="How sensitive a value is; the matrix says who may do what with it."
)
strawberry.enum(Purpose, description="What somebody needs data for.")
strawberry.enum(Relation, description="What links somebody to a customer.")
strawberry.enum(Channel, description="Where a customer reaches the business.")
strawberry.enum(
    InteractionKind,
    description="What an interaction is: a conversation, or an activity in another system.",
)
strawberry.enum(Direction, description="Who began: the customer or the business.")
strawberry.enum(ProfileState, description="How well the person behind a profile is known.")
strawberry.enum(ConsentStatus, description="What a person said about a purpose.")
strawberry.enum(ContactReason, description="Why somebody may be contacted, or may not.")
strawberry.enum(LabelOrigin, description="Who puts a label on a customer.")
strawberry.enum(Weekday, description="A day of the week.")
strawberry.enum(SourceKind, description="Where a value lives.")
strawberry.enum(
    SourceRule,
    description="PRECEDENCE: the first source that has one; MOST_RECENT: that of the record that"
    " changed last.",
)
strawberry.enum(Owner, name="FieldOwner", description="Whose word counts for a SYNCED field.")
strawberry.enum(
    WriteState,
    name="SourceWriteState",
    description=(
        "SENT: the CRM has the values.  WAITING: they are sent again and again until it has.  "
        "REFUSED: it doesn't take them.  CONFLICT: it has others, which nobody here had seen."
    ),
)
strawberry.enum(
    AuditAction,
    description=(
        "What was done.  READ is recorded where an emergency gave more than usual, REVEAL also"
        " where it was refused."
    ),
)
strawberry.enum(Verdict, description="What a review says of an emergency.")
strawberry.enum(Purpose, description="What somebody needs data for.")
strawberry.enum(Relation, description="What links somebody to a customer.")
strawberry.enum(Assurance, description="How sure the gateway is of who asks.")
strawberry.enum(HistoryKind, description="What happened to a profile.")
strawberry.enum(
    Reason,
    name="SurvivalReason",
    description="Why a merged profile shows a value: a rule, a choice, or no alternative.",
)

# Made of the table, so that a new kind is a value here by itself.
_KINDS: Any = Enum("FieldKind", {name: name for name in KINDS})  # type: ignore[misc]  # members of the table
FieldKind: Any = strawberry.enum(_KINDS, description="What a custom field holds.")


@strawberry.enum(description="Which way a list is sorted; without a value is last either way.")
class OrderDirection(Enum):
    """Which way a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"
