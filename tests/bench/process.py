"""The servers beside the gateway, each a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

_START_S = 60
_STOP_S = 20


@asynccontextmanager
async def server(module: str, environment: Mapping[str, str]) -> AsyncIterator[tuple[str, int]]:
    """The address and the pid of `python -m MODULE`, which is stopped by that pid.

    The module prints "listening at URL" when it answers.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_S)
        if not line.startswith(b"listening at "):
            raise ChildProcessError(f"{module} did not start; its complaint is above")
        yield line.decode().removeprefix("listening at ").strip(), process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), _STOP_S)
