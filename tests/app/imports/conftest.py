import os

import pytest
import pytest_asyncio

from app.settings import Settings, StoreSettings
from app.store.attach import attached_store
from app.store.embedded import EmbeddedServer
from app.store.indexes import create_indexes
from tests.app.imports.importing import Importing


@pytest.fixture
def rows() -> int:
    """How many rows a long import has; IMPORT_TEST_ROWS says more of them."""
    return int(os.environ.get("IMPORT_TEST_ROWS", "1000"))


@pytest_asyncio.fixture
async def importing(document_server: EmbeddedServer, tenant: str, tmp_path, monkeypatch):
    """A store of its own, to import files of the test's folder into."""
    monkeypatch.chdir(tmp_path)
    database = tenant.replace("-", "_")
    settings = Settings(
        store=StoreSettings(
            uri=document_server.uri, path=tmp_path / "data", database=database, deadline_s=60
        )
    )
    async with attached_store(settings) as store:
        await create_indexes(store.database)
        yield Importing(store, settings, tenant, tmp_path)
