"""Fixtures that the whole suite shares.  A test keeps to a tenant of its own."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from app.store.embedded import EmbeddedServer
from tests.support.embedded import document_server  # noqa: F401 - a fixture
from tests.support.gateway import TestGateway, running_gateway
from tests.support.late_sockets import closed_when_cancelled
from tests.support.process import GatewayProcess, serving
from tests.support.tryton import tryton  # noqa: F401 - a fixture

# How fast a busy machine makes examples says nothing about the code.  SAME_EXAMPLES=1 draws the
# same ones each time, so that what CI refuses is what a change broke; else they are drawn anew.
settings.register_profile(
    "busy",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("SAME_EXAMPLES") == "1",
)
settings.load_profile("busy")


@pytest.fixture
def tenant() -> str:
    """A tenant nobody else uses."""
    return f"t-{secrets.token_hex(6)}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(
    document_server: EmbeddedServer,  # noqa: F811 - the fixture imported above
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[TestGateway]:
    """A gateway without sources, shared by the session."""
    path = tmp_path_factory.mktemp("gateway")
    async with running_gateway(document_server.uri, path) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway_process(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[GatewayProcess]:
    """A gateway as its users start it, with an embedded server of its own."""
    async with serving(tmp_path_factory.mktemp("served") / "data") as process:
        yield process


@pytest.fixture(scope="session", autouse=True)
def late_sockets() -> Iterator[None]:
    """What the driver leaves open is closed."""
    with closed_when_cancelled():
        yield
