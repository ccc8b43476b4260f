"""A synchronisation that is interrupted ends as one that isn't: equal to the CRM."""

import json
from contextlib import asynccontextmanager

import pytest

from app.sync.bookmarks import SyncBookmark, SyncBusy
from connectors.errors import Unavailable
from tests.support.process import command, running
from tests.sync.office import change, opened_office
from tests.sync.outage import way_to

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def office_behind(document_server, erp, path, tenant):
    """An office, and the way to its Tryton."""
    async with (
        way_to(erp.base_url) as way,
        opened_office(document_server.uri, erp, path, tenant, address=way.address) as office,
    ):
        yield office, way


async def test_an_outage_in_the_middle_and_the_sync_goes_on(document_server, erp, tmp_path):
    async with office_behind(document_server, erp, tmp_path, "outage") as (office, way):
        customers = erp.parties[70:130]  # on two pages of changes
        await office.take_on(customers)
        way.left = 4

        with pytest.raises(Unavailable):
            await office.sync()
        copied = [one for one in (await office.shown()).values() if one["custom"]["crmName"]]
        assert 0 < len(copied) < len(customers)

        way.left = None
        await change(erp, str(customers[3].id), name="Changed meanwhile")
        done = await office.sync()

        assert done.report.changed < len(customers)
        assert done.is_full
        assert await office.equal_to_the_crm()


async def test_a_sync_that_is_killed_goes_on_in_another_process(document_server, erp, tmp_path):
    async with office_behind(document_server, erp, tmp_path, "killed") as (office, way):
        customers = erp.parties[70:130]  # on two pages of changes
        await office.take_on(customers)
        (tmp_path / "gateway.toml").write_text(office.settings_file, "utf-8")
        path = {"STORE__PATH": str(tmp_path)}
        way.left, way.is_silent = 4, True

        async with running("sync", "erp", folder=tmp_path, **path) as process:
            await way.stopped.wait()
            process.process.kill()
        way.left = None
        ended = await command("sync", "erp", "--json", folder=tmp_path, **path)

        assert (ended.code, ended.err) == (0, "")
        [told] = json.loads(ended.out)["objects"]
        assert told["full"]
        assert 0 < told["changed"] < len(customers)
        assert await office.equal_to_the_crm()


async def test_only_one_process_synchronises_a_source(office, erp):
    await office.take_on(erp.parties[:2])
    [plan] = await office.syncing.plans("erp")
    database = office.gateway.gateway.database
    first = SyncBookmark(database, plan, office.gateway.gateway.wiring.now)
    await first.take()

    async with first.kept():
        with pytest.raises(SyncBusy, match=r"party\.party is being synchronised"):
            await office.syncing.run.run(plan, is_patient=False)
        with pytest.raises(SyncBusy):
            await office.sync()

    assert (await office.sync()).report.changed == 2
