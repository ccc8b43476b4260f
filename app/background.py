"""Ends background tasks."""

import asyncio
from typing import Any, Final

_AGAIN_AFTER_S: Final = 0.5


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end.

    A cancellation can get lost in the MongoDB driver, so it is repeated until it is heard.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_AGAIN_AFTER_S)
