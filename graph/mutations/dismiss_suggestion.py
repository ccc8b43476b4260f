import asyncio
from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.errors import BadInput
from graph.types.access import STRUCTURE
from graph.types.profile import Profile


@strawberry.input(description="Two profiles that are two people.", directives=[STRUCTURE])
class DismissSuggestionInput:
    profile_id: strawberry.ID = strawberry.field(description="The one.")
    other_id: strawberry.ID = strawberry.field(description="The other.")


@strawberry.type(
    description="Two people, who aren't suggested as one again.", directives=[STRUCTURE]
)
class DismissSuggestionPayload:
    profile: Profile | None = strawberry.field(description="The one.")
    other: Profile | None = strawberry.field(description="The other.")


async def dismiss_suggestion(
    info: GatewayInfo, input: DismissSuggestionInput
) -> DismissSuggestionPayload:
    """Remember that two profiles are two people."""
    context, one, other = info.context, input.profile_id, input.other_id
    if one == other:
        raise BadInput("otherId: expected another profile than profileId.")
    await context.wiring.matches.dismiss(
        one, other, context.principal.subject, context.plan.access.scope
    )
    profile: Any
    second: Any
    profile, second = await asyncio.gather(context.profiles.load(one), context.profiles.load(other))
    return DismissSuggestionPayload(profile=profile, other=second)
