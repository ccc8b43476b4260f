"""A synchronisation that is interrupted ends as one that isn't: equal to the CRM."""

import asyncio
import json
import os

import pytest

from app.sync.bookmarks import SyncBookmark, SyncBusy
from app.sync.worker import SyncWork
from connectors.errors import Unavailable
from tests.support.process import command, running
from tests.sync.office import PARTY, a_party, change, opened_office, party_api

pytestmark = pytest.mark.asyncio(loop_scope="session")
# SYNC_TEST_PARTIES=10000 makes it the size of a real one.
PARTIES = int(os.environ.get("SYNC_TEST_PARTIES", "300"))


async def test_outages_in_the_middle_and_the_sync_goes_on_to_what_the_crm_has(new_office, way, erp):
    office = new_office
    await office.take_on([*erp.parties, *await more_parties(erp, PARTIES - len(erp.parties))])

    for outage in range(3):
        way.close(after=20 if PARTIES > 2_000 else 4)
        with pytest.raises(Unavailable):
            await office.sync()
        way.open()
        await change(erp, str(erp.parties[outage].id), name=f"Changed in outage {outage}")
    copied = [one for one in (await office.shown()).values() if one["custom"]["crmName"]]
    await office.sync()

    assert len(copied) > 0
    assert await office.unequal() == {}


async def more_parties(erp, count):
    """The ids of so many new parties."""
    values = [{"name": f"More {number}", "code": f"M-{number}"} for number in range(count)]
    found = []
    async with party_api(erp) as http:
        for at in range(0, count, 500):
            created = await http.post(f"{PARTY}/create", json={"vlist": values[at : at + 500]})
            found += [str(one) for one in created.raise_for_status().json()]
    return found


async def test_a_sync_that_is_killed_goes_on_in_another_process(new_office, way, erp, tmp_path):
    office, customers = new_office, erp.parties[70:130]  # on two pages of changes
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
    assert await office.unequal() == {}


async def test_only_one_process_synchronises_a_source(office, erp):
    party = await a_party(erp, name="Once")
    await office.take_on([party])
    [plan] = await office.syncing.plans("erp")
    database = office.gateway.gateway.database
    first = SyncBookmark(database, plan, office.gateway.gateway.wiring.now)
    await first.take()

    async with first.kept():
        with pytest.raises(SyncBusy, match=r"party\.party is being synchronised"):
            await office.syncing.run.run(plan, is_patient=False)
        with pytest.raises(SyncBusy):
            await office.sync()

    await office.sync()
    assert (await office.shown())[party]["custom"]["crmName"] == "Once"


async def test_it_synchronises_by_itself_when_it_is_time(document_server, erp, tmp_path):
    every = {"sync_every_s": 3600}
    async with opened_office(document_server.uri, erp, tmp_path, "timely", **every) as office:
        party = await a_party(erp, name="By itself")
        await office.take_on([party])
        work = SyncWork(office.syncing)

        async with asyncio.timeout(30):  # the gateway's own workers may be at it
            while (await office.shown())[party]["custom"]["crmName"] is None:
                await work.synchronise()
                await asyncio.sleep(0.1)

        assert await work.synchronise() == 0
