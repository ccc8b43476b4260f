"""THE place where access is decided: once per operation, before any data is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.access.order import ACCESS_POLICIES, AccessPolicy
from policies.access.question import Question
from policies.classification import Label
from policies.decision import Action, Decision, Effect, strictest
from policies.matrix import Matrix
from policies.principal import Principal


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

    A coordinate that was not planned is denied.
    """

    scope: Scope
    decisions: Mapping[str, Decision]

    def effect(self, coordinate: str) -> Effect:
        """What holds for the field at this coordinate."""
        decision = self.decisions.get(coordinate)
        return decision.effect if decision else Effect.DENY


def make_plan(
    labels: Mapping[str, Label], principal: Principal, matrix: Matrix, action: Action = Action.READ
) -> AccessPlan:
    """Decide each labelled coordinate for this principal."""
    decisions = {
        coordinate: decide(Question(principal, action, label, matrix))
        for coordinate, label in labels.items()
    }
    return AccessPlan(scope_of(principal), decisions)


def decide(question: Question, policies: Sequence[AccessPolicy] = ACCESS_POLICIES) -> Decision:
    """The strictest answer of all access policies; silence means deny."""
    answers = (policy(question) for policy in policies)
    return strictest([answer for answer in answers if answer is not None])


def decide_operation(name: str, principal: Principal, matrix: Matrix) -> Decision:
    """Whether this principal may call the root field `name` at all."""
    granted = matrix.operations.get(name, frozenset()) & principal.roles
    if not granted:
        return Decision(Effect.DENY, f"no role of yours may call {name}", "FORBIDDEN")
    if principal.has_second_factor:
        return Decision(Effect.ALLOW, f"granted to {min(granted)}")
    usable = [role for role in granted if not matrix.roles[role].second_factor]
    if not usable:
        return Decision(Effect.DENY, f"{name} needs a second factor", "STEP_UP_REQUIRED")
    return Decision(Effect.ALLOW, f"granted to {min(usable)}")
