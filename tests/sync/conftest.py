"""Offices on a Tryton that this folder has for itself."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio

from app.store.embedded import EmbeddedServer
from tests.support.gateway import define
from tests.support.tryton import Tryton, running_tryton
from tests.sync.office import Office, a_party, opened_office, synced_field
from tests.sync.outage import Way, way_to

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def erp(tryton: Tryton) -> Iterator[Tryton]:  # noqa: ARG001 - it is installed by then
    """A Tryton whose parties tests here may change."""
    with running_tryton() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def way(erp: Tryton) -> AsyncIterator[Way]:
    """The way to that Tryton that offices take."""
    async with way_to(erp.base_url) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def new_office(
    document_server: EmbeddedServer, erp: Tryton, way: Way, tmp_path: Path
) -> AsyncIterator[Office]:
    """An office that never was synchronised."""
    async with _office(document_server, erp, way, tmp_path) as opened:
        yield opened
    way.open()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_office(
    document_server: EmbeddedServer,
    erp: Tryton,
    way: Way,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Office]:
    """An office that was synchronised once, and owns the field `ours`; its workers are idle.

    Each file has its own: what others left in one would be told again, and be counted.
    """
    path = tmp_path_factory.mktemp("office")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
        async with _office(document_server, erp, way, path) as opened:
            ours = synced_field("crmName", owner="PROFILE") | {"key": "ours"}
            await define(opened.caller("admin"), [ours])
            await opened.sync()
            yield opened


@pytest.fixture
def office(shared_office: Office, way: Way) -> Iterator[Office]:
    """The shared office, whose customers are the test's own, and an open way to its Tryton."""
    shared_office.profiles.clear()
    yield shared_office
    way.open()


@pytest_asyncio.fixture(loop_scope="session")
async def owner(office: Office, way: Way, erp: Tryton) -> tuple[Office, str, Way]:
    """An office with one customer who is all that the outbox knows."""
    party = await a_party(erp, name="Before")
    await office.take_on([party])
    await office.sync()
    await office.gateway.gateway.database["outbox"].delete_many({})
    return office, party, way


def _office(
    server: EmbeddedServer, erp: Tryton, way: Way, path: Path
) -> AbstractAsyncContextManager[Office]:
    tenant = f"office-{next(_NUMBERS)}"
    return opened_office(server.uri, erp, path, tenant, address=way.address)
