from dataclasses import replace
from typing import Any, Final

import strawberry

from graph.context import GatewayInfo
from graph.errors import Conflict, Forbidden, NotFound
from graph.model.audit import AuditAction, AuditEvent, Verdict, checked_text
from graph.types.access import STRUCTURE
from graph.types.break_glass import BreakGlassGrant
from policies.reveal import reveal
from policies.reviewing import decide_review

_LEAST_NOTE: Final = 1


@strawberry.input(description="What you say of an emergency.", directives=[STRUCTURE])
class ReviewBreakGlassInput:
    id: strawberry.ID = strawberry.field(description="The grant, of `breakGlassReviews`.")
    verdict: Verdict = strawberry.field(description="UNJUSTIFIED ends a grant that still holds.")
    note: str = strawberry.field(description="Why, for the record: 1 to 1,000 characters.")


@strawberry.type(description="A reviewed emergency.", directives=[STRUCTURE])
class ReviewBreakGlassPayload:
    grant: BreakGlassGrant = strawberry.field(description="The grant with its review.")


async def review_break_glass(
    info: GatewayInfo, input: ReviewBreakGlassInput
) -> ReviewBreakGlassPayload:
    """Judge an emergency that somebody else declared, once."""
    context, scope = info.context, info.context.plan.access.scope
    note = checked_text(input.note, "note", _LEAST_NOTE)
    grants, reviewer = context.wiring.grants, context.principal.subject
    grant = await grants.find(input.id, scope)
    if grant is None:
        raise NotFound("There is no such grant.")
    decision = decide_review(context.principal, grant.by)
    if decision.is_denied:
        raise Forbidden(f"{decision.reason}.".capitalize(), decision)
    if grant.verdict is not None:
        raise Conflict("The grant was reviewed already.")
    event = await context.recorder.record(
        AuditEvent(
            action=AuditAction.BREAK_GLASS_REVIEWED,
            profile_id=grant.profile_id,
            note=note,
            ticket=grant.ticket,
            grant_id=grant.id,
            verdict=input.verdict,
        )
    )
    reviewed = replace(
        grant,
        verdict=input.verdict,
        note=note,
        reviewed_by=reviewer,
        reviewed_at=context.wiring.now(),
        review_event=event,
    )
    if not await grants.review(reviewed, scope):
        raise Conflict("The grant was reviewed already.")
    shown: Any = reveal(reviewed, context.plan.access)
    return ReviewBreakGlassPayload(grant=shown)
