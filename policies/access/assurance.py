from dataclasses import replace

from policies.access.question import Question
from policies.access.roles import by_field_roles, by_role
from policies.asking import Assurance
from policies.classification import DataClass
from policies.decision import Action, Decision, Effect

_STEP_UP = "STEP_UP_REQUIRED"


def by_second_factor(question: Question) -> Decision | None:
    """Without a second factor, the roles that demand one give nothing.

    What the principal's other roles give stays; the code tells that signing in with a
    second factor would give more.
    """
    asking = question.asking
    if asking.assurance is not Assurance.PASSWORD:
        return None
    rights, principal = asking.matrix.roles, asking.principal
    proved = frozenset(
        role for role in principal.roles if role not in rights or not rights[role].second_factor
    )
    less = replace(asking, principal=replace(principal, roles=proved))
    effect = _given(replace(question, asking=less))
    if _given(question) >= effect:
        return None
    return Decision(effect, "your role needs a second factor for this", _STEP_UP)


def by_fresh_second_factor(question: Question) -> Decision | None:
    """What needs a second factor of just now is given for one alone."""
    asking = question.asking
    if asking.assurance is Assurance.FRESH_SECOND_FACTOR:
        return None
    fresh = asking.matrix.assurances
    if question.label.needs_step_up:
        what = "the field"
    elif question.action in fresh.fresh_actions and not _is_structure(question):
        what = f"to {question.action.value}"
    else:
        return None
    why = f"{what} needs a second factor of just now"
    return Decision(Effect.DENY, why, _STEP_UP, max_age_s=fresh.fresh_s)


def _is_structure(question: Question) -> bool:
    """Whether somebody reads ids and the like: they are never null, so can't be withheld."""
    return question.action is Action.READ and question.label.data_class is DataClass.PUBLIC


def _given(question: Question) -> Effect:
    """What the principal's roles give, both by the class and by the field's own list."""
    reserved = by_field_roles(question)
    return reserved.effect if reserved else by_role(question).effect
