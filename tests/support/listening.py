"""Servers of this process behind uvicorn, on free ports."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from app.build import Gateway
from app.serve import server_configuration

_START_S = 10


class _Server(uvicorn.Server):
    def __init__(self, configuration: uvicorn.Config) -> None:
        super().__init__(configuration)
        self.has_begun = asyncio.Event()

    @contextmanager
    def capture_signals(self):
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.has_begun.set()


@asynccontextmanager
async def listening(gateway: Gateway) -> AsyncIterator[str]:
    """Its host and port, as `profile-gateway serve` runs it.

    On leaving it is shut down as by SIGTERM.
    """
    async with _listening(server_configuration(gateway, None)) as address:
        yield address


@asynccontextmanager
async def standing_in(app: Starlette) -> AsyncIterator[str]:
    """The base address of a stand-in for a system that we can't run."""
    configuration = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
    async with _listening(configuration) as address:
        yield f"http://{address}"


@asynccontextmanager
async def _listening(configuration: uvicorn.Config) -> AsyncIterator[str]:
    server = _Server(configuration)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()[:2]
        task = asyncio.create_task(server.serve([listener]))
        await asyncio.wait_for(server.has_begun.wait(), _START_S)
        try:
            yield f"{host}:{port}"
        finally:
            server.should_exit = True
            await task
