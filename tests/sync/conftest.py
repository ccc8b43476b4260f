"""Offices on a Tryton that this folder has for itself."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.store.embedded import EmbeddedServer
from tests.support.tryton import Tryton, running_tryton
from tests.sync.office import Office, opened_office

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def erp(tryton: Tryton) -> Iterator[Tryton]:  # noqa: ARG001 - it is installed by then
    """A Tryton whose parties tests here may change."""
    with running_tryton() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def office(
    document_server: EmbeddedServer, erp: Tryton, tmp_path: Path
) -> AsyncIterator[Office]:
    """An office without a customer."""
    tenant = f"office-{next(_NUMBERS)}"
    async with opened_office(document_server.uri, erp, tmp_path, tenant) as opened:
        yield opened
