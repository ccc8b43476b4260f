"""Leak 7: what is hidden from somebody has no name for them: in introspection, and in errors."""

import json

from graphql import is_object_type
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.test_visible_schema import hidden_places
from tests.leaks.worlds import a_tenant, leak_test, person, plans, put_in_force
from tests.support.gateway import a_profile

INTROSPECTION = """
{ __schema { directives { name args { name defaultValue } } types { name description
  fields(includeDeprecated: true) { name description args { name description defaultValue } }
  inputFields { name description defaultValue } enumValues { name description }
  possibleTypes { name } interfaces { name } } } }
"""
FIELDS = "{ customerSchema { fields { key label } retired { key } systemFields { key } } }"
ONE = '{ __type(name: "%s") { fields { name } inputFields { name } } }'


@leak_test(4)
@given(plans())
async def test_introspection_over_http_names_nothing_that_is_hidden(watched, plan):
    tenant = await a_tenant(watched, plan)
    await put_in_force(watched, tenant, plan.matrix)
    caller, hidden = plan.who.caller(watched, tenant), hidden_places(plan.schema, plan.asking)

    answer = await caller.ask(INTROSPECTION)

    text = json.dumps([answer, await caller.ask(FIELDS)])
    types = {one["name"]: one for one in answer["data"]["__schema"]["types"]}
    for type_, field in hidden:
        told = types.get(type_, {}).get("fields") or ()
        assert field not in {one["name"] for one in told}
        if type_ == "CustomFields" and field != "_keys":
            assert field not in text
            assert f'"{plan.schema.customer_schema.by_key[field].label}"' not in text
        one = await caller.data(ONE % type_)
        told = (one["__type"] or {}).get("fields") or ()
        assert field not in {known["name"] for known in told}


@leak_test(4)
@given(plans(), st.data())
async def test_a_hidden_field_is_answered_as_one_that_never_was(watched, plan, data):
    tenant = await a_tenant(watched, plan)
    ada = await a_profile(watched.as_role("service", tenant=tenant), **person(plan.schema))
    await put_in_force(watched, tenant, plan.matrix)
    caller, visible = plan.who.caller(watched, tenant), plan.schema.visible(plan.asking).graphql
    places = sorted(
        (type_, field)
        for type_, field in hidden_places(plan.schema, plan.asking)
        if is_object_type(visible.type_map.get(type_)) and type_ != "Mutation"
    )
    some = data.draw(st.lists(st.sampled_from(places), max_size=8)) if places else []

    for type_, field in some:
        document = f'{{ profile(id: "{ada}") {{ id }} }} fragment F on {type_} {{ %s }}'
        unknown = "q" + "x" * (len(field) - 1)
        asked, other = [await caller.post(document % name) for name in (field, unknown)]
        assert asked.status_code == other.status_code
        quoted = [f"'{name}'".encode() for name in (field, unknown)]
        assert asked.content.replace(*quoted) == other.content
        assert b"Cannot query field" in other.content
        assert b"Did you mean" not in asked.content


_NEAR = {
    "query": ("{ profil { id } }", "{ profiles { edgs { cursor } } }"),
    "input": (
        "{ profiles(where: { familyNam: {} }) { totalCount } }",
        "{ profiles(wher: {}) { totalCount } }",
        "{ identify(channel: VOIC, value: 1) { outcome } }",
    ),
    "type": ("fragment F on Profil { id } { viewer { tenant } }",),
}


@leak_test(4)
@given(plans())
async def test_no_error_suggests_a_name(watched, plan):
    tenant = await a_tenant(watched, plan)
    await put_in_force(watched, tenant, plan.matrix)
    caller = plan.who.caller(watched, tenant)
    keys = [
        f'{{ profile(id: "1") {{ custom {{ {one.key}x }} }} }}'
        for one in (plan.schema.customer_schema.fields)
    ]

    for document in (*(one for group in _NEAR.values() for one in group), *keys):
        answer = await caller.post(document)
        assert answer.json()["errors"]
        assert "did you mean" not in answer.text.lower()
