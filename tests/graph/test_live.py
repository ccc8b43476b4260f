"""Live reads: one batch for a request, and errors that cost only their fields."""

import asyncio
from datetime import UTC, datetime

import pytest

from connectors.base import Record, SourceSettings
from connectors.errors import BadPayload, RateLimited, SourceError, Unauthorized, Unavailable
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.client import source_client
from graph.live_value import LiveValue
from tests.graph.live_office import (
    CODE,
    DEAL,
    NOW,
    SCORE,
    TIER,
    Office,
    cards,
    linked,
    live_field,
    read_all,
)
from tests.support.card_index import Asked, CardIndex


@pytest.fixture
async def office():
    """Two CRMs of one tenant."""
    async with source_client(LOOPBACK) as http:
        yield Office(http)


async def test_all_keys_and_attributes_of_a_request_are_one_call(office):
    office.crm.drawer.cards = cards(r1="gold", r2="silver")
    live = office.reads(TIER, SCORE)

    tiers, scores = await asyncio.gather(
        read_all(live, TIER, "r1", "r2", "r1"), read_all(live, SCORE, "r2", "r3")
    )

    assert tiers == [LiveValue("gold", NOW), LiveValue("silver", NOW), LiveValue("gold", NOW)]
    assert scores == [LiveValue(7, NOW), LiveValue(fetched_at=NOW)]
    assert office.crm.drawer.asked == [Asked("contacts", ("r1", "r2", "r3"), ("score", "tier"))]


async def test_what_was_asked_once_is_not_asked_again_in_the_request(office):
    office.crm.drawer.cards = cards(r1="gold")
    live = office.reads(TIER)

    first = await read_all(live, TIER, "r1")
    office.crm.drawer.cards = cards(r1="silver")

    assert await read_all(live, TIER, "r1") == first == [LiveValue("gold", NOW)]
    assert len(office.crm.drawer.asked) == 1


async def test_keys_are_asked_in_chunks_as_large_as_the_connector_takes(office):
    ids = [f"r{number}" for number in range(7)]
    office.crm.drawer.cards = cards(**dict.fromkeys(ids, "gold"))
    live = office.reads(TIER)

    assert await read_all(live, TIER, *ids) == [LiveValue("gold", NOW)] * 7
    assert [call.keys for call in office.crm.drawer.asked] == [
        ("r0", "r1", "r2"),
        ("r3", "r4", "r5"),
        ("r6",),
    ]
    assert (live.reports["crm"].calls, live.reports["crm"].keys) == (3, 7)


async def test_each_object_of_a_source_is_a_call_of_its_own(office):
    office.crm.drawer.cards = {"r1": {"tier": "gold"}, "d1": {"deal": "won"}}
    live = office.reads(TIER, DEAL)
    links = linked("r1") + linked("d1", object="deals")

    found = await asyncio.gather(live.read(TIER, "P1", links), live.read(DEAL, "P1", links))

    assert found == [LiveValue("gold", NOW), LiveValue("won", NOW)]
    assert office.crm.drawer.asked == [
        Asked("contacts", ("r1",), ("tier",)),
        Asked("deals", ("d1",), ("deal",)),
    ]


async def test_only_fields_of_the_operation_are_asked_for(office):
    live = office.reads()

    assert not live.needs_links
    live.start("P1", linked("r1"))
    await asyncio.sleep(0.01)  # longer than the window in which a batch is collected
    assert live.reports == {}
    assert office.crm.drawer.asked == []


async def test_an_error_of_one_key_costs_its_fields_alone(office):
    torn = RateLimited("crm", "status 429", retry_after_s=3.0)
    office.crm.drawer.cards = cards(r1="gold", r2="silver", r3="bronze")
    office.crm.drawer.torn = {"r2": torn}
    live = office.reads(TIER)

    found = await read_all(live, TIER, "r1", "r2", "r3")

    assert found == [LiveValue("gold", NOW), LiveValue(error=torn), LiveValue("bronze", NOW)]
    assert live.reports["crm"].errors == ["SOURCE_RATE_LIMITED"]


async def test_a_source_that_is_down_costs_its_own_fields_alone(office):
    down = office.crm.drawer.jammed = Unavailable("crm", "status 503")
    office.erp.drawer.cards = {"e1": {"code": "A7"}}
    live = office.reads(TIER, CODE)

    found = await asyncio.gather(
        live.read(TIER, "P1", linked("r1")), live.read(CODE, "P1", linked("e1", source="erp"))
    )

    assert found == [LiveValue(error=down), LiveValue("A7", NOW)]
    assert {name: report.errors for name, report in live.reports.items()} == {
        "crm": ["SOURCE_UNAVAILABLE"],
        "erp": [],
    }


async def test_of_several_calls_each_error_is_reported_once(office):
    office.crm.drawer.jammed = Unauthorized("crm", "status 401")
    live = office.reads(TIER)

    found = await read_all(live, TIER, *"abcdefg")

    assert [value.error for value in found] == [office.crm.drawer.jammed] * 7
    assert live.reports["crm"].calls == 3
    assert live.reports["crm"].errors == ["SOURCE_UNAVAILABLE"]


async def test_a_value_its_kind_can_not_hold_costs_that_field_alone(office):
    office.crm.drawer.cards = {"r1": {"tier": "gold", "score": "secret"}}
    live = office.reads(TIER, SCORE)

    [tier], [score] = await asyncio.gather(read_all(live, TIER, "r1"), read_all(live, SCORE, "r1"))

    assert tier == LiveValue("gold", NOW)
    assert (score.value, type(score.error)) == (None, BadPayload)
    assert str(score.error) == "crm: score is not a NUMBER"


@pytest.mark.parametrize("given", [{}, {"tier": None}, {"tier": ""}])
async def test_an_attribute_without_a_value_is_null_without_an_error(office, given):
    office.crm.drawer.cards = {"r1": given}

    assert await read_all(office.reads(TIER), TIER, "r1") == [LiveValue(fetched_at=NOW)]


async def test_a_list_of_one_value_is_the_value(office):
    office.crm.drawer.cards = {"r1": {"tier": ["gold"]}, "r2": {"tier": ["gold", "silver"]}}

    one, two = await read_all(office.reads(TIER), TIER, "r1", "r2")

    assert one == LiveValue("gold", NOW)
    assert str(two.error) == "crm: tier is not a STRING"


async def test_a_value_tells_when_its_record_last_changed(office):
    changed_at = datetime(2026, 1, 2, tzinfo=UTC)

    class Dated(CardIndex):
        def _card(self, key, attributes):
            return Record(key.value, dict.fromkeys(attributes, "gold"), changed_at)

    office.crm = Dated(SourceSettings("crm", "", ""))

    assert await read_all(office.reads(TIER), TIER, "r1") == [LiveValue("gold", NOW, changed_at)]


async def test_a_profile_that_the_source_does_not_know_costs_no_call(office):
    live = office.reads(TIER)

    assert await live.read(TIER, "P1", ()) == LiveValue(fetched_at=NOW)
    assert office.crm.drawer.asked == []


async def test_a_source_nobody_configured_costs_its_field(office):
    lost = live_field("LOST", source="gone")

    found = await office.reads(lost).read(lost, "P1", linked("r1"))

    assert type(found.error) is SourceError
    assert str(found.error) == "gone: no such source is configured"


async def test_a_key_the_connector_forgets_is_an_error_and_not_an_absent_record(office):
    class Forgetful(CardIndex):
        async def fetch(self, call, object, keys, attributes):
            found = await super().fetch(call, object, keys, attributes)
            return {key: found[key] for key in keys if key.value != "r2"}

    office.crm = Forgetful(SourceSettings("crm", "", ""))
    office.crm.drawer.cards = cards(r1="gold", r2="silver")

    one, two = await read_all(office.reads(TIER), TIER, "r1", "r2")

    assert one == LiveValue("gold", NOW)
    assert str(two.error) == "crm: the connector says nothing of a key"


async def test_a_connector_that_answers_nonsense_costs_its_fields(office):
    class Nonsense(CardIndex):
        async def fetch(self, *_):
            return ["gold"]

    office.crm = Nonsense(SourceSettings("crm", "", ""))

    [found] = await read_all(office.reads(TIER), TIER, "r1")

    assert str(found.error) == "crm: the connector failed"


def test_a_live_value_never_shows_itself():
    assert repr(LiveValue("secret")) == (
        "LiveValue(fetched_at=None, observed_at=None, error=None, is_stale=False)"
    )
