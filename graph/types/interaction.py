"""Interactions and pages of them, as clients see them."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from graph.context import GatewayInfo
from graph.model import interaction as model
from graph.model.channel import Channel
from graph.pages import cursor_of, id_of, page_size
from graph.types.access import STRUCTURE, exposes
from graph.types.paging import PageInfo
from policies.reveal import reveal


@exposes(model.Interaction)
@strawberry.type(description="A conversation with the customer, or an activity of theirs.")
class Interaction:
    id: strawberry.ID = strawberry.field(description="Random id.")
    kind: model.InteractionKind | None = strawberry.field(description="What it is.")
    channel: Channel | None = strawberry.field(description="Where it took place.")
    direction: model.Direction | None = strawberry.field(
        description="Who began; null where nobody did."
    )
    started_at: datetime | None = strawberry.field(description="When it began.")
    ended_at: datetime | None = strawberry.field(
        description="When it ended; null while it is open, or where it has no end."
    )
    agent: strawberry.ID | None = strawberry.field(
        description="Subject of the agent who serves or served the customer."
    )
    queue: str | None = strawberry.field(description="The queue it came through.")
    outcome: str | None = strawberry.field(description="How it ended.")
    topics: list[str] | None = strawberry.field(description="What it was about, in key words.")
    subject: str | None = strawberry.field(description="What it was about, in a line.")
    summary: str | None = strawberry.field(description="What was said, in short.")
    transcript: str | None = strawberry.field(description="Where what was said can be read.")
    recording: str | None = strawberry.field(description="Where the recording of it is.")
    source: str | None = strawberry.field(description="Who told us: a client or a system.")
    external_id: str | None = strawberry.field(description="Its id in that system.")


@strawberry.type(description="An interaction in its place in a timeline.", directives=[STRUCTURE])
class InteractionEdge:
    cursor: str = strawberry.field(description="The item's place.")
    node: Interaction = strawberry.field(description="The interaction.")


@strawberry.type(
    description=(
        "A page of a timeline.  Where few of many interactions fit, it may be shorter than asked"
        " for and still have a next one."
    ),
    directives=[STRUCTURE],
)
class InteractionConnection:
    edges: list[InteractionEdge] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    asked: strawberry.Private[model.TimelineQuery]
    total: strawberry.Private[int | None]

    @strawberry.field(description="How many interactions there are; counted when selected.")
    async def total_count(self, info: GatewayInfo) -> int:
        if self.total is not None:
            return self.total
        context = info.context
        return await context.wiring.interactions.count(self.asked, context.plan.access.scope)


First = Annotated[
    int | None, strawberry.argument(description="Page size, 0 to 100; 25 unless told.")
]
After = Annotated[str | None, strawberry.argument(description="Cursor of the previous page's end.")]
Channels = Annotated[
    list[Channel] | None, strawberry.argument(description="Only those on one of these channels.")
]
Kinds = Annotated[
    list[model.InteractionKind] | None,
    strawberry.argument(description="Only those of one of these kinds."),
]
Since = Annotated[
    datetime | None, strawberry.argument(description="Only those that began then or later.")
]
Until = Annotated[datetime | None, strawberry.argument(description="Only those that began before.")]
Agent = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only those of this agent.")
]


def timeline_query(
    owners: tuple[str, ...],
    first: int | None,
    after: str | None,
    channels: list[Channel] | None,
    kinds: list[model.InteractionKind] | None,
    since: datetime | None,
    until: datetime | None,
    agent: str | None,
) -> model.TimelineQuery:
    """What a selection asks for; raises `BadInput` for a size or cursor that can't be."""
    return model.TimelineQuery(
        owners=owners,
        first=page_size(first),
        after=id_of(after),
        channels=None if channels is None else frozenset(channels),
        kinds=None if kinds is None else frozenset(kinds),
        agent=agent,
        since=since,
        until=until,
    )


async def timeline(
    info: GatewayInfo, asked: model.TimelineQuery, profile_id: str
) -> InteractionConnection:
    """The page that a query asks for of a profile, as far as the asker may see it."""
    context = info.context
    view = context.views.of(profile_id)
    page = await context.timelines.page(asked, view)
    nodes: list[Any] = [reveal(item, view.plan.access) for item in page.items]
    edges = [InteractionEdge(cursor=cursor_of(node.id), node=node) for node in nodes]
    info_of_page = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=asked.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=cursor_of(page.end) if page.end else None,
    )
    return InteractionConnection(edges=edges, page_info=info_of_page, asked=asked, total=page.total)
