"""Leak 3: people are counted by filters alone, and by none that one may not filter by."""

import re

from graphql import is_object_type
from hypothesis import given
from hypothesis import strategies as st

from graph.plan import NARROWING
from policies.decision import Action, Effect
from tests.flow.documents import RECORD
from tests.leaks.conditions import conditions, nested, wrappings
from tests.leaks.worlds import (
    COMMANDS,
    REFUSALS,
    a_tenant,
    leak_test,
    person,
    plans,
    put_in_force,
)
from tests.support.gateway import a_profile

COUNT = "query ($where: ProfileFilter) { profiles(where: $where, first: 0) { totalCount } }"
BOTH = """
query ($where: ProfileFilter) { %s all: profiles(first: 0) { totalCount }
  some: profiles(where: $where, first: 0) { totalCount } }
"""
NARROWED = "query ($id: ID!) { profile(id: $id) { timeline(%s) { totalCount } } }"
ARGUMENTS = {
    "channels": "channels: [VOICE]",
    "kinds": "kinds: [CALL]",
    "agent": 'agent: "tester"',
    "since": 'since: "2024-01-01T00:00:00Z"',
    "until": 'until: "2999-01-01T00:00:00Z"',
}
AGGREGATES = re.compile(
    r"count|sum$|avg|average|min$|max$|distinct|group|facet|median|bucket", re.IGNORECASE
)
# Counts that aren't of people by what they are like: pages, and limits of a definition.
KNOWN = {
    *("ProfileConnection.totalCount", "InteractionConnection.totalCount"),
    *("AuditEventConnection.totalCount", "BreakGlassReviewConnection.totalCount"),
    *("FieldDefinition.min", "FieldDefinition.max", "FieldDefinition.group"),
}


@leak_test(4)
@given(plans())
def test_nothing_but_pages_counts_anybody(plan):
    types = plan.schema.graphql.type_map.items()
    found = {
        f"{name}.{field}"
        for name, item in types
        if is_object_type(item) and not name.startswith("__")
        for field in item.fields
        if AGGREGATES.search(field)
    }

    assert found <= KNOWN


@leak_test(4)
@given(plans(), st.data())
async def test_a_count_by_what_one_may_not_filter_by_is_refused_with_all_beside_it(
    watched, plan, data
):
    tenant = await a_tenant(watched, plan)
    await a_profile(watched.as_role("service", tenant=tenant), **person(plan.schema))
    await put_in_force(watched, tenant, plan.matrix)
    caller = plan.who.caller(watched, tenant)

    for wanted in conditions(plan.schema):
        if wanted.is_given(plan.asking, Action.FILTER):
            continue
        where = {"where": nested(data.draw(wrappings), wanted.operands[0])}
        document = data.draw(st.sampled_from([COUNT, BOTH % "viewer { tenant }"]))
        with COMMANDS.recorded() as seen:
            answer = await caller.ask(document, where)
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes & plan.refusals(wanted.name), (wanted, answer)
        assert answer.get("data") is None
        assert not seen


@leak_test(5)
@given(plans())
async def test_interactions_are_not_counted_by_what_one_may_not_read_of_them(watched, plan):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    ada = await a_profile(service)
    await service.data(RECORD, {"input": {"profileId": ada, "kind": "CALL", "channel": "VOICE"}})
    await put_in_force(watched, tenant, plan.matrix)
    caller = plan.who.caller(watched, tenant)
    access = plan.schema.access_plan(plan.asking)

    for argument, coordinate in NARROWING.items():
        with COMMANDS.recorded() as seen:
            answer = await caller.ask(NARROWED % ARGUMENTS[argument], {"id": ada})
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        if access.effect(coordinate) is not Effect.ALLOW:
            assert codes & (REFUSALS | {"BAD_INPUT"}), (argument, answer)
            assert "totalCount" not in str(answer)
            assert not seen


async def test_who_counts_by_a_field_that_is_unknown_to_all_counts_nobody(watched, tenant):
    where = {"where": {"or": [{"not": {"custom": {"nobodys": {"exists": True}}}}]}}

    with COMMANDS.recorded() as seen:
        answer = await watched.as_role("agent", tenant=tenant).ask(BOTH % "", where)

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert error["message"] == "where.custom: no field is defined under one of these keys"
    assert "data" not in answer
    assert not seen
