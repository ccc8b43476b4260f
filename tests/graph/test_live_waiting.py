"""Live reads: what is waited for, how long, and by whom."""

import asyncio

import pytest

from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client
from connectors.runtime.pace import Freshness
from graph.live_value import LiveValue
from tests.graph.live_office import (
    CODE,
    NOW,
    PATIENCE_S,
    TIER,
    Office,
    cards,
    linked,
    read_all,
)


@pytest.fixture
async def office():
    """Two CRMs of one tenant."""
    async with source_client(LOOPBACK) as http:
        yield Office(http)


async def test_a_budget_that_runs_out_costs_the_fields_that_are_late(office):
    office.crm.drawer.open.clear()
    office.erp.drawer.cards = {"e1": {"code": "A7"}}
    live = office.reads(TIER, CODE, budget=Budget(0.1))

    late, soon = await asyncio.gather(
        live.read(TIER, "P1", linked("r1")), live.read(CODE, "P1", linked("e1", source="erp"))
    )

    assert soon == LiveValue("A7", NOW)
    assert (late.value, late.error.code) == (None, "SOURCE_TIMEOUT")
    assert str(late.error) == "crm: no answer within the request's budget"
    assert live.reports["crm"].errors == ["SOURCE_TIMEOUT"]
    live.close()


async def test_a_budget_that_is_spent_beforehand_asks_nothing(office):
    live = office.reads(TIER, budget=Budget(0))

    [found] = await read_all(live, TIER, "r1")
    live.close()

    assert found.error.code == "SOURCE_TIMEOUT"
    assert live.reports == {}
    assert office.crm.drawer.asked == []


async def test_a_value_that_came_in_time_is_there_when_the_budget_is_spent(office):
    office.crm.drawer.cards = cards(r1="gold")
    moments = [0.0]
    live = office.reads(TIER, budget=Budget(1, lambda: moments[-1]))
    first = await read_all(live, TIER, "r1")

    moments.append(2.0)

    assert await read_all(live, TIER, "r1") == first == [LiveValue("gold", NOW)]


async def test_a_waiter_who_gives_up_takes_nothing_from_the_others(office):
    office.crm.drawer.cards = cards(r1="gold")
    office.crm.drawer.open.clear()
    live = office.reads(TIER)
    hasty, patient = (asyncio.create_task(live.read(TIER, "P1", linked("r1"))) for _ in range(2))
    await asyncio.wait_for(office.crm.drawer.came.wait(), PATIENCE_S)

    hasty.cancel()
    office.crm.drawer.open.set()

    assert await patient == LiveValue("gold", NOW)
    with pytest.raises(asyncio.CancelledError):
        await hasty
    assert len(office.crm.drawer.asked) == 1


async def test_two_sources_are_asked_at_the_same_time(office):
    office.crm.drawer.cards, office.erp.drawer.cards = cards(r1="gold"), {"e1": {"code": "A7"}}
    # Each answers only when the other has been asked: one after the other, neither would.
    office.crm.drawer.open, office.erp.drawer.open = (
        office.erp.drawer.came,
        office.crm.drawer.came,
    )
    live = office.reads(TIER, CODE)

    found = await asyncio.gather(
        live.read(TIER, "P1", linked("r1")), live.read(CODE, "P1", linked("e1", source="erp"))
    )

    assert found == [LiveValue("gold", NOW), LiveValue("A7", NOW)]


async def test_a_source_that_needs_links_is_asked_when_they_are_known(office):
    live = office.reads(TIER)

    live.start("P1")
    live.start("P2", linked("r2"))
    live.start("P4", linked("e4", source="erp"))
    await read_all(live, TIER, "r3")

    assert live.needs_links
    assert [call.keys for call in office.crm.drawer.asked] == [("r2", "r3")]


async def test_a_source_that_knows_our_ids_is_asked_before_the_profile_is_read(office):
    live = office.reads(TIER, match="profile:customer")
    office.crm.drawer.cards = cards(P1="gold")

    live.start("P1")
    await asyncio.wait_for(office.crm.drawer.came.wait(), PATIENCE_S)

    assert not live.needs_links
    assert await live.read(TIER, "P1", ()) == LiveValue("gold", NOW)
    assert [call.keys for call in office.crm.drawer.asked] == [("P1",)]


async def test_what_a_request_asks_anyway_is_new_enough_for_each_of_its_readers(office):
    office.crm.drawer.cards = cards(r1="gold")
    live = office.reads(TIER)
    live.start("P1", linked("r1"))
    usual = await read_all(live, TIER, "r1")

    newest = await live.read(TIER, "P1", linked("r1"), Freshness(0))
    live.close()

    assert [newest] == usual == [LiveValue("gold", NOW)]
    assert len(office.crm.drawer.asked) == 1


async def test_what_nobody_waits_for_any_more_is_never_asked(office):
    live = office.reads(TIER)
    live.start("P1", linked("r1"))
    live.close()

    later = office.reads(TIER)
    await read_all(later, TIER, "r9")

    assert [call.keys for call in office.crm.drawer.asked] == [("r9",)]
    assert live.reports == {}


async def test_what_is_under_way_when_the_answer_is_ready_goes_on_for_others(office):
    office.crm.drawer.cards = cards(r1="gold")
    office.crm.drawer.open.clear()
    live = office.reads(TIER)
    live.start("P1", linked("r1"))
    await asyncio.wait_for(office.crm.drawer.came.wait(), PATIENCE_S)

    live.close()
    office.crm.drawer.open.set()

    assert (live.reports["crm"].calls, live.reports["crm"].keys) == (1, 1)
    assert await read_all(live, TIER, "r1") == [LiveValue("gold", NOW)]
    assert len(office.crm.drawer.asked) == 1
