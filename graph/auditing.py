"""Pages of the record of access and of the queue of reviews, as far as their reader may see."""

from collections.abc import Sequence
from typing import Any, Protocol

from graph.audit_ports import AuditQuery
from graph.context import Context, GatewayInfo
from graph.model.interaction import owners_of
from graph.pages import cursor_of, page_size, text_of
from graph.types.audit import AuditEventConnection, AuditEventEdge
from graph.types.break_glass import BreakGlassReviewConnection, BreakGlassReviewEdge
from graph.types.paging import PageInfo
from policies.reveal import reveal


class _Edge(Protocol):
    cursor: str


async def audit_page(
    info: GatewayInfo,
    profile_id: str | None,
    actor: str | None,
    first: int | None,
    after: str | None,
) -> AuditEventConnection:
    """A page of the record: of a profile and those that are part of it, of an actor, or of all."""
    context, size = info.context, page_size(first)
    profiles = None if profile_id is None else await _owners(context, profile_id)
    asked = AuditQuery(profiles, actor)
    plan = context.plan
    found = await context.wiring.audit.page(
        asked, plan.access.scope, first=size + 1, after=text_of(after)
    )
    nodes: list[Any] = [reveal(event, plan.access) for _, event in found[:size]]
    edges = [
        AuditEventEdge(cursor=cursor_of(place), node=node)
        for (place, _), node in zip(found, nodes, strict=False)
    ]
    page_info = _page_info(edges, after, has_next=len(found) > size)
    return AuditEventConnection(edges=edges, page_info=page_info, asked=asked)


async def review_page(
    info: GatewayInfo, first: int | None, after: str | None
) -> BreakGlassReviewConnection:
    """A page of the emergencies that wait for the asker's review: never their own."""
    context, size = info.context, page_size(first)
    plan, reviewer = context.plan, context.principal.subject
    found = await context.wiring.grants.queue(
        plan.access.scope, reviewer, first=size + 1, after=text_of(after)
    )
    nodes: list[Any] = [reveal(grant, plan.access) for _, grant in found[:size]]
    edges = [
        BreakGlassReviewEdge(cursor=cursor_of(place), node=node)
        for (place, _), node in zip(found, nodes, strict=False)
    ]
    page_info = _page_info(edges, after, has_next=len(found) > size)
    return BreakGlassReviewConnection(edges=edges, page_info=page_info)


async def _owners(context: Context, id: str) -> Sequence[str]:
    """The ids under which events of a profile may be: its own and those it absorbed."""
    (found,) = await context.wiring.profiles.get_many([id], context.plan.access.scope, {"members"})
    return (id, *owners_of(found)) if found else (id,)


def _page_info(edges: Sequence[_Edge], after: str | None, *, has_next: bool) -> PageInfo:
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
