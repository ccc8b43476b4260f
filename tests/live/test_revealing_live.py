"""Revealing a value that a CRM holds: asked for by itself, and only after it was recorded."""

import pytest

from tests.flow.acts import EVENTS, REASON, REVEAL, reveal


@pytest.fixture
def agent(shop):
    return shop.caller("agent")


async def newest(shop, profile):
    """The newest event of a profile."""
    found = await shop.caller("privacy_officer").data(EVENTS, {"profileId": profile, "first": 1})
    return [edge["node"] for edge in found["auditEvents"]["edges"]]


async def test_a_live_value_is_asked_for_alone_and_recorded(shop, agent):
    [customer] = await shop.customers({"card": "4111-1111", "loyalty": "gold"})

    answer = await agent.ask(
        REVEAL,
        {"input": {"profileId": customer, "field": "custom.card", "reason": REASON}},
    )

    shown = answer["data"]["revealField"]
    (event,) = await newest(shop, customer)
    assert shown == {"value": "4111-1111", "auditId": event["id"]}
    assert event["clear"] == ["custom.card"]
    assert "4111" not in str(event)
    assert set(await shop.crm.asked_for()) - {"profile_id"} == {"card"}
    assert await shop.crm.calls() == 1
    (source,) = answer["extensions"]["sources"]
    assert (source["source"], source["calls"], source["keys"]) == (shop.source, 1, 1)


async def test_a_live_value_that_is_not_there_is_null(shop, agent):
    [customer] = await shop.customers({"loyalty": "gold"})

    assert (await reveal(agent, customer, "custom.card"))["value"] is None


async def test_a_crm_that_is_down_costs_the_value_and_the_attempt_stays_recorded(shop, agent):
    [customer] = await shop.customers({"card": "4111-1111"})
    await shop.crm.misbehave(down=True)

    given = {"profileId": customer, "field": "custom.card", "reason": REASON}
    codes = await agent.codes(REVEAL, {"input": given})

    assert codes == ["SOURCE_UNAVAILABLE"]
    assert [one["clear"] for one in await newest(shop, customer)] == [["custom.card"]]


async def test_a_crm_is_not_asked_for_what_may_not_be_revealed(shop, agent):
    [customer] = await shop.customers({"diagnosis": "asthma"})

    given = {"profileId": customer, "field": "custom.diagnosis", "reason": REASON}
    codes = await agent.codes(REVEAL, {"input": given})

    assert codes == ["FIELD_FORBIDDEN"]
    assert await shop.crm.calls() == 0
