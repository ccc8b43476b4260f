"""Breaking the glass: more of one customer for a while, marked, noticed and reviewed."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx2
import pytest

from app.http.routes import create_app
from tests.flow.acts import (
    BREAK,
    EMERGENCY,
    REVIEW,
    REVIEWS,
    Clock,
    break_glass,
    by_clock,
    events,
    reveal,
    seen_values,
    signed_in_before,
)
from tests.flow.merges import merge, unmerge
from tests.flow.stored import stored
from tests.support.gateway import Caller, TestGateway, a_profile, define, refusal_of

PHONE = {"channel": "VOICE", "value": "+12025550143"}
CLEAR, MASKED = ["+12025550143"], ["•••• 0143"]
OTHER = {"channel": "VOICE", "value": "+12025550199"}
WITH_MORE = """
query ($id: ID!, $other: ID!) {
  one: profile(id: $id) { id name { full } custom { illness note } links { source } }
  again: profile(id: $id) { version }
  other: profile(id: $other) { custom { illness } }
}
"""
FIELDS = (
    {"key": "illness", "kind": "STRING", "dataClass": "SENSITIVE"},
    {"key": "note", "kind": "STRING", "dataClass": "INTERNAL"},
)


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


@pytest.fixture
async def ada(service):
    """The id of a customer with a phone."""
    return await a_profile(service, identities=[PHONE])


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant, subject="grace")


@pytest.fixture
def supervisor(gateway, tenant):
    return gateway.as_role("supervisor", tenant=tenant, subject="rosa")


@pytest.fixture
def officer(gateway, tenant):
    return gateway.as_role("privacy_officer", tenant=tenant, subject="olga")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def later(gateway: TestGateway, clock: Clock) -> AsyncIterator[TestGateway]:
    """The same gateway by a clock that the test puts forward."""
    opened = by_clock(gateway, clock)
    transport = httpx2.ASGITransport(create_app(opened))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield TestGateway(opened, client)


async def reviewed(caller: Caller, grant: str, verdict: str) -> dict:
    """The payload of a review."""
    given = {"id": grant, "verdict": verdict, "note": "as told by the family"}
    return (await caller.data(REVIEW, {"input": given}))["reviewBreakGlass"]["grant"]


async def waiting(caller: Caller) -> list[dict]:
    """The grants that wait for somebody's review."""
    found = (await caller.data(REVIEWS))["breakGlassReviews"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"] for edge in found["edges"]]


async def test_an_agent_who_breaks_the_glass_sees_that_customer_for_half_an_hour_and_no_other(
    tenant, later, clock, service, ada
):
    agent = later.as_role("agent", tenant=tenant, subject="grace")
    colleague = later.as_role("agent", tenant=tenant, subject="henry")
    other = await a_profile(service, identities=[OTHER])
    before = await seen_values(agent, ada)

    grant = await break_glass(agent, ada, ticket="INC-7")

    lasts = datetime.fromisoformat(grant["until"]) - datetime.fromisoformat(grant["at"])
    assert lasts == timedelta(minutes=30)
    assert (before, await seen_values(agent, ada)) == (MASKED, CLEAR)
    assert await seen_values(agent, other) == ["•••• 0199"]
    assert await seen_values(colleague, ada) == MASKED
    clock.ahead = timedelta(minutes=29, seconds=50)
    assert await seen_values(agent, ada) == CLEAR
    clock.ahead = timedelta(minutes=30)
    assert await seen_values(agent, ada) == MASKED


async def test_each_request_that_reads_in_an_emergency_is_marked_once_with_the_names_of_fields(
    gateway, tenant, agent, officer, service
):
    await define(gateway.as_role("admin", tenant=tenant), FIELDS)
    custom = {"illness": "asthma", "note": "a canary"}
    ada = await a_profile(service, identities=[PHONE], custom=custom)
    other = await a_profile(service, identities=[OTHER], custom=custom)
    grant = await break_glass(agent, ada)

    answer = await agent.ask(WITH_MORE, {"id": ada, "other": other})

    reading, declared = await events(officer)
    assert answer["data"]["one"]["custom"] == {"illness": "asthma", "note": None}
    assert answer["data"]["other"]["custom"] == {"illness": None}
    assert (reading["action"], declared["action"]) == ("READ", "BREAK_GLASS")
    assert (reading["profileId"], reading["actor"]) == (ada, "grace")
    assert reading["relation"] == "BREAK_GLASS"
    assert reading["clear"] == ["PersonName.full", "Profile.name", "custom.illness"]
    assert reading["masked"] == []
    assert reading["withheld"] == ["Profile.links", "custom.note"]
    assert (declared["reason"], declared["grantId"]) == (EMERGENCY, grant["id"])
    kept = str((await stored(gateway, tenant))["audit"])
    assert [one for one in ("asthma", "canary", "Ada", "0143") if one in kept] == []


async def test_whoever_has_not_broken_the_glass_is_not_recorded(agent, supervisor, officer, ada):
    await seen_values(agent, ada)
    await seen_values(supervisor, ada)

    assert await events(officer) == []


async def test_a_supervisor_sees_what_is_sensitive_in_an_emergency(
    gateway, tenant, supervisor, service
):
    await define(gateway.as_role("admin", tenant=tenant), FIELDS[:1])
    ada = await a_profile(service, custom={"illness": "asthma"})
    query = "query ($id: ID!) { profile(id: $id) { custom { illness } } }"
    before = await supervisor.data(query, {"id": ada})

    await break_glass(supervisor, ada)

    after = await supervisor.data(query, {"id": ada})
    assert before == {"profile": {"custom": {"illness": "•••"}}}
    assert after == {"profile": {"custom": {"illness": "asthma"}}}


@pytest.mark.parametrize(
    "role", ["reviewer", "evaluator", "admin", "privacy_officer", "assistant", "partner", "service"]
)
async def test_other_roles_may_not_break_the_glass(gateway, tenant, ada, role):
    somebody = gateway.as_role(role, tenant=tenant)
    given = {"profileId": ada, "reason": EMERGENCY}

    assert set(await somebody.codes(BREAK, {"input": given})) == {refusal_of(role)}
    assert {"audit", "breakGlassGrants"} & (await stored(gateway, tenant)).keys() == set()


async def test_it_takes_a_second_factor_of_just_now_a_reason_and_a_customer(
    gateway, tenant, agent, ada
):
    by_password = gateway.as_role("agent", tenant=tenant, second_factor=False)
    long_ago = signed_in_before(gateway, 16, "agent", tenant=tenant)
    stranger = gateway.as_role("agent", tenant=f"{tenant}-x")
    given = {"profileId": ada, "reason": EMERGENCY}

    assert await by_password.codes(BREAK, {"input": given}) == ["STEP_UP_REQUIRED"]
    assert await long_ago.codes(BREAK, {"input": given}) == ["STEP_UP_REQUIRED"]
    assert await stranger.codes(BREAK, {"input": given}) == ["NOT_FOUND"]
    for bad in ({"reason": "x" * 19}, {"reason": " " * 30}, {"ticket": "x" * 1001}):
        assert await agent.codes(BREAK, {"input": {**given, **bad}}) == ["BAD_INPUT"]
    assert {"audit", "breakGlassGrants"} & (await stored(gateway, tenant)).keys() == set()
    assert await seen_values(agent, ada) == MASKED


async def test_operators_are_told_at_once_by_ids_alone(agent, tenant, ada, caplog):
    caplog.set_level(logging.WARNING, logger="gateway.break_glass")

    grant = await break_glass(agent, ada)

    told = f"tenant {tenant}: grant {grant['id']} of profile {ada}"
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [("WARNING", told)]


async def test_others_review_it_and_nobody_their_own(agent, supervisor, officer, ada):
    of_agent = await break_glass(agent, ada, ticket="INC-7")
    of_supervisor = await break_glass(supervisor, ada)

    queues = {one: await waiting(one) for one in (supervisor, officer)}
    own = {"id": of_supervisor["id"], "verdict": "JUSTIFIED", "note": "mine"}
    refused = await supervisor.codes(REVIEW, {"input": own})
    done = await reviewed(supervisor, of_agent["id"], "JUSTIFIED")

    ids = {one: [item["id"] for item in found] for one, found in queues.items()}
    assert ids == {
        supervisor: [of_agent["id"]],
        officer: [of_supervisor["id"], of_agent["id"]],
    }
    assert {**queues[supervisor][0], "event": None} == {
        "id": of_agent["id"],
        "profileId": ada,
        "by": "grace",
        "reason": EMERGENCY,
        "ticket": "INC-7",
        "verdict": None,
        "event": None,
    }
    assert refused == ["FORBIDDEN"]
    assert (done["verdict"], done["reviewedBy"]) == ("JUSTIFIED", "rosa")
    assert [one["id"] for one in await waiting(officer)] == [of_supervisor["id"]]
    assert await waiting(supervisor) == []
    event = (await events(officer))[0]
    assert (event["action"], event["verdict"], event["grantId"], event["note"]) == (
        *("BREAK_GLASS_REVIEWED", "JUSTIFIED", of_agent["id"], "as told by the family"),
    )
    assert event["id"] == done["reviewEvent"]


async def test_an_emergency_that_was_none_ends_with_its_review_and_another_one_goes_on(
    agent, supervisor, officer, service, ada
):
    other = await a_profile(service, identities=[OTHER])
    false, true = [await break_glass(agent, one) for one in (ada, other)]

    await reviewed(officer, false["id"], "UNJUSTIFIED")
    await reviewed(officer, true["id"], "JUSTIFIED")

    assert await seen_values(agent, ada) == MASKED
    assert await seen_values(agent, other) == ["+12025550199"]
    again = {"id": false["id"], "verdict": "JUSTIFIED", "note": "after all"}
    assert await supervisor.codes(REVIEW, {"input": again}) == ["CONFLICT"]
    assert await seen_values(agent, ada) == MASKED


async def test_an_emergency_is_judged_once_and_a_second_review_leaves_no_trace(
    agent, supervisor, officer, ada
):
    grant = await break_glass(agent, ada)
    await reviewed(officer, grant["id"], "JUSTIFIED")
    before = await events(officer)

    again = {"id": grant["id"], "verdict": "UNJUSTIFIED", "note": "after all"}
    refused = await supervisor.codes(REVIEW, {"input": again})

    assert refused == ["CONFLICT"]
    assert [one["action"] for one in before] == ["BREAK_GLASS_REVIEWED", "BREAK_GLASS"]
    assert await events(officer) == before
    assert await seen_values(agent, ada) == CLEAR


async def test_what_is_nobodys_grant_or_another_tenants_is_not_found(gateway, tenant, agent, ada):
    grant = await break_glass(agent, ada)
    stranger = gateway.as_role("privacy_officer", tenant=f"{tenant}-x")
    given = {"verdict": "UNJUSTIFIED", "note": "never"}

    foreign = await stranger.ask(REVIEW, {"input": {"id": grant["id"], **given}})
    absent = await stranger.ask(REVIEW, {"input": {"id": "01" + "A" * 24, **given}})

    assert foreign == absent
    assert [one["extensions"] for one in foreign["errors"]] == [{"code": "NOT_FOUND"}]
    assert await waiting(stranger) == []
    assert await seen_values(agent, ada) == CLEAR


@pytest.mark.parametrize("role", ["agent", "reviewer", "admin", "partner", "service"])
async def test_other_roles_neither_see_the_queue_nor_review(gateway, tenant, agent, ada, role):
    grant = await break_glass(agent, ada)
    somebody = gateway.as_role(role, tenant=tenant)
    given = {"id": grant["id"], "verdict": "UNJUSTIFIED", "note": "never"}

    assert set(await somebody.codes(REVIEWS)) == {refusal_of(role)}
    assert set(await somebody.codes(REVIEW, {"input": given})) == {refusal_of(role)}


async def test_the_queue_comes_in_pages_the_newest_first(agent, officer, ada):
    made = [(await break_glass(agent, ada))["id"] for _ in range(5)]

    seen, after, pages = [], None, 0
    while True:
        answer = await officer.data(REVIEWS, {"first": 2, "after": after})
        found, pages = answer["breakGlassReviews"], pages + 1
        seen += [edge["node"]["id"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break

    assert (seen, pages) == (made[::-1], 3)
    assert await officer.codes(REVIEWS, {"after": "bm9uZQ"}) == ["BAD_INPUT"]


async def test_a_grant_for_an_absorbed_profile_holds_for_the_survivor_and_goes_back_with_it(
    agent, service, ada
):
    survivor = await a_profile(service, identities=[OTHER])
    await break_glass(agent, ada)

    await merge(service, survivor, ada)
    merged = [await seen_values(agent, one) for one in (survivor, ada)]
    await unmerge(service, ada)

    assert sorted(merged[0]) == sorted(merged[1]) == ["+12025550143", "+12025550199"]
    assert await seen_values(agent, ada) == CLEAR
    assert await seen_values(agent, survivor) == ["•••• 0199"]


async def test_what_is_revealed_in_an_emergency_says_so(agent, officer, ada):
    await break_glass(agent, ada)

    await reveal(agent, ada, "identities.value")

    assert [(one["action"], one["relation"]) for one in await events(officer)] == [
        ("REVEAL", "BREAK_GLASS"),
        ("BREAK_GLASS", "NONE"),
    ]


async def test_a_page_of_profiles_marks_those_of_the_emergency_alone(agent, officer, service, ada):
    await a_profile(service, identities=[OTHER])
    await break_glass(agent, ada)
    page = "{ profiles { edges { node { identities { value } } } } }"

    found = await agent.data(page)

    shown = [one["node"]["identities"][0]["value"] for one in found["profiles"]["edges"]]
    assert sorted(shown) == ["+12025550143", "•••• 0199"]
    marks = [one for one in await events(officer) if one["action"] == "READ"]
    assert [(one["profileId"], one["clear"]) for one in marks] == [
        (ada, ["Identity.value", "Profile.identities"])
    ]


async def test_the_same_document_breaks_the_glass_and_then_sees_more(agent, ada):
    both = """
    mutation ($one: BreakGlassInput!, $two: AddLabelInput!) {
      breakGlass(input: $one) { grant { id } }
      addLabel(input: $two) { profile { identities { value } } }
    }
    """
    given = {
        "one": {"profileId": ada, "reason": EMERGENCY},
        "two": {"profileId": ada, "name": "emergency"},
    }

    answer = await agent.data(both, given)

    assert answer["addLabel"]["profile"]["identities"] == [{"value": "+12025550143"}]
