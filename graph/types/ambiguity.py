"""Who shares an identity: who somebody may be, where it names several."""

import asyncio
from collections.abc import Sequence
from typing import Any

from graph.context import GatewayInfo
from graph.types.suggestion import Suggestion


async def suggested(info: GatewayInfo, ids: Sequence[str]) -> list[Suggestion]:
    """The profiles of these ids, as far as they are there; each as likely as the others."""
    found: list[Any] = await asyncio.gather(*map(info.context.profiles.load, ids))
    present = [profile for profile in found if profile is not None]
    score = 1 / len(present) if present else 0.0
    return [
        Suggestion(profile=profile, score=score, weight=0.0, agreements=[]) for profile in present
    ]
