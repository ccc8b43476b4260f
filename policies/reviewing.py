"""Who may judge an emergency that somebody declared."""

from policies.decision import Decision, Effect
from policies.principal import Principal


def decide_review(reviewer: Principal, declared_by: str | None) -> Decision:
    """Whether somebody who may review at all may review what `declared_by` did: never their own."""
    if reviewer.subject == declared_by:
        return Decision(Effect.DENY, "somebody else must review what you did", "FORBIDDEN")
    return Decision(Effect.ALLOW, "somebody else did it")
