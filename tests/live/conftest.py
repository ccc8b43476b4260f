"""Shops for the tests of live fields: one for each way to find a customer in a CRM."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.store.embedded import EmbeddedServer
from connectors.runtime.breaker import Breaker
from tests.live.shop import SEED, Crm, Shop
from tests.support.gateway import TestGateway, crm, running_gateway
from tests.support.sandbox import running_sandbox

BUDGET_S = 3.0
BY_PROFILE = "profile:profile_id"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crms() -> AsyncIterator[tuple[Crm, Crm]]:
    """Two CRMs, each a process of its own."""
    with running_sandbox(SEED) as one, running_sandbox(SEED) as other:
        pair = Crm(one), Crm(other)
        yield pair
        for side in pair:
            await side.aclose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shops(
    document_server: EmbeddedServer,
    crms: tuple[Crm, Crm],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[TestGateway]:
    """A gateway with the shops of all tests here."""
    here, there = (side.sandbox for side in crms)
    sources = {
        "crm": crm(here.base_url, "by-profile", secret=here.token, match=BY_PROFILE),
        "ledger": crm(there.base_url, "by-profile", secret=there.token, match=BY_PROFILE),
        "linked": crm(here.base_url, "by-link", secret=here.token),
        "lasting": crm(
            here.base_url, "lasting", secret=here.token, match=BY_PROFILE, fresh_s=3600, keep_s=7200
        ),
        "locked": crm(here.base_url, "locked-out", secret="a-wrong-secret", match=BY_PROFILE),
    }
    path = tmp_path_factory.mktemp("live")
    async with running_gateway(
        document_server.uri, path, sources=sources, database="live", budget_s=BUDGET_S
    ) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def by_profile(shops: TestGateway, crms: tuple[Crm, Crm]) -> Shop:
    """A shop whose CRM keeps our profile ids, so it can be asked before the profile is read."""
    shop = Shop(shops, "by-profile", BY_PROFILE, crms[0])
    await shop.define_fields(["ledger"])
    return shop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def by_link(shops: TestGateway, crms: tuple[Crm, Crm]) -> Shop:
    """A shop whose profiles keep the ids of the CRM's records."""
    shop = Shop(shops, "by-link", "link", crms[0], source="linked")
    await shop.define_fields([])
    return shop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def locked_out(shops: TestGateway, crms: tuple[Crm, Crm]) -> Shop:
    """A shop whose CRM doesn't accept its secret."""
    shop = Shop(shops, "locked-out", BY_PROFILE, crms[0], source="locked")
    await shop.define_fields([])
    return shop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lasting(shops: TestGateway, crms: tuple[Crm, Crm]) -> Shop:
    """A shop that believes for an hour what its CRM said."""
    shop = Shop(shops, "lasting", BY_PROFILE, crms[0], source="lasting")
    await shop.define_fields([])
    return shop


@pytest.fixture(params=["by_profile", "by_link"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Each of the two shops in turn."""
    return request.getfixturevalue(request.param)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def healthy(crms: tuple[Crm, Crm], shops: TestGateway) -> AsyncIterator[None]:
    """Both CRMs well and without a memory, and nobody thinks ill of them, before each test."""
    for side in crms:
        await side.misbehave()
        await side.forget()
    for sources in shops.gateway.wiring.sources.values():
        for name, source in sources.items():
            source.gate._breaker, source.gate.quota = Breaker(name), None
    yield
    for side in crms:
        await side.misbehave()
