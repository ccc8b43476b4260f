"""Custom values between clients and the store, by the tenant's definitions."""

from datetime import date

import pytest

from graph.kinds.values import loaded, parse_custom, parse_value
from graph.model.custom_field import CustomerSchema, FieldDefinition, FieldSource, SourceKind
from graph.model.errors import BadValue
from policies.classification import DataClass


def a_field(id, key, kind="TEXT", **more):
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
        a_field("F3", "level", "CHOICE", choices=("gold", "silver")),
        a_field("F4", "tier", source=OWNED),
        a_field("F5", "code", source=SYNCED),
    ),
)


def refusal(values):
    """What is said of values that can't be kept."""
    with pytest.raises(BadValue) as refused:
        parse_custom(values, SCHEMA)
    return refused.value.field, str(refused.value)


def test_values_are_kept_by_the_id_of_their_field():
    given = {"note": "calls late", "renewal": "2027-01-31", "level": "gold"}

    assert parse_custom(given, SCHEMA) == {"F1": "calls late", "F2": "2027-01-31", "F3": "gold"}


def test_null_clears_whatever_the_kind():
    assert parse_custom({"note": None, "renewal": None, "level": None}, SCHEMA) == {
        "F1": None,
        "F2": None,
        "F3": None,
    }


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
    ],
)
def test_a_value_its_kind_can_not_hold_names_the_field_and_not_the_value(key, value, said):
    assert refusal({key: value}) == (f"custom.{key}", said)


def test_a_refusal_keeps_no_chain_that_could_tell_the_value():
    with pytest.raises(BadValue) as refused:
        parse_value(SCHEMA.by_key["note"], 42)

    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_kept_values_come_back_as_values_of_their_kind():
    kept = {"F1": "calls late", "F2": "2027-01-31", "F3": "gold"}

    assert loaded(kept, SCHEMA) == {"F1": "calls late", "F2": date(2027, 1, 31), "F3": "gold"}


def test_what_is_not_defined_any_more_is_left_out():
    assert loaded({"F1": "calls late", "F9": "old"}, SCHEMA) == {"F1": "calls late"}


def test_what_is_not_kept_is_not_loaded():
    assert loaded({}, SCHEMA) == {}
