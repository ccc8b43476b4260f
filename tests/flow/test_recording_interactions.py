"""Recording what happened with a customer: whole, once for each external id, by who may."""

import asyncio

import pytest

from policies.plan import Scope
from tests.flow.documents import RECORD, phone
from tests.flow.stored import stored
from tests.support.gateway import a_profile

CALL = {"kind": "CALL", "channel": "VOICE", "direction": "INBOUND"}
BEGAN = "2026-03-04T05:06:07.123Z"
ENDED = "2026-03-04T05:16:07Z"
TIMELINE = """
query ($id: ID!, $first: Int, $after: String) {
  profile(id: $id) {
    timeline(first: $first, after: $after) {
      totalCount
      edges {
        node {
          id kind channel direction startedAt endedAt agent queue outcome topics subject summary
          transcript recording source externalId
        }
      }
    }
  }
}
"""
SEEN = """
query ($id: ID!) {
  profile(id: $id) { timeline { totalCount edges { node { id summary outcome endedAt } } } }
}
"""
RECOGNISE = """
mutation ($value: String!, $interaction: OpenInteractionInput) {
  recogniseCustomer(input: {channel: VOICE, value: $value, interaction: $interaction}) {
    outcome
    profile { id }
    interaction { id kind channel direction queue agent startedAt endedAt }
  }
}
"""
WHOLE = {
    **CALL,
    "startedAt": BEGAN,
    "endedAt": ENDED,
    "agent": "agent-7",
    "queue": "billing",
    "outcome": "resolved",
    "topics": ["invoice", " refund "],
    "subject": "Invoice 17",
    "summary": "Paid twice.\nRefunded.",
    "transcript": "vault://transcripts/17",
    "recording": "vault://recordings/17",
    "source": "pbx",
    "externalId": "call-17",
}


async def recorded(caller, **input) -> str:
    return (await caller.data(RECORD, {"input": input}))["recordInteraction"]["interaction"]["id"]


async def seen(caller, id_) -> dict:
    return (await caller.data(SEEN, {"id": id_}))["profile"]["timeline"]


async def test_what_is_recorded_is_read_again_by_who_may_see_all_of_it(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    everybody = gateway.as_role("supervisor", "reviewer", tenant=tenant)
    ada = await a_profile(service)

    id_ = await recorded(service, profileId=ada, **WHOLE)

    timeline = (await everybody.data(TIMELINE, {"id": ada}))["profile"]["timeline"]
    expected = {**WHOLE, "id": id_, "topics": ["invoice", "refund"]}
    assert timeline["totalCount"] == 1
    node = timeline["edges"][0]["node"]
    assert node.pop("startedAt").startswith("2026-03-04T05:06:07.123")
    assert node == {key: value for key, value in expected.items() if key != "startedAt"}


async def test_an_interaction_finds_its_customer_by_what_they_are_known_by(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service, identities=[phone("+12025550143")])

    id_ = await recorded(service, kind="MESSAGE", identity=phone("(202) 555-0143", "SMS"))

    data = await service.data(
        TIMELINE.replace("topics subject summary", "").replace("transcript recording", ""),
        {"id": ada},
    )
    node = data["profile"]["timeline"]["edges"][0]["node"]
    assert (node["id"], node["channel"], node["source"]) == (id_, "SMS", "development")


async def test_what_is_told_again_is_added_and_never_a_second_interaction(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    supervisor = gateway.as_role("supervisor", tenant=tenant)
    ada = await a_profile(service)
    first = await recorded(service, profileId=ada, externalId="c1", **CALL)
    before = await stored(gateway, tenant)

    same = await recorded(service, profileId=ada, externalId="c1", **CALL)
    unchanged = await stored(gateway, tenant)
    told = {"endedAt": "2030-01-01T00:00:00Z"}
    codes = await service.codes(
        RECORD, {"input": {"profileId": ada, "externalId": "c1", **CALL, **told}}
    )
    later = await recorded(
        service, profileId=ada, externalId="c1", outcome="resolved", summary="All is well.", **CALL
    )

    assert first == same == later
    assert unchanged == before
    assert codes == ["BAD_INPUT"]
    timeline = await seen(supervisor, ada)
    node = timeline["edges"][0]["node"]
    assert timeline["totalCount"] == 1
    assert node == {"id": first, "summary": "All is well.", "outcome": "resolved", "endedAt": None}


async def test_what_contradicts_an_earlier_record_is_refused_and_changes_nothing(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service)
    await recorded(service, profileId=ada, externalId="c1", startedAt=BEGAN, **CALL)
    before = await stored(gateway, tenant)

    for other in (
        {"kind": "CHAT"},
        {"channel": "SMS"},
        {"direction": "OUTBOUND"},
        {"startedAt": ENDED},
    ):
        given = {"profileId": ada, "externalId": "c1", "startedAt": BEGAN, **CALL, **other}
        assert await service.codes(RECORD, {"input": given}) == ["CONFLICT"]

    assert await stored(gateway, tenant) == before


async def test_sixteen_calls_at_once_record_one_interaction_with_all_that_was_told(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    supervisor = gateway.as_role("supervisor", tenant=tenant)
    ada = await a_profile(service)

    for number in range(10):
        told = [{"outcome": "resolved"}, {"summary": "Said."}, {}, {"queue": "q"}] * 4
        given = {"profileId": ada, "externalId": f"c{number}", **CALL}
        ids = await asyncio.gather(*(recorded(service, **given, **more) for more in told))
        assert len(set(ids)) == 1

    timeline = await seen(supervisor, ada)
    assert timeline["totalCount"] == len(timeline["edges"]) == 10
    assert {edge["node"]["summary"] for edge in timeline["edges"]} == {"Said."}
    assert {edge["node"]["outcome"] for edge in timeline["edges"]} == {"resolved"}


async def test_an_external_id_of_another_customer_is_refused_and_nobody_is_created(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada, grace = await a_profile(service), await a_profile(service)
    await recorded(service, profileId=ada, externalId="c1", **CALL)
    before = await stored(gateway, tenant)

    given = {"profileId": grace, "externalId": "c1", **CALL}
    opening = {"kind": "CALL", "externalId": "c1"}

    assert await service.codes(RECORD, {"input": given}) == ["CONFLICT"]
    assert await service.codes(RECOGNISE, {"value": "+12025550100", "interaction": opening}) == [
        "CONFLICT"
    ]
    assert await stored(gateway, tenant) == before


async def test_one_external_id_of_two_sources_names_two_interactions(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service)

    ids = [
        await recorded(service, profileId=ada, externalId="1", source=source, **CALL)
        for source in ("shop", "pbx", "shop")
    ]

    assert ids[0] == ids[2] != ids[1]


async def test_recognising_opens_the_conversation_with_the_calling_agent(gateway, tenant):
    agent = gateway.as_role("agent", tenant=tenant, subject="agent-7")
    opening = {"kind": "CALL", "direction": "INBOUND", "queue": "sales", "externalId": "c1"}

    new = await agent.data(RECOGNISE, {"value": "+12025550100", "interaction": opening})
    again = await agent.data(RECOGNISE, {"value": "+12025550100", "interaction": opening})
    next_ = await agent.data(
        RECOGNISE, {"value": "+12025550100", "interaction": {**opening, "externalId": "c2"}}
    )
    none = await agent.data(RECOGNISE, {"value": "+12025550100"})

    shown = new["recogniseCustomer"]["interaction"]
    assert new["recogniseCustomer"]["outcome"] == "UNKNOWN"
    assert again["recogniseCustomer"]["outcome"] == "KNOWN"
    assert again["recogniseCustomer"]["interaction"] == shown
    assert next_["recogniseCustomer"]["interaction"]["id"] != shown["id"]
    assert none["recogniseCustomer"]["interaction"] is None
    assert {key: shown[key] for key in ("kind", "channel", "queue", "agent", "endedAt")} == {
        "kind": "CALL",
        "channel": "VOICE",
        "queue": "sales",
        "agent": "agent-7",
        "endedAt": None,
    }
    assert len((await stored(gateway, tenant))["interactions"]) == 2


async def test_sixteen_recognitions_at_once_open_one_conversation(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)

    for number in range(10):
        given = {
            "value": f"+1202555{number:04d}",
            "interaction": {"kind": "CALL", "externalId": f"c{number}"},
        }
        answers = await asyncio.gather(*(service.data(RECOGNISE, given) for _ in range(16)))
        assert len({one["recogniseCustomer"]["interaction"]["id"] for one in answers}) == 1
        assert len({one["recogniseCustomer"]["profile"]["id"] for one in answers}) == 1

    found = await stored(gateway, tenant)
    assert len(found["interactions"]) == len(found["profiles"]) == 10


async def test_recognising_with_a_bad_conversation_creates_nobody(gateway, tenant):
    agent = gateway.as_role("agent", tenant=tenant)

    codes = await agent.codes(
        RECOGNISE, {"value": "+12025550100", "interaction": {"kind": "CALL", "queue": "q" * 101}}
    )

    assert codes == ["BAD_INPUT"]
    assert await stored(gateway, tenant) == {}


async def test_a_live_conversation_is_found_by_its_agent_and_customer_until_it_ends(
    gateway, tenant
):
    agent = gateway.as_role("agent", tenant=tenant, subject="agent/7")
    store, scope = gateway.gateway.wiring.interactions, Scope(tenant)
    opening = {"kind": "CALL", "externalId": "c1"}
    known = await agent.data(RECOGNISE, {"value": "+12025550100", "interaction": opening})
    ada, call = (known["recogniseCustomer"][key]["id"] for key in ("profile", "interaction"))

    live = await store.live("agent/7", ["other", ada], scope)
    others = [await store.live("agent/8", [ada], scope), await store.live("agent/7", ["o"], scope)]
    told = {"profileId": ada, "kind": "CALL", "externalId": "c1"}
    later = await agent.data(
        "query ($id: ID!) { profile(id: $id) { timeline { edges { node { startedAt } } } } }",
        {"id": ada},
    )
    ended = later["profile"]["timeline"]["edges"][0]["node"]["startedAt"]
    await recorded(agent, **told, endedAt=ended)

    assert live is not None
    assert live.interaction == call
    assert others == [None, None]
    assert await store.live("agent/7", [ada], scope) is None


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "CALL"},
        {"kind": "CALL", "profileId": "X", "identity": phone("+12025550143")},
    ],
)
async def test_a_customer_is_named_in_one_way(gateway, tenant, given):
    service = gateway.as_role("service", tenant=tenant)

    assert await service.codes(RECORD, {"input": given}) == ["BAD_INPUT"]
    assert await stored(gateway, tenant) == {}


@pytest.mark.parametrize(
    "who", [{"profileId": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, {"identity": phone("+12025550143")}]
)
async def test_nothing_is_recorded_of_somebody_who_is_not_there(gateway, tenant, who):
    elsewhere = gateway.as_role("service", tenant=f"{tenant}-x")
    await a_profile(elsewhere, identities=[phone("+12025550143")])
    service = gateway.as_role("service", tenant=tenant)

    assert await service.codes(RECORD, {"input": {**CALL, **who}}) == ["NOT_FOUND"]
    assert await stored(gateway, tenant) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"summary": "x" * 4_001},
        {"subject": "bell\x07"},
        {"topics": ["t"] * 21 + [str(number) for number in range(21)]},
        {"topics": ["x" * 101]},
        {"externalId": "x" * 201},
        {"startedAt": "1969-12-31T23:59:59Z"},
        {"startedAt": "2999-01-01T00:00:00Z"},
        {"startedAt": ENDED, "endedAt": BEGAN},
    ],
)
async def test_what_an_interaction_can_not_hold_is_refused(gateway, tenant, wrong):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service)

    assert await service.codes(RECORD, {"input": {"profileId": ada, **CALL, **wrong}}) == [
        "BAD_INPUT"
    ]
    assert "interactions" not in await stored(gateway, tenant)


@pytest.mark.parametrize(
    ("role", "more", "code"),
    [
        ("agent", {"summary": "s", "topics": ["t"], "transcript": "u"}, None),
        ("agent", {"recording": "r"}, "FIELD_FORBIDDEN"),
        ("agent", {"agent": "other"}, "FIELD_FORBIDDEN"),
        ("agent", {"source": "pbx"}, "FIELD_FORBIDDEN"),
        ("supervisor", {"summary": "s", "agent": "other", "source": "pbx"}, None),
        ("supervisor", {"recording": "r"}, "FIELD_FORBIDDEN"),
        ("assistant", {"summary": "s"}, None),
        ("assistant", {"agent": "other"}, "FIELD_FORBIDDEN"),
        ("service", {"recording": "r", "transcript": "t", "agent": "a", "source": "s"}, None),
        ("reviewer", {}, "FORBIDDEN"),
        ("evaluator", {}, "FORBIDDEN"),
        ("admin", {}, "FORBIDDEN"),
        ("privacy_officer", {}, "FORBIDDEN"),
        ("partner", {}, "BAD_INPUT"),
    ],
)
async def test_who_may_record_what(gateway, tenant, role, more, code):
    ada = await a_profile(gateway.as_role("service", tenant=tenant))
    caller = gateway.as_role(role, tenant=tenant)

    codes = await caller.codes(RECORD, {"input": {"profileId": ada, **CALL, **more}})

    assert set(codes) == ({code} if code else set())
    assert ("interactions" in await stored(gateway, tenant)) is (code is None)
