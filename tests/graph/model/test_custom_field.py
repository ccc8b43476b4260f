"""Definitions of custom fields: which can work, and what their index says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.custom_field import (
    CustomerSchema,
    FieldDefinition,
    FieldSource,
    SourceKind,
    check_definition,
)
from graph.model.errors import BadValue
from policies.classification import DataClass, Label

TIER = FieldDefinition(
    id="F1", key="tier", label="Tier", kind="TEXT", data_class=DataClass.BEHAVIOURAL
)
CHOICE = replace(TIER, kind="CHOICE", choices=("gold", "silver"))
LIVE = FieldSource(SourceKind.LIVE, "crm", "contacts", "loyalty_tier")
KEY = "key: expected a lower-case letter, then up to 63 letters, digits or _"
SOURCE = "source: a LOCAL field has no connector, object or attribute"


def refusal(definition):
    """What is said of a definition that can't work."""
    with pytest.raises(BadValue) as refused:
        check_definition(definition)
    return str(refused.value)


@pytest.mark.parametrize("key", ["a", "tier", "loyaltyTier", "tier_2", "a" * 64])
def test_a_key_is_a_name_of_graphql(key):
    check_definition(replace(TIER, key=key))


@pytest.mark.parametrize(
    "key", ["", "Tier", "2nd", "_tier", "__typename", "a" * 65, "tïer", "a-b", "a b", "tier\n"]
)
def test_another_key_is_refused(key):
    assert refusal(replace(TIER, key=key)) == KEY


@given(st.text())
def test_a_key_that_is_let_in_is_nothing_but_ascii_letters_digits_and_underscores(key):
    try:
        check_definition(replace(TIER, key=key))
    except BadValue:
        return
    assert key.isascii()
    assert key.replace("_", "a").isalnum()
    assert key[0].islower()


@pytest.mark.parametrize("label", ["T", "T" * 50, f" {'T' * 50} "])
def test_a_label_has_up_to_50_characters(label):
    check_definition(replace(TIER, label=label))


@pytest.mark.parametrize("label", ["", "  ", "T" * 51])
def test_another_label_is_refused(label):
    assert refusal(replace(TIER, label=label)) == "label: expected 1 to 50 characters"


def test_a_description_has_up_to_500_characters():
    check_definition(replace(TIER, description="d" * 500))

    assert refusal(replace(TIER, description="d" * 501)) == (
        "description: expected at most 500 characters"
    )


def test_a_choice_has_up_to_500_choices():
    check_definition(CHOICE)
    check_definition(replace(CHOICE, choices=tuple(str(number) for number in range(500))))


@pytest.mark.parametrize("choices", [(), tuple(str(number) for number in range(501))])
def test_a_choice_without_choices_or_with_too_many_is_refused(choices):
    assert refusal(replace(CHOICE, choices=choices)) == "choices: expected 1 to 500 choices"


@pytest.mark.parametrize("choices", [("gold", "gold"), ("gold", ""), ("",)])
def test_choices_that_can_not_be_told_apart_are_refused(choices):
    assert refusal(replace(CHOICE, choices=choices)) == (
        "choices: expected different, non-empty choices"
    )


def test_choices_of_another_kind_are_refused():
    assert refusal(replace(TIER, choices=("gold",))) == (
        "choices: only a field of kind CHOICE has choices"
    )


@pytest.mark.parametrize("kind", [SourceKind.LIVE, SourceKind.SYNCED])
def test_a_field_of_a_crm_says_where_it_is_found(kind):
    check_definition(replace(TIER, source=replace(LIVE, kind=kind)))


@pytest.mark.parametrize("part", ["connector", "object", "attribute"])
@pytest.mark.parametrize("kind", [SourceKind.LIVE, SourceKind.SYNCED])
@pytest.mark.parametrize("missing", [None, ""])
def test_a_field_of_a_crm_without_one_of_the_parts_is_refused(kind, part, missing):
    source = replace(LIVE, kind=kind, **{part: missing})

    assert refusal(replace(TIER, source=source)) == (
        f"source: a {kind.value} field needs connector, object, attribute"
    )


@pytest.mark.parametrize("part", ["connector", "object", "attribute"])
def test_a_local_field_with_a_part_of_a_crm_is_refused(part):
    assert refusal(replace(TIER, source=FieldSource(**{part: "crm"}))) == SOURCE


def test_a_definition_knows_where_its_decision_is_kept():
    assert TIER.coordinate == "Profile.custom.F1"
    assert TIER.access == Label(DataClass.BEHAVIOURAL)


def test_only_a_live_field_is_live():
    kinds = {kind: replace(TIER, source=FieldSource(kind)).is_live for kind in SourceKind}

    assert kinds == {SourceKind.LOCAL: False, SourceKind.SYNCED: False, SourceKind.LIVE: True}


def test_a_schema_finds_its_fields_by_key():
    other = replace(TIER, id="F2", key="score")

    assert CustomerSchema(2, (TIER, other)).by_key == {"tier": TIER, "score": other}
    assert CustomerSchema().by_key == {}
