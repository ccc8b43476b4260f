"""What mutations answer with: they work inside their verb and answer by loading again."""

from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.types.access import STRUCTURE
from graph.types.profile import Profile
from graph.views import root_key


@strawberry.type(description="The profile after a change.", directives=[STRUCTURE])
class ProfilePayload:
    profile: Profile | None = strawberry.field(description="The profile, as far as you may see it.")


async def answer(info: GatewayInfo, id: str) -> ProfilePayload:
    """The profile as it is now, revealed."""
    info.context.profiles.forget(id)
    profile: Any = await info.context.profiles.load(id, root_key(info.path))
    return ProfilePayload(profile=profile)
