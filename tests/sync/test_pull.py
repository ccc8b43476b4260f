"""SYNCED fields out of a real Tryton."""

import pytest

from tests.sync.office import change, parties_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_is_unchanged_writes_nothing(office, erp):
    await office.take_on(erp.parties[:20])
    await office.sync()
    before = await office.shown()

    again = await office.sync(is_full=True)

    assert again.is_full
    assert again.report.changed == 0
    assert again.report.unchanged >= 20
    assert await office.shown() == before


async def test_only_what_changed_is_read_again(office, erp):
    await office.take_on(erp.parties[40:60])
    await office.sync()
    party = str(erp.parties[45].id)

    await change(erp, party, name="Ada King")
    done = await office.sync()

    assert not done.is_full
    # What other files changed lately is told again, and no more.
    assert done.report.seen < len(await parties_of(erp))
    assert done.report.changed == 1
    assert (await office.shown())[party]["custom"]["crmName"] == "Ada King"
    assert await office.unequal() == {}
    assert (await parties_of(erp))[party]["crmName"] == "Ada King"
