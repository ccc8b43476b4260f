"""Relay connections."""

import strawberry

from graph.context import GatewayInfo
from graph.model.filter import Filter
from graph.types.access import STRUCTURE
from graph.types.paging import PageInfo
from graph.types.profile import Profile


@strawberry.type(description="A profile in its place in a list.", directives=[STRUCTURE])
class ProfileEdge:
    cursor: str = strawberry.field(description="The item's place.")
    node: Profile = strawberry.field(description="The profile.")


@strawberry.type(description="A page of profiles.", directives=[STRUCTURE])
class ProfileConnection:
    edges: list[ProfileEdge] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    where: strawberry.Private[Filter]

    @strawberry.field(description="How many profiles the filter finds; counted when selected.")
    async def total_count(self, info: GatewayInfo) -> int:
        context = info.context
        return await context.wiring.profiles.count(context.plan.access.scope, self.where)
