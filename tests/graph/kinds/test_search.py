"""What custom values are found by and claim, and what operators compare with."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.kinds.search import (
    LIST_OPERATORS,
    checked_in,
    claims_of,
    findable,
    keys_of,
    operand_keys,
    operators_of,
    part_key,
    place_of,
)
from graph.kinds.table import KINDS
from graph.kinds.values import parse_value
from graph.model.channel import Channel
from graph.model.custom_field import CustomerSchema, Facets, FieldDefinition
from graph.model.errors import BadValue
from graph.model.filter import Operator, Place, folded
from graph.model.identity import IdentityName
from graph.model.search import Findable
from policies.classification import DataClass

TOO_LONG = "where: expected at most 64 characters, no control characters"


def a_field(id, kind="STRING", **more):
    """A definition whose key is its id in lower case."""
    return FieldDefinition(
        id=id, key=id.lower(), label=id, kind=kind, data_class=DataClass.BEHAVIOURAL, **more
    )


NOTE = a_field("Note", is_searchable=True, slot="t0", facets=Facets(max_length=200))
CODES = a_field("Codes", "ALPHANUMERIC", is_list=True, is_searchable=True, slot="s0")
LEVEL = a_field("Level", "CHOICES", facets=Facets(choices=("gold", "silver")))
MAIL = a_field("Mail", "EMAIL", is_unique=True)
PHONE = a_field("Phone", "PHONE_NUMBER", channels=(Channel.VOICE, Channel.WHATSAPP))
HANDLE = a_field("Handle", is_list=True, is_unique=True, channels=(Channel.FACEBOOK, Channel.EMAIL))


def refusal(ask, *given):
    """What is said of something that nobody can be found by."""
    with pytest.raises(BadValue) as refused:
        ask(*given)
    return str(refused.value)


@pytest.mark.parametrize(
    ("definition", "place"),
    [
        (NOTE, Place("t0", "Note")),
        (CODES, Place("s0", "Codes", is_list=True)),
        (replace(LEVEL, is_searchable=True, slot="s1"), Place("s1", "Level", is_list=True)),
        (MAIL, None),
        (replace(NOTE, is_searchable=False), None),
        (replace(NOTE, slot=None), None),
        (replace(NOTE, is_indexed=False), None),
    ],
)
def test_a_field_has_a_place_once_it_is_searchable_and_its_index_is_made(definition, place):
    assert place_of(definition) == place


def test_single_values_are_found_as_their_kind_is_and_lists_by_what_they_hold():
    assert operators_of(NOTE) == KINDS["STRING"].operators
    assert operators_of(CODES) == LIST_OPERATORS
    assert operators_of(LEVEL) == LIST_OPERATORS


def test_a_list_has_each_key_once():
    assert keys_of(CODES, ["b", "A", "a"]) == ("b", "a")
    assert keys_of(NOTE, " Zoë  Ann") == ("zoe ann",)


@pytest.mark.parametrize("definition", [NOTE, CODES, MAIL, HANDLE])
def test_what_is_cleared_has_no_key_and_claims_nothing(definition):
    assert keys_of(definition, None) == ()
    assert claims_of(definition, None) == ()


@given(st.text(max_size=60))
def test_no_key_of_a_text_holds_a_control_character(text):
    try:
        stored = parse_value(NOTE, text)
    except BadValue:
        return

    [key] = keys_of(NOTE, stored)

    assert not any(ord(letter) < 32 or ord(letter) == 127 for letter in key)


def test_a_unique_value_claims_itself_for_its_field():
    assert claims_of(MAIL, "zoe@example.com") == (IdentityName("field:Mail", "zoe@example.com"),)


def test_a_value_that_names_a_person_claims_an_identity_of_each_kind_of_channel():
    assert claims_of(PHONE, "+12125550123") == (IdentityName("phone", "+12125550123"),)


def test_each_value_of_a_list_claims_what_it_is():
    assert claims_of(HANDLE, ["Zoe@Example.com", "zoe@example.com"]) == (
        IdentityName("field:Handle", "zoe@example.com"),
        IdentityName("facebook", "zoe@example.com"),
        IdentityName("email", "zoe@example.com"),
    )


def test_a_value_that_can_not_be_an_identity_is_refused_without_being_told():
    assert refusal(claims_of, HANDLE, ["secret"]) == "custom.handle: not an e-mail address"


def test_a_value_is_found_where_it_is_searchable_and_claims_where_it_is_claimed():
    both = replace(MAIL, is_searchable=True, slot="t1")
    schema = CustomerSchema(1, (NOTE, CODES, LEVEL, both, PHONE))
    given = {
        "Note": "Late",
        "Codes": None,
        "Level": ["gold"],
        "Mail": "a@b.c",
        "Phone": None,
    }

    assert findable(given, schema) == Findable(
        {
            Place("t0", "Note"): ("late",),
            Place("s0", "Codes", is_list=True): (),
            Place("t1", "Mail"): ("a@b.c",),
        },
        {"Mail": (IdentityName("field:Mail", "a@b.c"),), "Phone": ()},
    )


def test_a_retired_field_is_found_as_its_definition_says():
    schema = CustomerSchema(1, (), (replace(NOTE, slot=None, is_retired=True),))

    assert findable({"Note": "Late"}, schema) == Findable()


@pytest.mark.parametrize(
    ("definition", "operator", "operand", "keys"),
    [
        (NOTE, Operator.EQUALS, "Zoë", ("zoe",)),
        (NOTE, Operator.IN, ["Zoë", "Ann"], ("zoe", "ann")),
        (NOTE, Operator.IN, [], ()),
        (NOTE, Operator.IN, "Zoë", ("zoe",)),
        (NOTE, Operator.STARTS_WITH, " Zo", ("zo",)),
        (NOTE, Operator.STARTS_WITH, "", ("",)),
        (NOTE, Operator.CONTAINS, "OË A", ("oe a",)),
        (NOTE, Operator.EXISTS, True, ()),
        (CODES, Operator.CONTAINS, "A", ("a",)),
        (CODES, Operator.IN, ["A", "b"], ("a", "b")),
        (MAIL, Operator.STARTS_WITH, "Zoe@", ("zoe@",)),
        (MAIL, Operator.EQUALS, "Zoe@Example.com", ("zoe@example.com",)),
    ],
)
def test_an_operator_compares_with_keys(definition, operator, operand, keys):
    assert operand_keys(definition, operator, operand, "where") == keys


@pytest.mark.parametrize(
    ("definition", "operator", "operand", "said"),
    [
        (NOTE, Operator.EQUALS, 42, "where: expected text"),
        (NOTE, Operator.EQUALS, {"$gt": ""}, "where: expected text"),
        (NOTE, Operator.IN, [["a"]], "where: expected text"),
        (NOTE, Operator.EQUALS, "a" * 201, "where: expected at most 200 characters"),
        (NOTE, Operator.IN, ["a", "a" * 201], "where: expected at most 200 characters"),
        (NOTE, Operator.IN, ["a"] * 51, "where: expected at most 50 values"),
        (NOTE, Operator.STARTS_WITH, "a" * 65, TOO_LONG),
        (NOTE, Operator.STARTS_WITH, "a\tb", TOO_LONG),
        (NOTE, Operator.STARTS_WITH, "a\0", TOO_LONG),
        (NOTE, Operator.STARTS_WITH, "\ud800", TOO_LONG),
        (NOTE, Operator.STARTS_WITH, {"$gt": ""}, TOO_LONG),
        (NOTE, Operator.CONTAINS, None, TOO_LONG),
        (NOTE, Operator.CONTAINS, "ab", "where: contains takes 3 characters or more"),
        (NOTE, Operator.CONTAINS, " ab ", "where: contains takes 3 characters or more"),
        (NOTE, Operator.CONTAINS, "a\u0301\u0301b", "where: contains takes 3 characters or more"),
        (CODES, Operator.CONTAINS, "a b", "where: expected 1 to 200 letters and digits"),
        (LEVEL, Operator.IN, ["bronze"], "where: expected one of 2 choices"),
    ],
)
def test_what_can_not_be_compared_is_refused(definition, operator, operand, said):
    assert refusal(operand_keys, definition, operator, operand, "where").startswith(said)


@given(st.text("aé .*$", min_size=3, max_size=40), st.data())
def test_a_part_of_a_text_is_a_part_of_its_key(text, data):
    begin = data.draw(st.integers(0, len(text) - 1))
    part = text[begin : data.draw(st.integers(begin + 1, len(text)))]

    found = part_key(folded, Operator.STARTS_WITH, part, "where")

    assert found in folded(text)


def test_one_value_of_in_is_a_list_of_it_and_50_are_let_in():
    assert checked_in("a", "where") == ["a"]
    assert checked_in(["a"] * 50, "where") == ["a"] * 50
