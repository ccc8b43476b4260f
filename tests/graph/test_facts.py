"""What a schema says of its fields; a schema that protects too little doesn't build."""

from dataclasses import dataclass

import pytest
import strawberry
from graphql import is_object_type

from graph.facts import FieldFacts, read_facts
from graph.model.custom_field import CustomerSchema
from graph.types.access import STRUCTURE, Access, access, exposes
from policies.classification import DataClass, Label, classified
from policies.errors import Unlabelled
from tests.graph.planning import DEBT, TIER, shop_schema

EMPTY = CustomerSchema()
IDENTITY = access(DataClass.IDENTITY)


@dataclass
class Person:
    id: str = classified(DataClass.PUBLIC, default="")
    name: str = classified(DataClass.IDENTITY, default="")


def facts_of(shown, *models):
    """The facts of a schema whose only root field shows a type."""

    @strawberry.type
    class Query:
        found = strawberry.field(resolver=lambda: None, graphql_type=shown | None)

    return facts_under(Query, *models)


def facts_under(query, *models):
    """The facts of the schema of a root type."""
    return read_facts(strawberry.Schema(query)._schema, EMPTY, models)


def refusal(facts, shown, *models):
    """What is said of a schema that protects too little."""
    with pytest.raises(Unlabelled) as refused:
        facts(shown, *models)
    return str(refused.value)


def test_a_field_without_a_label_stops_the_build():
    @strawberry.type
    class Thing:
        id: strawberry.ID = strawberry.field(directives=[STRUCTURE])
        name: str | None = None

    assert refusal(facts_of, Thing) == "Thing.name carries no @access"


def test_a_protected_field_that_can_not_be_null_stops_the_build():
    @strawberry.type
    class Thing:
        name: str = strawberry.field(directives=[IDENTITY])

    assert refusal(facts_of, Thing) == "Thing.name is protected and must be nullable"


def test_a_protected_list_that_can_not_be_null_stops_the_build():
    @strawberry.type(directives=[IDENTITY])
    class Thing:
        names: list[str]

    assert refusal(facts_of, Thing) == "Thing.names is protected and must be nullable"


def test_a_field_deep_in_the_schema_without_a_label_stops_the_build():
    @strawberry.type
    class Part:
        name: str | None = None

    @strawberry.type(directives=[STRUCTURE])
    class Thing:
        parts: list[Part]

    assert refusal(facts_of, Thing) == "Part.name carries no @access"


def test_an_input_without_a_label_stops_the_build():
    @strawberry.input
    class Where:
        name: str | None = None

    @strawberry.type
    class Query:
        @strawberry.field
        def found(self, where: Where) -> bool:
            return bool(where)

    assert refusal(facts_under, Query) == "input Where.name carries no @access"


def test_a_face_with_a_field_its_model_does_not_have_stops_the_build():
    with pytest.raises(Unlabelled) as refused:

        @exposes(Person)
        @strawberry.type
        class Face:
            name: str | None
            salary: float | None

    assert str(refused.value) == "Face.salary carries no @access"


def test_a_model_with_an_attribute_without_a_label_stops_the_build():
    @dataclass
    class Bare:
        name: str = ""

    @strawberry.type(directives=[STRUCTURE])
    class Thing:
        id: strawberry.ID

    assert refusal(facts_of, Thing, Bare) == "Bare.name has no data class: use classified()"


def test_a_label_on_a_field_wins_over_that_of_its_type():
    @strawberry.type(directives=[STRUCTURE])
    class Thing:
        id: strawberry.ID
        full_name: str | None = strawberry.field(directives=[IDENTITY])

    facts = facts_of(Thing)

    assert facts.fields == {
        ("Thing", "id"): FieldFacts("Thing.id", Label(DataClass.PUBLIC), "id"),
        ("Thing", "fullName"): FieldFacts(
            "Thing.full_name", Label(DataClass.IDENTITY), "full_name"
        ),
    }


def test_a_label_says_all_that_its_directive_says():
    strict = Access(class_=DataClass.FINANCIAL, roles=["service", "admin"], step_up=True)

    @strawberry.type
    class Thing:
        balance: float | None = strawberry.field(directives=[strict])

    assert facts_of(Thing).labels == {
        "Thing.balance": Label(
            DataClass.FINANCIAL, frozenset({"service", "admin"}), needs_step_up=True
        )
    }


def test_a_face_carries_the_labels_of_its_model():
    @exposes(Person)
    @strawberry.type
    class Face:
        id: str
        name: str | None

    labels = facts_of(Face, Person).labels

    assert labels == {
        "Face.id": Label(DataClass.PUBLIC),
        "Face.name": Label(DataClass.IDENTITY),
        "Person.id": Label(DataClass.PUBLIC),
        "Person.name": Label(DataClass.IDENTITY),
    }


def test_root_types_need_no_label():
    @strawberry.type
    class Query:
        ok: bool = True

    assert facts_under(Query).fields == {}


def test_every_field_of_the_real_schema_has_a_label_in_the_plan():
    schema = shop_schema()
    roots = {schema.graphql.query_type, schema.graphql.mutation_type}
    fields = {
        (item.name, name)
        for item in schema.graphql.type_map.values()
        if is_object_type(item) and item not in roots and not item.name.startswith("__")
        for name in item.fields
    }

    assert set(schema.facts.fields) == fields
    assert {found.coordinate for found in schema.facts.fields.values()} <= set(schema.facts.labels)


@pytest.mark.parametrize("definition", [TIER, DEBT])
def test_a_custom_field_is_decided_by_its_id(definition):
    facts = shop_schema().facts

    assert facts.fields["CustomFields", definition.key] == FieldFacts(
        definition.coordinate, Label(definition.data_class), definition.key, definition
    )
    assert facts.labels[definition.coordinate] == Label(definition.data_class)


def test_arguments_and_inputs_are_known_by_where_they_stand():
    inputs = shop_schema().facts.inputs

    def told(*place):
        return inputs[place].label, inputs[place].name

    number = Label(DataClass.CONTACT), "Identity.value"
    assert told("Query.identify", "value") == told("AddIdentityInput", "value") == number
    assert told("ProfileFilter", "language") == (Label(DataClass.DEMOGRAPHIC), "Profile.language")
    assert told("UpdateProfileInput", "links") == (Label(DataClass.INTERNAL), "Profile.links")
    assert told("ProfileOrder", "givenName") == (Label(DataClass.IDENTITY), "PersonName.given")
    assert told("CustomFieldsFilter", "tier") == (Label(DataClass.BEHAVIOURAL), "custom.tier")
    assert told("AddLabelInput", "origin") == (Label(DataClass.INTERNAL), "Label.origin")
    assert told("SetPreferenceInput", "times") == (Label(DataClass.CONTACT), "Preferences.times")
    assert ("Query.profile", "id") not in inputs


def test_the_directive_of_a_field_is_enforced_where_it_differs_from_the_model():
    reserved = Access(class_=DataClass.IDENTITY, roles=["reviewer"])

    @exposes(Person)
    @strawberry.type(name="Person")
    class Face:
        id: strawberry.ID
        name: str | None = strawberry.field(directives=[reserved])

    facts = facts_of(Face, Person)

    assert facts.labels["Person.name"] == Label(DataClass.IDENTITY, frozenset({"reviewer"}))
    assert facts.labels["Person.id"] == Label(DataClass.PUBLIC)
