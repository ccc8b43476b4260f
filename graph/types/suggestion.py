"""Who somebody may be, where that isn't certain."""

from collections.abc import Iterable
from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.types.access import STRUCTURE
from graph.types.profile import Profile


@strawberry.type(description="Somebody it may be.", directives=[STRUCTURE])
class Suggestion:
    profile: Profile | None = strawberry.field(description="Their profile.")


async def suggested(info: GatewayInfo, ids: Iterable[str]) -> list[Suggestion]:
    """The profiles of these ids, as far as they are there."""
    found: list[Any] = [await info.context.profiles.load(one) for one in ids]
    return [Suggestion(profile=profile) for profile in found if profile is not None]
