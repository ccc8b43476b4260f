"""The gateway as its users start it: `profile-gateway serve`, in a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.auth.development import DevelopmentIssuer

_START_S = 60
_STOP_S = 20


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """A gateway that listens at `url` and keeps its data under `data`."""

    url: str
    data: Path
    pid: int

    def token(self, *roles: str, tenant: str = "demo", second_factor: bool = True) -> str:
        """A development token."""
        issuer = DevelopmentIssuer.load_or_create(self.data)
        return issuer.token(roles, tenant, second_factor=second_factor)


@asynccontextmanager
async def serving(
    data: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[GatewayProcess]:
    """`profile-gateway serve` on a free port, stopped by its pid."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        "serve",
        "--port",
        "0",
        env={
            **os.environ,
            "GATEWAY_STORE__PATH": str(data),
            **(environment or {}),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        url = await asyncio.wait_for(_address(process), _START_S)
        yield GatewayProcess(url, data, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), _STOP_S)


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said = []
    async for line in process.stdout:
        said.append(line.decode())
        if "listening at " in said[-1]:
            return said[-1].split("listening at ")[1].split()[0].removesuffix("/graphql")
    raise AssertionError("".join(said))
