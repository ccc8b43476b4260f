"""Leak 10: nobody is served what was made for somebody else, whoever asked a moment before."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tests.flow.documents import RECORD
from tests.leaks.worlds import (
    a_tenant,
    leak_test,
    person,
    plans,
    put_in_force,
    somebodies,
    timeless,
)
from tests.support.gateway import a_profile
from tests.support.random_access import whole_document

LIST = """
query Same { profiles(first: 5) { totalCount edges { node {
  id name { full } birthDate identities { value } custom { _keys } fields { key value masked } } } }
  savedFilters { name } customerSchema { fields { key } } viewer { roles tenant } }
"""


async def a_shop(gateway, plan, matrix, talks_to):
    """A tenant with two people and these rules; who asks talks to some of them."""
    tenant = await a_tenant(gateway, plan)
    service = gateway.as_role("service", tenant=tenant)
    people = [await a_profile(service, **person(plan.schema)) for _ in range(2)]
    for place in talks_to:
        told = {"profileId": people[place], "kind": "CALL", "agent": "tester", "subject": "parcel"}
        await service.data(RECORD, {"input": told})
    await put_in_force(gateway, tenant, matrix)
    return tenant, people


@leak_test(3)
@given(plans(), st.data())
async def test_answers_among_others_are_those_given_alone(watched, plan, data):
    talks_to = data.draw(st.sets(st.integers(0, 1)))
    shops = [await a_shop(watched, plan, plan.matrix, talks_to) for _ in range(2)]
    whole = whole_document(plan.schema.graphql, "profile")
    asked = []
    for tenant, people in shops:
        for _ in range(3):
            who = data.draw(somebodies(plan.matrix))
            caller = who.caller(watched, tenant)
            asked += [(caller, whole.replace("0" * 26, one)) for one in people]
            asked.append((caller, LIST))
    alone = [timeless((await caller.post(document)).text) for caller, document in asked]
    order = data.draw(st.permutations(range(len(asked)))) * 2

    among = await asyncio.gather(*(asked[place][0].post(asked[place][1]) for place in order))

    for place, answer in zip(order, among, strict=True):
        assert timeless(answer.text) == alone[place], asked[place][1]


@leak_test(3)
@given(plans(), st.data())
async def test_what_was_cached_under_other_rules_is_not_served(watched, plan, data):
    tenant, (ada, _) = await a_shop(watched, plan, plan.matrix, ())
    document = whole_document(plan.schema.graphql, "profile").replace("0" * 26, ada)
    other = data.draw(plans())
    # Rules may name fields that another tenant has: they say nothing here.
    caller = plan.who.caller(watched, tenant)
    before = timeless((await caller.post(document)).text)

    await put_in_force(watched, tenant, other.matrix)
    await caller.post(document)
    await put_in_force(watched, tenant, plan.matrix)

    assert timeless((await caller.post(document)).text) == before
