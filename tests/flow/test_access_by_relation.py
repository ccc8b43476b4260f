"""Who talks to a customer sees more of them, as long as they talk and somebody trusted says so."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.flow.documents import RECORD, phone
from tests.support.gateway import a_profile

NUMBER = "+12025550143"
MASK = "•••• 0143"
SEEN = """
query ($id: ID!) {
  profile(id: $id) {
    identities { value }
    timeline { edges { node { summary } } totalCount }
  }
}
"""
RECOGNISE = """
mutation ($input: RecogniseCustomerInput!) {
  recogniseCustomer(input: $input) { profile { id identities { value } } interaction { id } }
}
"""
BOTH = """
query ($one: ID!, $other: ID!) {
  one: profile(id: $one) { identities { value } links { source } }
  other: profile(id: $other) { identities { value } }
  profiles { edges { node { id identities { value } timeline { edges { node { summary } } } } } }
}
"""
MERGE = """
mutation ($one: ID!, $other: ID!) {
  mergeProfiles(input: {survivorId: $one, absorbedId: $other}) { profile { id } }
}
"""


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


@pytest.fixture
def anna(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant, subject="anna", second_factor=False)


@pytest.fixture
async def ada(service):
    return await a_profile(service, identities=[phone(NUMBER)])


def a_call(profile, agent="anna", **more):
    """A call that is going on, unless it ended."""
    return {"input": {"profileId": profile, "kind": "CALL", "agent": agent, **more}}


def own_word(profile, **more):
    """What an agent tells: they are the agent of a call that is going on."""
    return {"input": {"profileId": profile, "kind": "CALL", **more}}


async def seen(caller, profile):
    """The number as it is shown, the summaries, and the codes of what was withheld."""
    answer = await caller.ask(SEEN, {"id": profile})
    shown = answer["data"]["profile"]
    summaries = [edge["node"]["summary"] for edge in shown["timeline"]["edges"]]
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    masked = answer.get("extensions", {}).get("masked", [])
    return shown["identities"][0]["value"], summaries, codes, masked


STRANGER = (MASK, [None], ["FIELD_FORBIDDEN"], ["profile.identities.value"])


async def test_an_agent_sees_the_number_and_past_talks_of_who_they_talk_to(service, anna, ada):
    await service.data(RECORD, a_call(ada, summary="about a parcel"))

    assert await seen(anna, ada) == (NUMBER, ["about a parcel"], [], [])


async def test_every_other_agent_stays_a_stranger(gateway, tenant, service, ada):
    await service.data(RECORD, a_call(ada, summary="about a parcel"))
    bob = gateway.as_role("agent", tenant=tenant, subject="bob")

    assert await seen(bob, ada) == STRANGER


async def test_when_the_talk_has_ended_the_number_is_masked_again(service, anna, ada):
    call = {"externalId": "4711", "source": "telephony"}
    await service.data(RECORD, a_call(ada, **call))
    assert (await seen(anna, ada))[0] == NUMBER

    ended = datetime.now(UTC).isoformat()
    await service.data(RECORD, a_call(ada, **call, endedAt=ended))

    assert await seen(anna, ada) == STRANGER


async def test_a_talk_that_nobody_ended_links_for_twelve_hours(service, anna, ada):
    began = datetime.now(UTC) - timedelta(hours=12, minutes=1)

    await service.data(RECORD, a_call(ada, startedAt=began.isoformat()))

    assert await seen(anna, ada) == STRANGER


@pytest.mark.parametrize("kind", ["NOTE", "CASE", "ORDER"])
async def test_what_is_no_conversation_links_nobody(service, anna, ada, kind):
    await service.data(RECORD, {"input": {"profileId": ada, "kind": kind, "agent": "anna"}})

    assert await seen(anna, ada) == STRANGER


async def test_an_agents_own_word_links_nobody(anna, ada):
    await anna.data(RECORD, own_word(ada))

    assert await seen(anna, ada) == STRANGER


async def test_an_agent_who_recognises_a_customer_sees_no_more_of_them(anna, ada):
    told = {"channel": "VOICE", "value": NUMBER, "interaction": {"kind": "CALL"}}

    answer = await anna.data(RECOGNISE, {"input": told})

    assert answer["recogniseCustomer"]["profile"]["identities"] == [{"value": MASK}]
    assert await seen(anna, ada) == STRANGER


async def test_an_agent_can_not_take_over_a_talk_that_somebody_trusted_told_of(
    gateway, tenant, service, anna, ada
):
    call = {"externalId": "4711"}
    await service.data(RECORD, a_call(ada, **call))
    eve = gateway.as_role("agent", tenant=tenant, subject="eve")

    await eve.data(RECORD, own_word(ada, externalId="4711"))

    assert (await seen(eve, ada))[0] == MASK
    assert (await seen(anna, ada))[0] == NUMBER


async def test_an_agent_can_not_put_themselves_into_a_talk_without_an_agent(
    gateway, tenant, service, ada
):
    call = {"externalId": "4711"}
    waiting = {"profileId": ada, "kind": "CALL", "queue": "billing", **call}
    await service.data(RECORD, {"input": waiting})
    eve = gateway.as_role("agent", tenant=tenant, subject="eve")

    await eve.data(RECORD, own_word(ada, externalId="4711"))

    assert (await seen(eve, ada))[0] == MASK


async def test_a_talk_that_is_passed_on_links_who_has_it_now(gateway, tenant, service, anna, ada):
    call = {"externalId": "4711", "source": "telephony"}
    await service.data(RECORD, a_call(ada, **call))

    await service.data(RECORD, a_call(ada, agent="bob", **call))

    bob = gateway.as_role("agent", tenant=tenant, subject="bob")
    assert (await seen(bob, ada))[0] == NUMBER
    assert (await seen(anna, ada))[0] == MASK


async def test_a_routing_system_that_recognises_a_customer_links_their_agent(service, anna, ada):
    told = {"channel": "VOICE", "value": NUMBER, "interaction": {"kind": "CALL", "agent": "anna"}}

    await service.data(RECOGNISE, {"input": told})

    assert (await seen(anna, ada))[0] == NUMBER


async def test_in_one_answer_each_customer_is_shown_as_far_as_the_agent_stands_to_them(
    service, anna, ada
):
    other = await a_profile(service, identities=[phone("+12025550199")])
    await service.data(RECORD, a_call(ada, summary="about a parcel"))

    answer = await anna.ask(BOTH, {"one": ada, "other": other})

    data = answer["data"]
    assert data["one"]["identities"] == [{"value": NUMBER}]
    assert data["other"]["identities"] == [{"value": "•••• 0199"}]
    listed = {edge["node"]["id"]: edge["node"] for edge in data["profiles"]["edges"]}
    assert listed[ada]["identities"] == [{"value": NUMBER}]
    assert listed[other]["identities"] == [{"value": "•••• 0199"}]
    assert listed[ada]["timeline"]["edges"] == [{"node": {"summary": "about a parcel"}}]
    at = [error["extensions"]["at"] for error in answer["errors"]]
    assert at == ["one.links", "profiles.edges.node.timeline.edges.node.summary"]
    assert answer["extensions"]["masked"] == [
        *("other.identities.value", "profiles.edges.node.identities.value")
    ]


async def test_a_link_to_a_profile_holds_for_the_one_that_absorbed_it(service, anna, ada):
    other = await a_profile(service, identities=[phone("+12025550199")])
    await service.data(RECORD, a_call(other))
    assert (await seen(anna, ada))[0] == MASK

    await service.data(MERGE, {"one": ada, "other": other})

    for id_ in (ada, other):
        assert (await seen(anna, id_))[0] == NUMBER


async def test_a_talk_in_another_tenant_links_nobody_here(gateway, service, ada):
    await service.data(RECORD, a_call(ada))
    away = gateway.as_role("agent", tenant="another-tenant", subject="anna")

    assert (await away.data("query ($id: ID!) { profile(id: $id) { id } }", {"id": ada})) == {
        "profile": None
    }
