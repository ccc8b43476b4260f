import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import strawberry

from graph.context import GatewayInfo
from graph.model.audit import AuditAction, AuditEvent, checked_text
from graph.model.break_glass import LEAST_REASON
from graph.model.break_glass import BreakGlassGrant as Grant
from graph.model.ids import new_id
from graph.revealing import present_profile
from graph.types.access import STRUCTURE
from graph.types.break_glass import BreakGlassGrant
from policies.reveal import reveal

_LOG: Final = logging.getLogger("gateway.break_glass")
_LEAST_TICKET: Final = 1


@strawberry.input(description="An emergency, for the record.", directives=[STRUCTURE])
class BreakGlassInput:
    profile_id: strawberry.ID = strawberry.field(description="Present or former id.")
    reason: str = strawberry.field(
        description="Why, for the record: 20 to 1,000 characters.  Name no values in it."
    )
    ticket: str | None = strawberry.field(default=None, description="The case that it belongs to.")


@strawberry.type(description="An emergency that is recorded and holds.", directives=[STRUCTURE])
class BreakGlassPayload:
    grant: BreakGlassGrant = strawberry.field(description="What is granted, and until when.")


async def break_glass(info: GatewayInfo, input: BreakGlassInput) -> BreakGlassPayload:
    """Get more access to one customer for a while; recorded first, and reviewed after."""
    context = info.context
    reason = checked_text(input.reason, "reason", LEAST_REASON)
    ticket = checked_text(input.ticket, "ticket", _LEAST_TICKET) if input.ticket else None
    profile, standing = await present_profile(context, input.profile_id)
    now, lasts = context.wiring.now(), timedelta(minutes=context.asking.matrix.break_glass.minutes)
    declared = Grant(
        id=new_id(int(now.timestamp() * 1000)),
        profile_id=profile.id,
        at=now,
        until=now + lasts,
        by=context.principal.subject,
        reason=reason,
        ticket=ticket,
    )
    event = await context.recorder.record(
        AuditEvent(
            action=AuditAction.BREAK_GLASS,
            profile_id=profile.id,
            relation=standing.relation,
            reason=reason,
            ticket=ticket,
            grant_id=declared.id,
        )
    )
    grant = replace(declared, event=event)
    await context.wiring.grants.open(grant, context.plan.access.scope)
    _notify(context.principal.tenant, grant)
    context.profiles.forget_all()
    context.standings.forget()
    shown: Any = reveal(grant, context.plan.access)
    return BreakGlassPayload(grant=shown)


def _notify(tenant: str, grant: Grant) -> None:
    """Tell the operators at once; reviewers find the grant in their queue."""
    _LOG.warning("tenant %s: grant %s of profile %s", tenant, grant.id, grant.profile_id)
