"""THE place where access is decided: once per operation, before any data is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from policies.access.order import ACCESS_POLICIES, AccessPolicy
from policies.access.question import Question
from policies.asking import Asking, Assurance
from policies.classification import Label
from policies.decision import Action, Decision, Effect, strictest
from policies.principal import Principal
from policies.standing import STRANGER, Relation, Standing

_STEP_UP: Final = "STEP_UP_REQUIRED"
_NAMELESS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose data a store may touch.  Made by `scope_of` alone; a store never reads without one."""

    tenant: str


def scope_of(principal: Principal) -> Scope:
    """What this principal's reads and writes are confined to: their tenant."""
    return Scope(principal.tenant)


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """Every decision of one operation, by coordinate such as `Profile.birthDate`.

    A coordinate that was not planned is denied.  `denied` are those that were planned and denied,
    `allowed` those whose values are shown as they are.
    """

    scope: Scope
    decisions: Mapping[str, Decision]
    denied: frozenset[str] = field(init=False, repr=False)
    allowed: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Gather once what is denied and what is allowed: both are asked for often."""
        told = self.decisions.items()
        denied = (place for place, decision in told if decision.is_denied)
        allowed = (place for place, decision in told if decision.effect is Effect.ALLOW)
        object.__setattr__(self, "denied", frozenset(denied))
        object.__setattr__(self, "allowed", frozenset(allowed))

    def effect(self, coordinate: str) -> Effect:
        """What holds for the field at this coordinate: ALLOW, MASK or DENY."""
        decision = self.decisions.get(coordinate)
        return Effect.DENY if decision is None or decision.is_denied else decision.effect


def make_plan(
    labels: Mapping[str, Label],
    asking: Asking,
    standing: Standing = STRANGER,
    names: Mapping[str, str] = _NAMELESS,
) -> AccessPlan:
    """Decide READ of each labelled coordinate; `names` are what the schema calls them."""
    decisions = {
        coordinate: decide(Question(asking, Action.READ, label, names.get(coordinate), standing))
        for coordinate, label in labels.items()
    }
    return AccessPlan(scope_of(asking.principal), decisions)


def decide(question: Question, policies: Sequence[AccessPolicy] = ACCESS_POLICIES) -> Decision:
    """The strictest answer of all access policies; silence means deny."""
    answers = ((policy, policy(question)) for policy in policies)
    said = [replace(answer, rule=policy.__name__) for policy, answer in answers if answer]
    return strictest(said)


def decide_operation(name: str, asking: Asking) -> Decision:
    """Whether the root field `name` may be called at all."""
    matrix, principal = asking.matrix, asking.principal
    allowed = asking.ceiling.operations
    if allowed is not None and name not in allowed:
        return Decision(Effect.DENY, f"the client may not call {name}", "FORBIDDEN")
    granted = matrix.operations.get(name, frozenset()) & principal.roles & matrix.roles.keys()
    if not granted:
        return Decision(Effect.DENY, f"no role of yours may call {name}", "FORBIDDEN")
    needs_fresh = name in matrix.assurances.fresh_operations
    if needs_fresh and asking.assurance is not Assurance.FRESH_SECOND_FACTOR:
        why, fresh_s = f"{name} needs a second factor of just now", matrix.assurances.fresh_s
        return Decision(Effect.DENY, why, _STEP_UP, max_age_s=fresh_s)
    if asking.assurance is Assurance.PASSWORD:
        granted = frozenset(role for role in granted if not matrix.roles[role].second_factor)
        if not granted:
            return Decision(Effect.DENY, f"{name} needs a second factor", _STEP_UP)
    return Decision(Effect.ALLOW, f"granted to {min(granted)}")


def hidden_fields(
    labels: Mapping[str, Label], asking: Asking, names: Mapping[str, str]
) -> frozenset[str]:
    """The coordinates that this principal doesn't know: each of their roles hides them.

    A role hides what it may never read, whatever the relation, where it `hides` at all; and the
    fields that the matrix hides from it by name.
    """
    rights = asking.matrix.roles
    roles = sorted(asking.principal.roles & rights.keys())
    return frozenset(
        coordinate
        for coordinate, label in labels.items()
        if roles and all(_hides(asking, role, label, names.get(coordinate)) for role in roles)
    )


def hidden_operations(names: Iterable[str], asking: Asking) -> frozenset[str]:
    """The root fields that this principal doesn't know."""
    matrix = asking.matrix
    roles = asking.principal.roles & matrix.roles.keys()
    if not roles or not all(matrix.roles[role].hides for role in roles):
        return frozenset()
    allowed = asking.ceiling.operations
    return frozenset(
        name
        for name in names
        if not matrix.operations.get(name, frozenset()) & roles
        or (allowed is not None and name not in allowed)
    )


def _hides(asking: Asking, role: str, label: Label, name: str | None) -> bool:
    rights = asking.matrix.roles[role]
    effects = {
        rights.effect(Action.READ, label.data_class, name, relation) for relation in Relation
    }
    if Effect.HIDE in effects:
        return True
    is_reserved = not label.is_open_to(asking.principal.roles)
    return rights.hides and (is_reserved or effects == {Effect.DENY})
