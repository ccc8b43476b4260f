"""What the matrix says once it is read: rights by role, and what narrows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.classification import DataClass
from policies.decision import Action, Effect
from policies.standing import Purpose, Relation

ROLES: Final = frozenset(
    {
        "agent",
        "supervisor",
        "reviewer",
        "evaluator",
        "admin",
        "privacy_officer",
        "assistant",
        "partner",
        "service",
    }
)
FRESH_S: Final = 900
LONGEST_CONVERSATION_H: Final = 12
BREAK_GLASS_MIN: Final = 30


@dataclass(frozen=True, slots=True)
class Given:
    """Classes by what may be done with them; `mask` is read as a mask.  What isn't named is denied.

    A class may be both in `read` and in `mask` only by mistake: the reader of matrices refuses it.
    """

    actions: Mapping[Action, frozenset[DataClass]]
    mask: frozenset[DataClass] = frozenset()

    def effect(self, action: Action, data_class: DataClass) -> Effect:
        """What is given for this action on this class."""
        if data_class in self.actions.get(action, frozenset()):
            return Effect.ALLOW
        is_masked = action is Action.READ and data_class in self.mask
        return Effect.MASK if is_masked else Effect.DENY


@dataclass(frozen=True, slots=True)
class FieldRights:
    """What a role may do with one field, in place of what its class gives."""

    actions: frozenset[Action] = frozenset()
    is_masked: bool = False
    is_hidden: bool = False

    def effect(self, action: Action) -> Effect:
        """What is given for this action."""
        if self.is_hidden:
            return Effect.HIDE
        if action in self.actions:
            return Effect.ALLOW
        return Effect.MASK if action is Action.READ and self.is_masked else Effect.DENY


@dataclass(frozen=True, slots=True)
class Rights:
    """What one role may do.

    `fields` are by name in the schema (`Interaction.kind`, `custom.tier`) and hold whatever the
    relation; `related` is given in addition to who stands in this relation to the customer.
    Rights with `second_factor` need one.  `purposes` may be said; the first is meant where a
    request says nothing.  To a role that `hides`, what it may not read or call is unknown.
    """

    given: Given
    fields: Mapping[str, FieldRights] = field(default_factory=dict)
    related: Mapping[Relation, Given] = field(default_factory=dict)
    second_factor: bool = False
    purposes: tuple[Purpose, ...] = (Purpose.SERVICE,)
    hides: bool = False

    def effect(
        self,
        action: Action,
        data_class: DataClass,
        name: str | None = None,
        relation: Relation = Relation.NONE,
    ) -> Effect:
        """What the role gets for this action on a field of this class and name."""
        if name and (own := self.fields.get(name)):
            return own.effect(action)
        held = self.given.effect(action, data_class)
        more = self.related.get(relation)
        return held if more is None else min(held, more.effect(action, data_class))


@dataclass(frozen=True, slots=True)
class PurposeRule:
    """What a purpose narrows: to some classes (None: to none), and to customers who consented.

    `consent` names what they must have consented to.
    """

    classes: frozenset[DataClass] | None = None
    consent: str | None = None


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What a client gets at most, whoever uses it; None: no ceiling."""

    classes: frozenset[DataClass] | None = None
    operations: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Assurances:
    """How sure we must be of who asks.

    A second factor is of just now while it is at most `fresh_s` seconds old.  These actions and
    operations need such a one; so do fields with `stepUp`.
    """

    fresh_s: int = FRESH_S
    fresh_actions: frozenset[Action] = frozenset()
    fresh_operations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Conversations:
    """Whose word links an agent and a customer who talk, and for how long at most."""

    told_by: frozenset[str] = frozenset()
    hours: int = LONGEST_CONVERSATION_H


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """How long an emergency lasts that somebody declared, in minutes."""

    minutes: int = BREAK_GLASS_MIN


@dataclass(frozen=True, slots=True)
class Matrix:
    """All that decides access, as data.

    `version` is the shipped matrix's, `revision` that of the tenant's changes to it (0: none).
    `ceilings` are by client, `scopes` by OAuth scope.
    """

    version: int
    roles: Mapping[str, Rights]
    operations: Mapping[str, frozenset[str]]
    purposes: Mapping[Purpose, PurposeRule] = field(default_factory=dict)
    ceilings: Mapping[str, Ceiling] = field(default_factory=dict)
    scopes: Mapping[str, Ceiling] = field(default_factory=dict)
    assurances: Assurances = field(default_factory=Assurances)
    conversations: Conversations = field(default_factory=Conversations)
    break_glass: BreakGlass = field(default_factory=BreakGlass)
    revision: int = 0
