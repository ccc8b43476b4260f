import pytest

from connectors.runtime.client import source_client
from connectors.runtime.network import LOOPBACK
from tests.support.scripted_http import scripted_server


@pytest.fixture(scope="session")
async def crm():
    async with scripted_server() as server:
        yield server


@pytest.fixture(scope="session")
async def http():
    async with source_client(LOOPBACK) as client:
        yield client
