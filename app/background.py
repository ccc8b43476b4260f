"""What background tasks have in common."""

import asyncio
import traceback
from collections.abc import Awaitable, Iterable
from typing import Any, Final

_AGAIN_AFTER_S: Final = 0.5


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end.

    A cancellation can get lost in the MongoDB driver, so it is repeated until it is heard.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_AGAIN_AFTER_S)


async def counted(acts: Iterable[Awaitable[int]]) -> int:
    """Do things at once; the sum of what they count.  An error is raised when all have ended."""
    counts = await asyncio.gather(*acts, return_exceptions=True)
    for count in counts:
        if isinstance(count, BaseException):
            raise count
    return sum(count for count in counts if isinstance(count, int))


def told(error: Exception) -> str:
    """What a log may say of an error: its class and place; its text may hold values of a person."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {frames[-1].name}:{frames[-1].lineno}"
