"""Seeing one masked value in clear: whether somebody may, and by which plan it is opened."""

from collections.abc import Sequence

from policies.access.question import Question
from policies.decision import Decision, Effect
from policies.plan import AccessPlan, decide


def decide_opening(question: Question, path: Sequence[str], plan: AccessPlan) -> Decision:
    """Whether the field that a REVEAL question is about may be opened.

    `path` are the coordinates from the profile down to the field.  Each of them must be given to
    read, as a mask at least: what is withheld can't be revealed.
    """
    for coordinate in path:
        decision = plan.decisions.get(coordinate)
        if decision is None:
            return Decision(Effect.DENY, "the field was not planned")
        if decision.is_denied:
            return decision
    return decide(question)


def opened(plan: AccessPlan, path: Sequence[str], decision: Decision) -> AccessPlan:
    """The plan that gives the last field of a path by this decision, and nothing beside."""
    way = {coordinate: plan.decisions[coordinate] for coordinate in path}
    return AccessPlan(plan.scope, {**way, path[-1]: decision})
