"""A CRM that keeps our profile ids: its records say whose they are."""

import pytest

from tests.support.gateway import a_profile
from tests.sync.office import a_party, change, links_of, opened_office

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
async def knowing_office(document_server, erp, way, tmp_path_factory):
    """An office whose parties have our profile ids as their codes; its workers are idle."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
        path = tmp_path_factory.mktemp("knowing")
        match = {"match": "profile:code"}
        async with opened_office(
            document_server.uri, erp, path, "knowing", address=way.address, **match
        ) as office:
            yield office


async def test_a_record_that_names_a_profile_gets_linked_and_copied(knowing_office, erp):
    office = knowing_office
    profile = await a_profile(office.caller("service"))
    party = await a_party(erp, name="Named", code=profile)
    office.profiles = {party: profile}

    done = await office.sync()

    assert done.report.changed == 1
    assert (await office.shown())[party]["custom"]["crmName"] == "Named"
    assert await links_of(office, party) == [party]
    assert (await office.sync(is_full=True)).report.changed == 0


async def test_its_end_takes_link_and_values_along(knowing_office, erp):
    office = knowing_office
    profile = await a_profile(office.caller("service"))
    party = await a_party(erp, name="Ending", code=profile)
    office.profiles = {party: profile}
    await office.sync()

    await change(erp, party, active=False)
    await office.sync()

    assert (await office.shown())[party]["custom"]["crmName"] is None
    assert await links_of(office, party) == []


async def test_a_record_that_names_nobody_we_know_is_left_alone(knowing_office, erp):
    await a_party(erp, code="01NOBODY")
    await knowing_office.sync()

    done = await knowing_office.sync(is_full=True)

    assert done.report.changed == 0
    assert done.report.unlinked >= 200
