"""Emergencies that people declare, as clients see them."""

from datetime import datetime

import strawberry

from graph.context import GatewayInfo
from graph.model import break_glass as model
from graph.model.audit import Verdict
from graph.types.access import STRUCTURE, exposes
from graph.types.paging import PageInfo


@exposes(model.BreakGlassGrant)
@strawberry.type(description="More access to one customer for a while, which will be reviewed.")
class BreakGlassGrant:
    id: strawberry.ID = strawberry.field(description="Random id.")
    profile_id: strawberry.ID = strawberry.field(description="The customer.")
    at: datetime = strawberry.field(description="When it was declared.")
    until: datetime = strawberry.field(description="When it ends, unless a review ends it before.")
    by: str | None = strawberry.field(description="Who declared it: a subject at their issuer.")
    reason: str | None = strawberry.field(description="Why, in their words.")
    ticket: str | None = strawberry.field(description="The case that it belongs to.")
    event: str | None = strawberry.field(description="The event that recorded it.")
    verdict: Verdict | None = strawberry.field(description="What the review says.")
    note: str | None = strawberry.field(description="What the reviewer wrote.")
    reviewed_by: str | None = strawberry.field(description="Who reviewed it.")
    reviewed_at: datetime | None = strawberry.field(description="When it was reviewed.")
    review_event: str | None = strawberry.field(description="The event that recorded the review.")


@strawberry.type(description="A grant in its place in the queue.", directives=[STRUCTURE])
class BreakGlassReviewEdge:
    cursor: str = strawberry.field(description="The item's place.")
    node: BreakGlassGrant = strawberry.field(description="The grant.")


@strawberry.type(
    description="A page of the grants that wait for a review, the newest first.",
    directives=[STRUCTURE],
)
class BreakGlassReviewConnection:
    edges: list[BreakGlassReviewEdge] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    @strawberry.field(description="How many wait for your review; counted when selected.")
    async def total_count(self, info: GatewayInfo) -> int:
        context = info.context
        scope, reviewer = context.plan.access.scope, context.principal.subject
        return await context.wiring.grants.queue_length(scope, reviewer)
