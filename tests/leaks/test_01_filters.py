"""Leak 1: who may not look people up by a field learns nothing of it from filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.decision import Action
from tests.leaks.conditions import conditions, nested, wrappings
from tests.leaks.worlds import (
    COMMANDS,
    a_tenant,
    leak_test,
    person,
    plans,
    put_in_force,
)
from tests.support.gateway import a_profile

LIST = """
query ($where: ProfileFilter) {
  profiles(where: $where) { totalCount edges { cursor node { id } } }
}
"""
SAVED = '{ profiles(savedFilter: "mine") { totalCount edges { cursor node { id } } } }'
SAVE = "mutation ($input: SaveFilterInput!) { saveFilter(input: $input) { __typename } }"
OPEN = """
[roles.supervisor]
read = ["PUBLIC"]
filter = ["PUBLIC", "IDENTITY", "CONTACT", "DEMOGRAPHIC", "SENSITIVE", "FINANCIAL", "BEHAVIOURAL",
  "CONVERSATION", "RECORDING", "INTERNAL"]
"""


def codes(answer):
    return {error["extensions"]["code"] for error in answer.json().get("errors", [])}


@leak_test(4)
@given(plans(), st.data())
async def test_a_filter_by_what_one_may_not_filter_by_is_refused_before_anything_is_read(
    watched, plan, data
):
    tenant = await a_tenant(watched, plan)
    await a_profile(watched.as_role("service", tenant=tenant), **person(plan.schema))
    await put_in_force(watched, tenant, plan.matrix)
    caller, asking = plan.who.caller(watched, tenant), plan.asking

    for wanted in conditions(plan.schema):
        wrapping = data.draw(wrappings)
        wheres = [nested(wrapping, one) for one in wanted.operands]
        with COMMANDS.recorded() as seen:
            one, other = [await caller.post(LIST, {"where": where}) for where in wheres]
        if wanted.is_given(asking, Action.FILTER):
            # Not searchable, or sealed and so not searched for in part, or no listing at all.
            assert codes(one) <= {"BAD_INPUT", "STEP_UP_REQUIRED"}, (wanted, one.text)
        else:
            assert codes(one) & plan.refusals(wanted.name), (wanted, one.text)
            assert one.content == other.content
            assert one.json().get("data") is None
            assert not seen, wanted


@leak_test(3)
@given(plans(), st.data())
async def test_a_filter_that_may_not_be_used_can_not_be_saved(watched, plan, data):
    tenant = await a_tenant(watched, plan)
    await put_in_force(watched, tenant, plan.matrix)
    caller, asking = plan.who.caller(watched, tenant), plan.asking
    denied = [one for one in conditions(plan.schema) if not one.is_given(asking, Action.FILTER)]

    for wanted in denied:
        where = nested(data.draw(wrappings), wanted.operands[0])
        with COMMANDS.recorded() as seen:
            answer = await caller.post(SAVE, {"input": {"name": "mine", "where": where}})
        assert codes(answer) & plan.refusals(wanted.name), (wanted, answer.text)
        assert not seen


@leak_test(4)
@given(plans(), st.data())
async def test_a_saved_filter_is_decided_again_when_it_is_used(watched, plan, data):
    tenant = await a_tenant(watched, plan)
    await a_profile(watched.as_role("service", tenant=tenant), **person(plan.schema))
    matrices, caller = watched.gateway.wiring.matrices, plan.who.caller(watched, tenant)
    usable = [one for one in conditions(plan.schema) if one.label.roles is None]

    for wanted in data.draw(st.lists(st.sampled_from(usable), min_size=2, max_size=4)):
        where = nested(data.draw(wrappings), wanted.operands[0])
        await matrices.change(tenant, OPEN, None, "tester")
        keeper = watched.as_role("supervisor", tenant=tenant)
        kept = await keeper.post(SAVE, {"input": {"name": "mine", "where": where}})
        if codes(kept):
            continue  # it can't be searched by
        await put_in_force(watched, tenant, plan.matrix)
        with COMMANDS.recorded() as seen:
            answer = await caller.post(SAVED)
        if not wanted.is_given(plan.asking, Action.FILTER):
            assert codes(answer) & plan.refusals(wanted.name), (wanted, answer.text)
            assert not seen


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_a_public_field_that_is_reserved_is_filtered_by_those_alone(watched, role):
    """Found by the tests above: what is PUBLIC was never asked about."""
    tenant = f"reserved-{role}"
    field = {"key": "score", "kind": "NUMBER", "dataClass": "PUBLIC", "label": "Score"}
    admin = watched.as_role("admin", tenant=tenant)
    define = "mutation ($input: DefineFieldInput!) { defineField(input: $input) { __typename } }"
    reserved = {**field, "isSearchable": True, "roles": ["supervisor"]}
    await admin.data(define, {"input": reserved})

    where = {"custom": {"score": {"gt": 1}}}
    told = await watched.as_role(role, tenant=tenant).codes(LIST, {"where": where})

    assert told == ([] if role == "supervisor" else ["FIELD_FORBIDDEN"])
