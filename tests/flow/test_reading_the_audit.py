"""Reading the record of access: by profile, by actor, page by page, by privacy officers alone."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.audit import MongoAudit
from graph.model.audit import AuditAction, AuditEvent
from policies.plan import Scope
from tests.flow.acts import (
    EVENTS,
    break_glass,
    events,
    refused,
    reveal,
    seen_values,
)
from tests.flow.stored import stored
from tests.support.gateway import a_profile, define, refusal_of

SET = """
mutation ($text: String!) { setAccessRules(input: {text: $text}) { accessRules { revision } } }
"""
PHONE = {"channel": "VOICE", "value": "+12025550143"}
OTHER = {"channel": "VOICE", "value": "+12025550199"}
FIELDS = (
    {"key": "account", "kind": "STRING", "dataClass": "FINANCIAL"},
    {"key": "illness", "kind": "STRING", "dataClass": "SENSITIVE"},
)
# What each role may reveal of a stranger; an agent who broke the glass reads what is sensitive.
ACTS = ("custom.account", "custom.illness", "identities.value", "birthDate", "break", "read")


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant, subject="grace")


@pytest.fixture
def officer(gateway, tenant):
    return gateway.as_role("privacy_officer", tenant=tenant, subject="olga")


async def test_events_are_found_by_profile_and_by_actor_and_by_both(
    gateway, tenant, service, agent, officer
):
    henry = gateway.as_role("agent", tenant=tenant, subject="henry/of accounts")
    ada, grace = [await a_profile(service, identities=[one]) for one in (PHONE, OTHER)]
    made = [
        (who, whom, (await reveal(caller, whom, "identities.value"))["auditId"])
        for who, caller in (("grace", agent), ("henry/of accounts", henry))
        for whom in (ada, grace)
    ]

    def wanted(actor=None, profile=None):
        return [
            event
            for who, whom, event in reversed(made)
            if actor in {None, who} and profile in {None, whom}
        ]

    for profile in (None, ada, grace):
        for actor in (None, "grace", "henry/of accounts"):
            found = await officer.data(EVENTS, {"profileId": profile, "actor": actor})
            ids = [edge["node"]["id"] for edge in found["auditEvents"]["edges"]]
            assert ids == wanted(actor, profile)
            assert found["auditEvents"]["totalCount"] == len(ids)
    assert await events(officer, actor="henry") == []
    assert await events(officer, profileId="nobody/") == []


async def test_the_record_comes_in_pages_the_newest_first(service, agent, officer):
    ada = await a_profile(service, identities=[PHONE])
    made = [(await reveal(agent, ada, "identities.value"))["auditId"] for _ in range(7)]

    for asked in ({}, {"profileId": ada}, {"actor": "grace"}):
        seen, sizes, after = [], [], None
        while True:
            answer = await officer.data(EVENTS, {"first": 3, "after": after, **asked})
            found = answer["auditEvents"]
            assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
            ids = [edge["node"]["id"] for edge in found["edges"]]
            seen, sizes, after = seen + ids, [*sizes, len(ids)], found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                break
        assert (seen, sizes) == (made[::-1], [3, 3, 1])


async def test_events_of_years_are_one_list_whatever_lies_between(gateway, tenant, officer):
    audit, now = gateway.gateway.wiring.audit, datetime.now(UTC)
    ages = [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=9)]
    ages += [timedelta(days=100), timedelta(days=400), timedelta(days=4000)]
    made = [
        await audit.record(AuditEvent(action=AuditAction.READ, at=now - age), Scope(tenant))
        for age in ages
    ]

    seen, after = [], None
    while len(seen) < len(made):
        found = (await officer.data(EVENTS, {"first": 2, "after": after}))["auditEvents"]
        seen += [edge["node"]["id"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]

    assert seen == made
    assert [one["id"] for one in await events(officer)] == made


@pytest.mark.parametrize("asked", [{"first": 101}, {"first": -1}, {"after": "x"}, {"after": "Lw"}])
async def test_what_is_no_page_is_refused(officer, asked):
    assert await officer.codes(EVENTS, asked) == ["BAD_INPUT"]


@pytest.mark.parametrize(
    "role",
    ["agent", "supervisor", "reviewer", "evaluator", "admin", "assistant", "partner", "service"],
)
async def test_other_roles_do_not_read_the_record(gateway, tenant, role):
    codes = await gateway.as_role(role, tenant=tenant).codes(EVENTS)

    assert set(codes) == {refusal_of(role)}


async def test_an_officer_without_a_second_factor_or_of_another_tenant_reads_nothing(
    gateway, tenant, service, agent
):
    ada = await a_profile(service, identities=[PHONE])
    await reveal(agent, ada, "identities.value")
    by_password = gateway.as_role("privacy_officer", tenant=tenant, second_factor=False)
    stranger = gateway.as_role("privacy_officer", tenant=f"{tenant}-x")

    assert await by_password.codes(EVENTS) == ["STEP_UP_REQUIRED"]
    assert await events(stranger) == []
    assert await events(stranger, profileId=ada) == []
    assert await events(stranger, actor="grace") == []


async def test_a_change_of_the_access_rules_is_recorded_and_a_refused_one_is_not(officer):
    await officer.data(SET, {"text": '[roles.agent]\nread = ["PUBLIC"]\n'})
    refused_codes = await officer.codes(SET, {"text": "no rules"})
    await officer.data(SET, {"text": ""})

    told = [(one["action"], one["actor"], one["matrixRevision"]) for one in await events(officer)]
    assert refused_codes == ["BAD_INPUT"]
    assert told == [("ACCESS_RULES_CHANGED", "olga", 1), ("ACCESS_RULES_CHANGED", "olga", 0)]


async def test_another_run_of_the_gateway_is_another_writer(gateway, tenant, service, agent):
    ada = await a_profile(service, identities=[PHONE])
    await reveal(agent, ada, "identities.value")
    other = MongoAudit(gateway.gateway.database, lambda: datetime.now(UTC))
    event = AuditEvent(action=AuditAction.REVEAL, at=datetime.now(UTC), profile_id=ada)

    made = await other.record(event, Scope(tenant))

    kept = (await stored(gateway, tenant))["audit"]
    ids = {one["_id"] for one in kept}
    assert made in {one["id"] for one in kept}
    assert {one.split("/")[2] for one in ids} == {"000000000001"}
    assert len({one.split("/")[1] for one in ids}) == len(ids) == 2


@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["agent", "supervisor"]), st.sampled_from(ACTS)), max_size=6
    ),
    canaries=st.lists(
        st.text("bcdfghjkmnpqrstvwxz", min_size=12, max_size=12),
        min_size=3,
        max_size=3,
        unique=True,
    ),
)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
async def test_every_value_that_was_given_has_its_event_and_no_event_holds_a_value(
    gateway, acts, canaries
):
    tenant = f"t-{secrets.token_hex(6)}"  # one for each example
    await define(gateway.as_role("admin", tenant=tenant), FIELDS)
    account, illness, handle = canaries
    ada = await a_profile(
        gateway.as_role("service", tenant=tenant),
        name={"given": handle},
        birthDate="1985-12-10",
        identities=[{"channel": "X", "value": handle}],
        custom={"account": account, "illness": illness},
    )
    given_in_clear = await carried_out(gateway, tenant, ada, acts)

    kept = (await stored(gateway, tenant)).get("audit", [])
    revealed = [one["clear"] for one in kept if one["action"] == "REVEAL" and "clear" in one]
    assert sorted(revealed) == sorted(given_in_clear)
    numbers = sorted(int(one["_id"].rsplit("/", 1)[1]) for one in kept)
    assert numbers == list(range(1, len(kept) + 1))
    assert [one for one in (*canaries, "1985-12-10") if one in str(kept)] == []


async def carried_out(gateway, tenant, profile, acts):
    """The names of the fields that were given in clear, one list for each act."""
    names = {
        "custom.account": "custom.account",
        "custom.illness": "custom.illness",
        "identities.value": "Identity.value",
        "birthDate": "Profile.birthDate",
    }
    found = []
    for role, act in acts:
        caller = gateway.as_role(role, tenant=tenant, subject=role)
        if act == "break":
            await break_glass(caller, profile)
        elif act == "read":
            await seen_values(caller, profile)
        else:
            may = {
                "agent": {"custom.account", "identities.value"},
                "supervisor": {"custom.illness"},
            }
            if act in may[role]:
                assert (await reveal(caller, profile, act))["value"] is not None
                found.append([names[act]])
            else:
                assert await refused(caller, profile, act) == ["FIELD_FORBIDDEN"]
    return found
