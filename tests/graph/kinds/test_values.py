"""Custom values between clients and the store, by the tenant's definitions."""

from dataclasses import replace
from datetime import date

import pytest

from graph.kinds.values import convert_value, holds_list, loaded, parse_custom, parse_value
from graph.model.channel import Channel
from graph.model.custom_field import (
    CustomerSchema,
    Facets,
    FieldDefinition,
    FieldSource,
    SourceKind,
    Storage,
)
from graph.model.errors import BadValue
from policies.classification import DataClass


def a_field(id, key, kind="STRING", **more):
    """A definition, in the profile unless told."""
    return FieldDefinition(
        id=id, key=key, label=key, kind=kind, data_class=DataClass.BEHAVIOURAL, **more
    )


OWNED = FieldSource(SourceKind.LIVE, "crm", "contacts", "tier")
SYNCED = FieldSource(SourceKind.SYNCED, "erp", "parties", "code")
SCHEMA = CustomerSchema(
    4,
    (
        a_field("F1", "note"),
        a_field("F2", "renewal", "DATE"),
        a_field("F3", "level", "CHOICE", facets=Facets(choices=("gold", "silver"))),
        a_field("F4", "tier", source=OWNED),
        a_field("F5", "code", source=SYNCED),
        a_field("F6", "codes", "ALPHANUMERIC", is_list=True, max_values=3),
        a_field("F7", "hobbies", "CHOICES", facets=Facets(choices=("chess", "golf"))),
    ),
)
MOVED = a_field("F1", "visits", "NUMBER", storage="F1-2", previous=Storage("F1", "STRING"))
AFTER_MOVING = CustomerSchema(5, (MOVED,))


def refusal(values):
    """What is said of values that can't be kept."""
    with pytest.raises(BadValue) as refused:
        parse_custom(values, SCHEMA)
    return refused.value.field, str(refused.value)


def said_of(definition, value):
    """What is said of one value that can't be kept."""
    with pytest.raises(BadValue) as refused:
        parse_value(definition, value)
    return refused.value.reason


def test_values_are_kept_by_the_id_of_their_field():
    given = {
        "note": "calls late",
        "renewal": "2027-01-31",
        "level": "gold",
        "codes": ["A1", "B2"],
        "hobbies": [],
    }

    assert parse_custom(given, SCHEMA) == {
        "F1": "calls late",
        "F2": "2027-01-31",
        "F3": "gold",
        "F6": ["A1", "B2"],
        "F7": [],
    }


def test_null_clears_whatever_the_kind():
    given = {"note": None, "renewal": None, "level": None, "codes": None}

    assert parse_custom(given, SCHEMA) == {"F1": None, "F2": None, "F3": None, "F6": None}


def test_no_values_are_no_change():
    assert parse_custom({}, SCHEMA) == {}


def test_a_key_nobody_defined_is_refused_without_being_told():
    assert refusal({"note": "a", "secret": "b"}) == (
        "custom",
        "custom: no field is defined under one of these keys",
    )


@pytest.mark.parametrize(("key", "owner"), [("tier", "crm"), ("code", "erp")])
@pytest.mark.parametrize("value", ["gold", None])
def test_a_value_that_a_crm_owns_is_refused(key, owner, value):
    assert refusal({key: value}) == (
        f"custom.{key}",
        f"custom.{key}: the value is owned by {owner}",
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("note", 42, "custom.note: expected text"),
        ("renewal", "soon-secret", "custom.renewal: expected a date such as 2021-03-04"),
        ("level", "bronze-secret", "custom.level: expected one of 2 choices"),
        ("codes", "A1", "custom.codes: expected a list"),
        ("codes", {"A1": 1}, "custom.codes: expected a list"),
        ("codes", ["A1", None], "custom.codes: expected a list without null"),
        ("codes", ["A1", "A2", "A3", "A4"], "custom.codes: expected at most 3 values"),
        ("hobbies", ["chess", "secret"], "custom.hobbies: expected one of 2 choices"),
    ],
)
def test_a_value_its_kind_can_not_hold_names_the_field_and_not_the_value(key, value, said):
    assert refusal({key: value}) == (f"custom.{key}", said)


def test_a_refusal_keeps_no_chain_that_could_tell_the_value():
    with pytest.raises(BadValue) as refused:
        parse_value(SCHEMA.by_key["note"], 42)

    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_text_of_a_source_is_understood_as_sources_have_it():
    visits = a_field("F8", "visits", "NUMBER")

    assert parse_value(visits, " 42 ", is_from_source=True) == 42
    assert said_of(visits, " 42 ") == "expected a number"


@pytest.mark.parametrize(
    ("facets", "value", "said"),
    [
        (Facets(min_length=3), "ab", "expected 3 or more characters"),
        (Facets(max_length=3), "abcd", "expected 0 to 3 characters"),
        (Facets(pattern="a+"), "aab", "expected text of the field's pattern"),
    ],
)
def test_a_text_that_its_definition_does_not_allow_is_refused(facets, value, said):
    assert said_of(a_field("F8", "plate", facets=facets), value) == said


@pytest.mark.parametrize("value", ["abc", "abcd", "abcde"])
def test_a_text_that_its_definition_allows_is_kept(value):
    plate = a_field("F8", "plate", facets=Facets(min_length=3, max_length=5, pattern="[a-e]+"))

    assert parse_value(plate, value) == value


@pytest.mark.parametrize(
    ("kind", "least", "most", "below", "within", "above"),
    [
        ("NUMBER", -1, 10, -1.5, [-1, 0, 10], 10.5),
        ("DATE", "2020-01-01", "2020-12-31", "2019-12-31", ["2020-01-01"], "2021-01-01"),
    ],
)
def test_a_range_holds_its_ends_and_what_is_between(kind, least, most, below, within, above):
    field = a_field("F8", "since", kind, facets=Facets(minimum=least, maximum=most))

    assert [parse_value(field, value) for value in within] == within
    assert said_of(field, below) == "expected the field's minimum or more"
    assert said_of(field, above) == "expected the field's maximum or less"


def test_a_list_keeps_its_order_and_what_comes_twice():
    assert parse_value(SCHEMA.by_key["codes"], ["b", "a", "b"]) == ["b", "a", "b"]


@pytest.mark.parametrize("more", [{"is_unique": True}, {"channels": (Channel.VOICE,)}])
def test_what_is_chosen_or_names_somebody_is_kept_once(more):
    codes = replace(SCHEMA.by_key["codes"], **more)

    assert parse_value(codes, ["b", "a", "b"]) == ["b", "a"]
    assert parse_value(SCHEMA.by_key["hobbies"], ["golf", "golf"]) == ["golf"]


def test_a_field_holds_a_list_by_its_definition_or_by_its_kind():
    held = {item.key: holds_list(item) for item in SCHEMA.fields}

    assert [key for key, is_list in held.items() if is_list] == ["codes", "hobbies"]
    assert holds_list(Storage("F1", "CHOICES"))
    assert not holds_list(Storage("F1", "CHOICE"))


def test_kept_values_come_back_as_values_of_their_kind():
    kept = {"F1": "calls late", "F2": "2027-01-31", "F3": "gold", "F6": ["A1"], "F7": []}

    assert loaded(kept, SCHEMA) == {
        "F1": "calls late",
        "F2": date(2027, 1, 31),
        "F3": "gold",
        "F6": ("A1",),
        "F7": (),
    }


def test_a_single_value_that_became_a_choice_of_several_is_a_list_of_it():
    assert loaded({"F7": "golf"}, SCHEMA) == {"F7": ("golf",)}


def test_values_are_read_where_their_field_keeps_them():
    kept = a_field("F1", "note", storage="F1-3")

    assert loaded({"F1-3": "new", "F9": "old"}, CustomerSchema(1, (kept,))) == {"F1": "new"}


def test_what_is_not_defined_any_more_is_left_out():
    assert loaded({"F1": "calls late", "F9": "old"}, SCHEMA) == {"F1": "calls late"}


def test_what_is_not_kept_is_not_loaded():
    assert loaded({}, SCHEMA) == {}


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ({"F1": "42"}, {"F1": 42}),
        ({"F1": "many"}, {"F1": None}),
        ({"F1": "42", "F1-2": 43}, {"F1": 43}),
        ({"F1-2": 43, "F1": "42"}, {"F1": 43}),
    ],
)
def test_a_value_that_waits_to_be_converted_is_read_as_its_new_kind(kept, read):
    assert loaded(kept, AFTER_MOVING) == read


def test_a_value_of_a_field_that_was_not_changed_is_not_converted():
    assert convert_value(SCHEMA.by_key["note"], "calls late") is None


@pytest.mark.parametrize(
    ("stored", "kept"), [(["42"], 42), (["42", "43"], None), ([], None), (["many"], None)]
)
def test_a_list_becomes_a_single_value_where_it_has_one(stored, kept):
    field = replace(MOVED, previous=Storage("F1", "STRING", is_list=True))

    assert convert_value(field, stored) == kept


@pytest.mark.parametrize(("stored", "kept"), [("42", [42]), ("many", None)])
def test_a_single_value_becomes_a_list_of_it(stored, kept):
    assert convert_value(replace(MOVED, is_list=True), stored) == kept
