"""The embedded document server for tests that need a store."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.store.embedded import EmbeddedServer, Timing

# So long that no probe meets a fault which a test has injected.
NEVER_S = 100_000.0
# A server that is gone is missed soon.
QUICK = Timing(probe_every_s=0.5, probe_within_s=1.0, failures_allowed=2)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def document_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[EmbeddedServer]:
    """A started server that injects faults on request; a test takes a database of its own."""
    path = tmp_path_factory.mktemp("documents")
    timing = Timing(probe_every_s=NEVER_S)
    async with EmbeddedServer(path, test_commands=True, timing=timing) as server:
        yield server


async def restarted(server: EmbeddedServer) -> None:
    """Kill the server and wait for its successor: what a dead client has locked is free again."""
    killed = server.pid
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(30):
        while server.pid in {None, killed}:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
