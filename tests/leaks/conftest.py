"""A gateway with a database of its own, whose store commands are counted."""

from collections.abc import AsyncIterator

import pytest_asyncio
from pymongo import monitoring

from tests.leaks.worlds import COMMANDS
from tests.support.gateway import TestGateway, running_gateway


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def watched(document_server, tmp_path_factory) -> AsyncIterator[TestGateway]:
    """A gateway whose store commands are counted."""
    monitoring.register(COMMANDS)
    path = tmp_path_factory.mktemp("leaks")
    async with running_gateway(document_server.uri, path, database=COMMANDS.database) as running:
        yield running
