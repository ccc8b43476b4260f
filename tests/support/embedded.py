"""The embedded document server for tests that need a store."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.store.embedded import EmbeddedServer, Timing

# So long that no probe meets a fault which a test has injected.
NEVER_S = 100_000.0


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def document_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[EmbeddedServer]:
    """A started server that injects faults on request; a test takes a database of its own."""
    path = tmp_path_factory.mktemp("documents")
    timing = Timing(probe_every_s=NEVER_S)
    async with EmbeddedServer(path, test_commands=True, timing=timing) as server:
        yield server
