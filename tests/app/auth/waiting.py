import asyncio
import time


async def until(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in 5 s"
        await asyncio.sleep(0.005)
