"""A synchronisation that is interrupted ends as one that isn't: equal to the CRM."""

import json

import pytest

from app.sync.bookmarks import SyncBookmark, SyncBusy
from connectors.errors import Unavailable
from tests.support.process import command, running
from tests.sync.office import change
from tests.sync.test_following import a_party

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_outage_in_the_middle_and_the_sync_goes_on(new_office, way, erp):
    office, customers = new_office, erp.parties[70:130]  # on two pages of changes
    await office.take_on(customers)
    way.close(after=4)

    with pytest.raises(Unavailable):
        await office.sync()
    copied = [one for one in (await office.shown()).values() if one["custom"]["crmName"]]
    assert 0 < len(copied) < len(customers)

    way.open()
    await change(erp, str(customers[3].id), name="Changed meanwhile")
    done = await office.sync()

    assert done.report.changed < len(customers)
    assert done.is_full
    assert await office.equal_to_the_crm()


async def test_a_sync_that_is_killed_goes_on_in_another_process(new_office, way, erp, tmp_path):
    office, customers = new_office, erp.parties[70:130]
    await office.take_on(customers)
    (tmp_path / "gateway.toml").write_text(office.settings_file, "utf-8")
    path = {"STORE__PATH": str(tmp_path)}
    way.close(after=4, is_silent=True)

    async with running("sync", "erp", folder=tmp_path, **path) as process:
        await way.stopped.wait()
        process.process.kill()
    way.open()
    ended = await command("sync", "erp", "--json", folder=tmp_path, **path)

    assert (ended.code, ended.err) == (0, "")
    [told] = json.loads(ended.out)["objects"]
    assert told["full"]
    assert 0 < told["changed"] < len(customers)
    assert await office.equal_to_the_crm()


async def test_only_one_process_synchronises_a_source(office, erp):
    await office.take_on([await a_party(erp), await a_party(erp)])
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
