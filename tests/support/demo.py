"""The demo as its users start it, and commands pasted beside it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

_START_S = 90
_STOP_S = 30
_COMMAND_S = 30


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo at `url` that keeps its data under `data`; `said` is what it printed."""

    url: str
    data: Path
    said: str


@asynccontextmanager
async def demonstrating(folder: Path, *, customers: int) -> AsyncIterator[Demo]:
    """`profile-gateway demo` on a free port, in the directory `folder`, stopped by Ctrl-C."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        "demo",
        "--port",
        "0",
        "--customers",
        str(customers),
        env={**os.environ, "GATEWAY_STORE__PATH": str(folder / "data")},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said = await asyncio.wait_for(_said(process), _START_S)
        url = said.rsplit("listening at ", 1)[1].split()[0].removesuffix("/graphql")
        yield Demo(url, folder / "data", said)
    finally:
        if process.returncode is None:
            process.send_signal(2)
        await asyncio.wait_for(process.communicate(), _STOP_S)


async def command_output(command: list[str], environment: Mapping[str, str]) -> str:
    """What a command that must succeed prints."""
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(environment), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), _COMMAND_S)
    assert process.returncode == 0, command
    return output.decode()


async def _said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said = ""
    async for line in process.stdout:
        said += line.decode()
        if "listening at " in line.decode():
            return said
    raise AssertionError(said)
