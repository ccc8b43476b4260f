import pytest

from connectors.runtime.client import source_client
from tests.support.scripted_http import scripted_server


@pytest.fixture(scope="session")
async def crm():
    async with scripted_server() as server:
        yield server


@pytest.fixture(scope="session")
async def http():
    async with source_client() as client:
        yield client
