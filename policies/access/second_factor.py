from dataclasses import replace

from policies.access.question import Question
from policies.access.roles import by_role
from policies.decision import Decision, Effect

_STEP_UP = "STEP_UP_REQUIRED"


def by_second_factor(question: Question) -> Decision | None:
    """Without a second factor, the roles that demand one give nothing.

    What the principal's other roles give stays; the code tells that signing in with a
    second factor would give more.
    """
    principal = question.principal
    if principal.has_second_factor:
        return None
    if question.label.needs_step_up:
        return Decision(Effect.DENY, "the field needs a second factor", _STEP_UP)
    rights = question.matrix.roles
    usable = frozenset(
        role for role in principal.roles if role in rights and not rights[role].second_factor
    )
    hoped = by_role(question)
    left = by_role(replace(question, principal=replace(principal, roles=usable)))
    effect = left.effect if left else Effect.DENY
    if hoped is None or hoped.effect >= effect:
        return None
    return Decision(effect, "your role needs a second factor for this", _STEP_UP)
