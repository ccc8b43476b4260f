"""Revealing one masked value: who may, what is recorded before, and what nobody learns."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from graph.model.ids import is_id
from tests.flow.acts import REASON, REVEAL, events, refused, reveal, signed_in_before
from tests.flow.merges import merge
from tests.flow.stored import stored
from tests.support.gateway import a_profile, define, refusal_of

PHONE = {"channel": "VOICE", "value": "+12025550143"}
MAIL = {"channel": "EMAIL", "value": "ada@lovelace.org"}
FIELDS = (
    {"key": "account", "kind": "STRING", "dataClass": "FINANCIAL"},
    {"key": "limit", "kind": "MONEY", "dataClass": "FINANCIAL"},
    {"key": "cards", "kind": "STRING", "isList": True, "dataClass": "FINANCIAL"},
    {"key": "illness", "kind": "STRING", "dataClass": "SENSITIVE"},
    {"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"},
)
SET = "mutation ($text: String!) { setAccessRules(input: {text: $text}) { __typename } }"
CUSTOM = {
    "account": "AT61 1904",
    "limit": {"amount": "12.5", "currency": "EUR"},
    "cards": ["4111", "4222"],
    "illness": "asthma",
    "tier": "gold",
}


@pytest.fixture
async def ada(gateway, tenant):
    """The id of a customer with two identities and a value of every class."""
    await define(gateway.as_role("admin", tenant=tenant), FIELDS)
    service = gateway.as_role("service", tenant=tenant)
    return await a_profile(service, identities=[PHONE, MAIL], custom=CUSTOM)


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant, subject="grace")


@pytest.fixture
def supervisor(gateway, tenant):
    return gateway.as_role("supervisor", tenant=tenant, subject="rosa")


@pytest.fixture
def officer(gateway, tenant):
    return gateway.as_role("privacy_officer", tenant=tenant, subject="olga")


async def test_an_agent_sees_one_masked_value_in_clear_and_the_officer_who_saw_it(
    agent, officer, ada
):
    before = datetime.now(UTC) - timedelta(seconds=1)

    shown = await reveal(agent, ada, "identities.value", item=0)

    (event,) = await events(officer)
    at = datetime.fromisoformat(event.pop("at"))
    assert shown == {"value": "+12025550143", "auditId": event["id"]}
    assert before < at < datetime.now(UTC) + timedelta(seconds=1)
    assert event == {
        "id": shown["auditId"],
        "action": "REVEAL",
        "profileId": ada,
        "actor": "grace",
        "client": "development",
        "roles": ["agent"],
        "clear": ["Identity.value"],
        "masked": [],
        "withheld": [],
        "reason": REASON,
        "ticket": None,
        "note": None,
        "grantId": None,
        "verdict": None,
        "purpose": "SERVICE",
        "relation": "NONE",
        "assurance": "FRESH_SECOND_FACTOR",
        "matrixVersion": 2,
        "matrixRevision": 0,
        "operation": "Show",
        "documentHash": hashlib.sha256(REVEAL.encode()).hexdigest(),
    }


async def test_values_come_as_their_kind_writes_them_and_lists_whole_or_by_item(agent, ada):
    asked = {
        ("identities.value", None): ["+12025550143", "ada@lovelace.org"],
        ("identities.value", 1): "ada@lovelace.org",
        ("identities.value", 2): None,
        ("custom.account", None): "AT61 1904",
        ("custom.limit", None): {"amount": "12.5", "currency": "EUR"},
        ("custom.cards", None): ["4111", "4222"],
        ("custom.cards", 1): "4222",
    }

    shown = {one: await reveal(agent, ada, one[0], item=one[1]) for one in asked}

    assert {one: payload["value"] for one, payload in shown.items()} == asked


@pytest.mark.usefixtures("ada")
async def test_what_a_profile_does_not_have_is_null_and_recorded_as_well(
    gateway, tenant, agent, officer
):
    empty = await a_profile(gateway.as_role("service", tenant=tenant))

    shown = [
        await reveal(agent, empty, field)
        for field in ("identities.value", "custom.account", "custom.cards")
    ]

    recorded = await events(officer, profileId=empty)
    assert [one["value"] for one in shown] == [None, None, None]
    assert [one["id"] for one in recorded] == [one["auditId"] for one in reversed(shown)]
    assert [one["clear"] for one in recorded] == [
        ["custom.cards"],
        ["custom.account"],
        ["Identity.value"],
    ]


async def test_revealing_twice_is_two_events(agent, officer, ada):
    first = await reveal(agent, ada, "custom.account")
    second = await reveal(agent, ada, "custom.account")

    ids = [one["id"] for one in await events(officer)]
    assert first["value"] == second["value"] == "AT61 1904"
    assert ids == [second["auditId"], first["auditId"]]
    assert all(map(is_id, ids))  # random: a running number would tell how much is recorded


async def test_a_supervisor_reveals_what_is_sensitive_and_an_agent_is_refused(
    agent, supervisor, officer, ada
):
    denied = await refused(agent, ada, "custom.illness")
    shown = await reveal(supervisor, ada, "custom.illness")

    told = [
        (one["actor"], one["clear"], one["withheld"], one["reason"])
        for one in await events(officer)
    ]
    assert denied == ["FIELD_FORBIDDEN"]
    assert shown["value"] == "asthma"
    assert told == [
        ("rosa", ["custom.illness"], [], REASON),
        ("grace", [], ["custom.illness"], REASON),
    ]


@pytest.mark.parametrize("field", ["birthDate", "custom.tier", "name.given", "links.recordId"])
async def test_what_a_role_has_no_right_to_reveal_stays_as_it_is(agent, ada, field):
    assert await refused(agent, ada, field) == ["FIELD_FORBIDDEN"]


@pytest.mark.parametrize(
    "role",
    ["reviewer", "evaluator", "admin", "privacy_officer", "assistant", "partner", "service"],
)
async def test_other_roles_may_not_reveal_at_all_and_nothing_is_recorded(
    gateway, tenant, officer, ada, role
):
    somebody = gateway.as_role(role, tenant=tenant)

    assert set(await refused(somebody, ada, "identities.value")) == {refusal_of(role)}
    assert await events(officer) == []


async def test_without_a_second_factor_of_just_now_nothing_is_revealed(
    gateway, tenant, officer, ada
):
    by_password = gateway.as_role("agent", tenant=tenant, second_factor=False)
    long_ago = signed_in_before(gateway, 16, "agent", tenant=tenant)
    just_now = signed_in_before(gateway, 14, "agent", tenant=tenant)

    codes = [await refused(one, ada, "custom.account") for one in (by_password, long_ago)]

    assert codes == [["STEP_UP_REQUIRED"], ["STEP_UP_REQUIRED"]]
    assert (await reveal(just_now, ada, "custom.account"))["value"] == "AT61 1904"
    assert [one["assurance"] for one in await events(officer)] == [
        "FRESH_SECOND_FACTOR",
        "SECOND_FACTOR",
        "PASSWORD",
    ]


async def test_another_tenants_customer_looks_as_absent_as_nobody_and_nothing_is_recorded(
    gateway, tenant, agent, ada
):
    stranger = gateway.as_role("agent", tenant=f"{tenant}-x")
    given = {"field": "identities.value", "reason": REASON}

    absent = await agent.ask(REVEAL, {"input": {"profileId": "01" + "A" * 24, **given}})
    foreign = await stranger.ask(REVEAL, {"input": {"profileId": ada, **given}})

    assert absent == foreign
    assert [error["extensions"] for error in absent["errors"]] == [{"code": "NOT_FOUND"}]
    assert "audit" not in await stored(gateway, tenant)
    assert "audit" not in await stored(gateway, f"{tenant}-x")


@pytest.mark.parametrize(
    "bad",
    [
        {"reason": "too short"},
        {"reason": f"  {'x' * 9}  "},
        {"reason": "x" * 1001},
        {"reason": "a null \u0000 character"},
        {"field": "custom.nothing"},
        {"field": "custom."},
        {"field": "Identity.value"},
        {"field": "version"},
        {"field": "timeline"},
        {"field": "__class__"},
        {"item": -1},
        {"field": "custom.account", "item": 0},
    ],
)
async def test_what_cannot_be_understood_is_refused_without_a_trace(
    gateway, tenant, agent, ada, bad
):
    given = {"field": "identities.value", **bad}

    assert await refused(agent, ada, **given) == ["BAD_INPUT"]
    assert "audit" not in await stored(gateway, tenant)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("birthDate", "Profile.birthDate"),
        ("name.given", "PersonName.given"),
        ("identities.value", "Identity.value"),
        ("identities.value", "Profile.identities"),
        ("custom.account", "custom.account"),
        ("custom.account", "Profile.custom"),
    ],
)
async def test_what_is_hidden_is_refused_as_an_unknown_field_is_without_a_trace(
    agent, officer, ada, field, name
):
    hiding = f'[roles.agent.fields]\n"{name}" = ["hidden"]\n'
    known = await refused(agent, ada, "links.recordId")
    await officer.data(SET, {"text": hiding})
    before = await events(officer)

    hidden, unknown = [
        await agent.ask(REVEAL, {"input": {"profileId": ada, "field": one, "reason": REASON}})
        for one in (field, "custom.nothing")
    ]

    assert known == ["FIELD_FORBIDDEN"]
    assert hidden == unknown
    assert [error["extensions"]["code"] for error in hidden["errors"]] == ["BAD_INPUT"]
    assert await events(officer) == before


async def test_a_former_id_reveals_what_the_survivor_has_and_is_found_under_either(
    gateway, tenant, agent, officer, ada
):
    service = gateway.as_role("service", tenant=tenant)
    other = await a_profile(service, identities=[{"channel": "SMS", "value": "+12025550199"}])
    await reveal(agent, other, "identities.value")
    await merge(service, ada, other)

    shown = await reveal(agent, other, "identities.value")

    by_other, by_ada = [await events(officer, profileId=one) for one in (other, ada)]
    assert len(shown["value"]) == 3
    assert [one["profileId"] for one in by_ada] == [ada, other]
    assert by_other == by_ada


async def test_no_event_and_no_other_trace_holds_what_was_revealed(
    gateway, tenant, agent, supervisor, ada, caplog
):
    caplog.set_level(0, logger="gateway")
    for field in ("identities.value", "custom.account", "custom.limit", "custom.cards"):
        await reveal(agent, ada, field)
    await reveal(supervisor, ada, "custom.illness")
    await refused(agent, ada, "custom.illness")

    kept = await stored(gateway, tenant)
    canaries = (PHONE["value"], "0143", MAIL["value"], "AT61", "12.5", "4111", "4222", "asthma")
    assert len(kept["audit"]) == 6
    assert [one for one in canaries if one in str(kept["audit"])] == []
    assert [one for one in canaries if one in caplog.text] == []
