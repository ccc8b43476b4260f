"""What somebody knows of a schema: all but what is hidden from them, and what leads there alone."""

import json
import re
from dataclasses import replace
from functools import cache

import pytest
from graphql import (
    build_schema,
    get_named_type,
    introspection_from_schema,
    is_input_object_type,
    is_object_type,
    is_required_argument,
    validate_schema,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from graph.model.custom_field import CustomerSchema
from graph.schema import TenantSchema
from graph.visible import VisibleSchema
from policies.asking import Asking
from policies.classification import DataClass
from policies.matrix import FieldRights
from policies.plan import hidden_fields, hidden_operations
from tests.graph.planning import FIELDS, a_field, an_asking
from tests.support.random_access import askings, customer_schemas, matrices, root_names

# Shrinking a matrix takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
SLOW = settings(max_examples=8, deadline=None, phases=PHASES)


@cache
def shop() -> TenantSchema:
    """A schema with fields of three classes."""
    return TenantSchema(CustomerSchema(1, FIELDS))


@st.composite
def seen(draw: st.DrawFn) -> tuple[TenantSchema, Asking, VisibleSchema]:
    """Any schema, and what somebody knows of it."""
    schema = TenantSchema(draw(customer_schemas()))
    asking = draw(askings(draw(matrices(schema))))
    return schema, asking, schema.visible(asking)


def introspected(visible: VisibleSchema) -> dict:
    """What introspection tells of each type."""
    types = introspection_from_schema(visible.graphql)["__schema"]["types"]
    return {one["name"]: one for one in types if not one["name"].startswith("__")}


def hidden_places(schema: TenantSchema, asking: Asking) -> set[tuple[str, str]]:
    """The fields that the policies hide, by type and name."""
    facts = schema.facts
    hidden = hidden_fields(facts.labels, asking, facts.names)
    fields = {place for place, known in facts.fields.items() if known.coordinate in hidden}
    roots = hidden_operations(root_names(schema.graphql), asking)
    return fields | {
        (root.name, name)
        for root in (schema.graphql.query_type, schema.graphql.mutation_type)
        for name in roots & root.fields.keys()
    }


@SLOW
@given(seen())
def test_introspection_names_nothing_that_is_hidden(world):
    schema, asking, visible = world

    told = introspected(visible)

    for type_, field in hidden_places(schema, asking):
        assert field not in {one["name"] for one in told.get(type_, {}).get("fields") or ()}
    text = json.dumps(told)
    for type_, key in hidden_places(schema, asking):
        if type_ == "CustomFields" and key != "_keys":
            assert key not in text
            assert schema.customer_schema.by_key[key].label not in text
    names = {one for item in told.values() for one in names_of(item)} | told.keys()
    gone = {one for item in schema.graphql.type_map.values() for one in names_in(item)} - names
    for described in re.findall(r'"description": "((?:[^"\\]|\\.)*)"', text):
        assert not {one for one in re.findall(r"`(\w+)`", described) if one in gone}


def names_of(item: dict) -> set[str]:
    """The names in an introspected type."""
    fields = (item.get("fields") or []) + (item.get("inputFields") or [])
    arguments = [one for field in fields for one in field.get("args", ())]
    every = fields + arguments + (item.get("enumValues") or [])
    return {one["name"] for one in every}


def names_in(item: object) -> set[str]:
    """The names of a type's fields and their arguments."""
    if is_object_type(item):
        return {*item.fields, *(name for one in item.fields.values() for name in one.args)}
    return set(item.fields) if is_input_object_type(item) else set()


@SLOW
@given(seen())
def test_a_field_is_there_unless_it_is_hidden_or_leads_to_what_is(world):
    schema, asking, visible = world
    hidden = hidden_places(schema, asking)

    for name, item in schema.graphql.type_map.items():
        there = visible.graphql.type_map.get(name)
        if not is_object_type(item) or name.startswith("__") or there is None:
            continue
        for key, field in item.fields.items():
            if key in there.fields:
                assert (name, key) not in hidden
                continue
            below = get_named_type(field.type)
            is_empty = is_object_type(below) and below.name not in visible.graphql.type_map
            demands = [one for one in field.args.values() if is_required_argument(one)]
            assert (name, key) in hidden or is_empty or demands


@SLOW
@given(seen())
def test_what_somebody_knows_is_a_schema_by_itself(world):
    schema, _, visible = world

    assert validate_schema(visible.graphql) == []
    assert build_schema(schema.sdl(visible)).type_map.keys() >= visible.graphql.type_map.keys()


@SLOW
@given(seen(), st.data())
def test_a_hidden_field_is_answered_as_an_unknown_one(world, data):
    schema, asking, visible = world
    places = sorted(
        (type_, field)
        for type_, field in hidden_places(schema, asking)
        if is_object_type(visible.graphql.type_map.get(type_))
    )
    if not places:
        return
    type_, field = data.draw(st.sampled_from(places))
    unknown = "x" * len(field)

    is_mutation = type_ == "Mutation"
    document = (
        f"{'mutation' if is_mutation else ''} {{ __typename }} fragment F on {type_} {{ %s }}"
    )
    told = [
        [(one.message, one.locations) for one in visible.documents.get(document % name).errors]
        for name in (field, unknown)
    ]

    assert [(message.replace(field, unknown), at) for message, at in told[0]] == told[1]
    assert any("Cannot query field" in message for message, _ in told[1])
    assert "Did you mean" not in str(told)


def test_where_nothing_is_hidden_the_schema_is_the_whole_one():
    assert shop().visible(an_asking("agent")) is shop().whole
    assert shop().visible(an_asking("king")) is shop().whole
    assert shop().visible(an_asking("agent", "partner")) is shop().whole


def test_classes_from_which_the_same_is_hidden_share_one_schema():
    first = shop().visible(an_asking("partner"))

    assert first is shop().visible(an_asking("partner", "king"))
    assert first is not shop().visible(an_asking("assistant"))


def test_what_a_partner_may_look_people_up_by_is_a_known_input_though_it_is_hidden_to_read():
    visible = shop().visible(an_asking("partner")).graphql

    assert set(visible.query_type.fields["identify"].args) == {"channel", "value"}
    assert "identities" not in visible.type_map["Profile"].fields
    assert "Identity" not in visible.type_map


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("Interaction.channel", {"channels"}),
        ("Interaction.kind", {"kinds"}),
        ("Interaction.agent", {"agent"}),
        ("Interaction.startedAt", {"since", "until"}),
    ],
)
def test_what_is_hidden_of_interactions_is_no_argument_that_narrows_a_timeline(name, gone):
    matrix, schema = an_asking("agent").matrix, TenantSchema()
    rights = matrix.roles["agent"]
    hiding = replace(rights, fields={**rights.fields, name: FieldRights(is_hidden=True)})
    asking = an_asking("agent", matrix=replace(matrix, roles={"agent": hiding}))

    known = schema.visible(asking).graphql.type_map["Profile"].fields["timeline"].args.keys()

    assert schema.graphql.type_map["Profile"].fields["timeline"].args.keys() - known == gone


def test_a_partner_knows_of_no_mutation_and_of_no_role_but_their_own():
    visible = shop().visible(an_asking("partner")).graphql

    assert visible.mutation_type is None
    assert set(visible.query_type.fields) == {
        *("identify", "profile", "customerSchema", "explainAccess", "viewer")
    }
    assert set(visible.query_type.fields["explainAccess"].args) == {"document"}
    assert "AccessSubject" not in visible.type_map


def test_sentences_that_name_what_is_hidden_are_left_out():
    whole, visible = shop().graphql, shop().visible(an_asking("partner")).graphql

    assert "updateProfile" in whole.type_map["Profile"].fields["version"].description
    assert visible.type_map["Profile"].fields["version"].description == "Counts the changes."


def test_the_customer_schema_has_no_gap_where_a_field_is_hidden():
    fields = (
        a_field("A", position=1),
        a_field("B", DataClass.SENSITIVE, position=2),
        a_field("C", position=3),
    )
    retired = (a_field("D", DataClass.SENSITIVE, is_retired=True),)
    schema = TenantSchema(CustomerSchema(1, fields, retired))

    known = schema.visible(an_asking("partner")).customer_schema

    assert [(item.key, item.position) for item in known.fields] == [("a", 1), ("c", 2)]
    assert known.retired == ()
    assert schema.visible(an_asking("agent")).customer_schema is schema.customer_schema


@pytest.mark.parametrize("name", ["CustomFieldsFilter", "CustomFieldsOrder"])
def test_who_knows_no_custom_field_filters_as_a_tenant_without_any(name):
    schema = TenantSchema(CustomerSchema(1, (a_field("B", DataClass.SENSITIVE),)))
    rights = an_asking("partner").matrix
    granted = {**rights.operations, "profiles": frozenset({"partner"})}
    matrix = type(rights)(1, rights.roles, granted)

    visible = schema.visible(an_asking("partner", matrix=matrix)).graphql

    plain = TenantSchema().graphql.type_map[name]
    assert type(visible.type_map[name]) is type(plain)
    assert visible.type_map[name].description == plain.description
