"""What a change of custom values asks of a store."""

import pytest

from graph.kinds.changes import placed, references, refuse_cleared, with_defaults
from graph.model.custom_field import (
    CustomerSchema,
    FieldDefinition,
    FieldSource,
    SourceKind,
    Storage,
)
from graph.model.errors import BadValue
from policies.classification import DataClass

ADA, GRACE = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"


def a_field(id, kind="STRING", **more):
    """A definition whose key is its id in lower case."""
    return FieldDefinition(
        id=id, key=id.lower(), label=id, kind=kind, data_class=DataClass.BEHAVIOURAL, **more
    )


SCHEMA = CustomerSchema(
    1,
    (
        a_field("Note"),
        a_field("Tier", default="silver"),
        a_field("Account", is_required=True),
        a_field("Level", is_required=True, default="one"),
        a_field("Score", source=FieldSource(SourceKind.LIVE, "crm", "contacts", "score")),
        a_field("Visits", "NUMBER", storage="Visits-2", previous=Storage("Visits", "STRING")),
        a_field("Moved", storage="Moved-3"),
        a_field("Referrer", "REFERENCE"),
        a_field("Friends", "REFERENCE", is_list=True),
    ),
    (a_field("Gone", "REFERENCE", is_retired=True, default="x"),),
)


def refusal(change, *given, **more):
    """What is said of a change that can't be made."""
    with pytest.raises(BadValue) as refused:
        change(*given, SCHEMA, **more)
    return str(refused.value)


def test_a_new_profile_has_what_was_given_and_defaults_beside_it():
    found = with_defaults({"Note": "late", "Account": "A1"}, SCHEMA, is_identified=True)

    assert found == {"Note": "late", "Account": "A1", "Tier": "silver", "Level": "one"}


def test_a_default_gives_way_to_a_value_and_stands_in_for_null():
    given = {"Tier": "gold", "Level": None, "Note": None, "Account": "A1"}

    found = with_defaults(given, SCHEMA, is_identified=True)

    assert found == {"Tier": "gold", "Level": "one", "Account": "A1"}


@pytest.mark.parametrize("given", [{}, {"Account": None}])
def test_an_identified_person_must_have_what_is_required(given):
    assert refusal(with_defaults, given, is_identified=True) == "custom.account: required"


def test_an_anonymous_person_may_lack_what_is_required():
    found = with_defaults({}, SCHEMA, is_identified=False)

    assert found == {"Tier": "silver", "Level": "one"}


@pytest.mark.parametrize("field", ["Account", "Level"])
def test_a_required_value_can_not_be_cleared(field):
    assert refusal(refuse_cleared, {"Note": None, field: None}) == (
        f"custom.{field.lower()}: required, so it can't be cleared"
    )


def test_a_required_value_may_be_replaced_and_another_cleared():
    with pytest.raises(BadValue):
        refuse_cleared({"Account": None, "Note": None}, SCHEMA)

    assert refuse_cleared({"Account": "A2", "Note": None}, SCHEMA) is None


def test_values_are_put_where_their_field_keeps_them():
    assert placed({"Note": "late", "Moved": None}, SCHEMA) == {"Note": "late", "Moved-3": None}


@pytest.mark.parametrize("value", [42, None])
def test_a_new_value_clears_the_one_that_waits_to_be_converted(value):
    assert placed({"Visits": value}, SCHEMA) == {"Visits-2": value, "Visits": None}


def test_references_are_told_with_their_field():
    given = {"Note": ADA, "Referrer": ADA, "Friends": [GRACE, ADA]}

    found = [(field.key, one) for field, one in references(given, SCHEMA)]

    assert found == [("referrer", ADA), ("friends", GRACE), ("friends", ADA)]


def test_what_is_cleared_refers_to_nobody():
    assert list(references({"Referrer": None, "Friends": [], "Gone": None}, SCHEMA)) == []
