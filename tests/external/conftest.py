"""A gateway on the MongoDB that MONGODB_URI names, in a database that is dropped afterwards."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.store.client import open_client
from tests.support.gateway import TestGateway, running_gateway

VARIABLE = "MONGODB_URI"
NEED = "the gateway's transactions need a replica set or a sharded cluster"


@pytest.fixture(scope="session")
def uri() -> str:
    """The connection string somebody provided."""
    given = os.environ.get(VARIABLE)
    if not given:
        pytest.skip(f"{VARIABLE} is not set: name a MongoDB replica set to run this")
    return given


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys of all gateways here are, so that one reads what another wrote."""
    return tmp_path_factory.mktemp("keys")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases(uri: str) -> AsyncIterator[tuple[str, str]]:
    """The names of two databases of our own: one to work in, one to restore into."""
    stem = f"profile_gateway_test_{secrets.token_hex(4)}"
    names = (stem, f"{stem}_restored")
    async with open_client(uri, 30) as client:
        hello = await client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            pytest.fail(f"{VARIABLE} names a server of its own: {NEED}", pytrace=False)
        yield names
        for name in names:
            await client.drop_database(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(uri: str, databases: tuple[str, str], keys: Path) -> AsyncIterator[TestGateway]:
    """A gateway on that MongoDB."""
    async with running_gateway(uri, keys, database=databases[0]) as running:
        yield running
