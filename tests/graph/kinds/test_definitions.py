"""Definitions as their kinds want them, and changes of them as stored values allow."""

from dataclasses import replace

import pytest

from graph.kinds.definitions import (
    checked_definition,
    is_checked_against_values,
    is_converted,
    is_rewritten,
    misfit,
    storage_of,
)
from graph.kinds.table import KINDS
from graph.model.channel import Channel
from graph.model.custom_field import Facets, FieldDefinition, Storage
from graph.model.errors import BadValue
from policies.classification import DataClass

MOST = 10
CHOSEN = Facets(choices=("gold", "silver"))
NOTE = FieldDefinition(
    id="F1", key="note", label="Note", kind="STRING", data_class=DataClass.BEHAVIOURAL
)


def of(kind, **more):
    """The field as one of another kind; choices where it must have them."""
    facets = {"facets": CHOSEN} if kind in {"CHOICE", "CHOICES"} else {}
    return replace(NOTE, kind=kind, **facets | more)


def refusal(definition):
    """What is said of a definition that its kind can't work with."""
    with pytest.raises(BadValue) as refused:
        checked_definition(definition, MOST)
    return str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_of_each_kind_can_be_defined_as_it_is(kind):
    assert checked_definition(of(kind), MOST) == of(kind)


def test_what_no_definition_can_be_is_refused_first():
    assert refusal(replace(NOTE, key="")).startswith("key: ")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "length" not in KINDS[kind].facets])
def test_lengths_belong_to_kinds_of_text(kind):
    for given in (Facets(min_length=1), Facets(max_length=1)):
        facets = replace(given, choices=of(kind).facets.choices)
        assert refusal(of(kind, facets=facets)) == (
            f"maxLength: a field of kind {kind} has no length"
        )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "pattern" not in KINDS[kind].facets])
def test_patterns_belong_to_kinds_of_text(kind):
    facets = Facets(choices=of(kind).facets.choices, pattern="a")

    assert refusal(of(kind, facets=facets)) == f"pattern: a field of kind {kind} has no pattern"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "range" not in KINDS[kind].facets])
def test_ranges_belong_to_kinds_that_are_ordered(kind):
    for given in (Facets(minimum=1), Facets(maximum=1)):
        facets = replace(given, choices=of(kind).facets.choices)
        assert refusal(of(kind, facets=facets)) == f"min: a field of kind {kind} has no range"


def test_a_pattern_must_be_one():
    assert checked_definition(of("STRING", facets=Facets(pattern="a+")), MOST).facets.pattern == (
        "a+"
    )
    assert refusal(of("STRING", facets=Facets(pattern="("))).startswith("pattern: not a pattern")


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        ("NUMBER", (-1, 10.5), (-1, 10.5)),
        ("DATE", ("20200101", "2020-12-31"), ("2020-01-01", "2020-12-31")),
        ("NUMBER", (5, 5), (5, 5)),
        ("NUMBER", (None, 5), (None, 5)),
        ("NUMBER", (5, None), (5, None)),
    ],
)
def test_minimum_and_maximum_are_kept_as_values_are(kind, sent, kept):
    facets = Facets(minimum=sent[0], maximum=sent[1])

    found = checked_definition(of(kind, facets=facets), MOST).facets

    assert (found.minimum, found.maximum) == kept


@pytest.mark.parametrize(
    ("kind", "least", "most", "said"),
    [
        ("NUMBER", "1", None, "min: expected a number"),
        ("NUMBER", None, "secret", "max: expected a number"),
        ("DATE", None, "secret", "max: expected a date such as 2021-03-04"),
        ("NUMBER", 6, 5, "min: expected no more than max"),
        ("NUMBER", 0, -1, "min: expected no more than max"),
    ],
)
def test_another_minimum_or_maximum_is_refused(kind, least, most, said):
    assert refusal(of(kind, facets=Facets(minimum=least, maximum=most))) == said


@pytest.mark.parametrize("kind", ["CHOICES", "PASSWORD", "BOOLEAN"])
def test_some_kinds_make_no_lists(kind):
    assert refusal(of(kind, is_list=True)) == f"isList: a field of kind {kind} can't be a list"


def test_only_a_field_that_holds_a_list_has_a_most_of_values():
    for field in (of("STRING", is_list=True, max_values=3), of("CHOICES", max_values=3)):
        assert checked_definition(field, MOST) == field

    assert refusal(of("STRING", max_values=3)) == (
        "maxValues: only a field that holds a list has this"
    )


@pytest.mark.parametrize("kind", ["STRING", "ALPHANUMERIC", "EMAIL", "PHONE_NUMBER"])
def test_a_field_of_some_kinds_may_name_its_person(kind):
    found = checked_definition(of(kind, channels=(Channel.CHAT,)), MOST)

    assert found.channels == (Channel.CHAT,)
    assert found.max_values is None


@pytest.mark.parametrize("kind", ["NAME", "NUMBER", "CHOICE", "CHOICES", "URL", "PASSWORD"])
def test_a_field_of_another_kind_may_not(kind):
    assert refusal(of(kind, channels=(Channel.CHAT,))) == (
        "channels: expected a field of kind ALPHANUMERIC, EMAIL, PHONE_NUMBER, STRING"
    )


@pytest.mark.parametrize(("given", "kept"), [(None, MOST), (3, 3), (MOST, MOST)])
def test_a_list_that_names_its_person_has_a_most_of_values(given, kept):
    field = of("EMAIL", channels=(Channel.EMAIL,), is_list=True, max_values=given)

    assert checked_definition(field, MOST).max_values == kept


def test_a_list_that_names_its_person_has_no_more_values_than_it_may_have_identities():
    field = of("EMAIL", channels=(Channel.EMAIL,), is_list=True, max_values=MOST + 1)

    assert refusal(field) == "maxValues: a field that identifies has at most 10 values"


@pytest.mark.parametrize("kind", ["STRING", "URL"])
@pytest.mark.parametrize(
    "more", [{"is_searchable": True}, {"is_unique": True}, {"is_unique": True, "is_list": True}]
)
def test_a_long_text_that_is_found_has_at_most_200_characters(kind, more):
    told = "maxLength: a searchable or unique field has at most 200 characters"

    assert checked_definition(of(kind, **more), MOST).facets.max_length == 200
    for most in (50, 200):
        field = of(kind, facets=Facets(max_length=most), **more)
        assert checked_definition(field, MOST) == field
    assert refusal(of(kind, facets=Facets(max_length=201), **more)) == told
    assert refusal(of(kind, facets=Facets(min_length=201), **more)) == told


def test_a_long_text_that_nobody_looks_for_may_be_longer():
    assert checked_definition(NOTE, MOST).facets.max_length is None


@pytest.mark.parametrize("kind", ["PASSWORD", "CHOICES"])
def test_what_is_not_compared_as_a_whole_can_not_be_unique(kind):
    assert refusal(of(kind, is_unique=True)) == f"unique: a field of kind {kind} can't be unique"


def test_a_unique_field_has_no_default():
    assert refusal(of("STRING", is_unique=True, default="a")) == (
        "default: a unique field can't have one: two profiles would share it"
    )


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        (of("STRING", default="a"), "a"),
        (of("DATE", default="20200102"), "2020-01-02"),
        (of("CHOICES", default=["gold", "gold"]), ["gold"]),
        (of("STRING", is_list=True, default=["b", "a"]), ["b", "a"]),
        (of("BOOLEAN", default=False), False),
    ],
)
def test_a_default_is_kept_as_values_are(field, kept):
    assert checked_definition(field, MOST).default == kept


def test_a_default_that_its_field_can_not_hold_is_refused():
    field = of("NUMBER", default=11, facets=Facets(maximum=10))

    assert refusal(field) == "default: expected the field's maximum or less"
    assert refusal(of("CHOICE", default="secret")) == "default: expected one of 2 choices"


LISTED = of("STRING", is_list=True)


@pytest.mark.parametrize(
    ("new", "known", "converted"),
    [
        (NOTE, NOTE, False),
        (NOTE, of("NAME"), True),
        (LISTED, NOTE, True),
        (NOTE, LISTED, True),
        (of("CHOICES"), of("CHOICE", is_list=True), False),
        (of("CHOICE", is_list=True), of("CHOICES"), False),
        (of("CHOICES"), of("CHOICE"), True),
        (of("CHOICE"), of("CHOICES"), True),
        (of("STRING", facets=Facets(max_length=3)), NOTE, False),
    ],
)
def test_values_are_converted_where_they_are_of_another_kind_or_number(new, known, converted):
    assert is_converted(new, known) is converted


@pytest.mark.parametrize(
    ("new", "known", "stored"),
    [
        (NOTE, NOTE, "a"),
        (NOTE, NOTE, None),
        (of("NUMBER"), NOTE, "42"),
        (NOTE, of("NUMBER"), 42),
        (LISTED, NOTE, "a"),
        (NOTE, LISTED, ["a"]),
        (of("STRING", is_required=True), NOTE, "a"),
        (of("STRING", is_required=True, default="x"), NOTE, None),
        (of("CHOICES"), of("CHOICE", is_list=True), ["gold"]),
        (of("CHOICE"), NOTE, "gold"),
        (of("PASSWORD"), of("PASSWORD"), "$scrypt$..."),
        (of("DATE", facets=Facets(minimum="2020-01-01")), of("DATE"), "2020-01-01"),
        (of("STRING", channels=(Channel.EMAIL,)), NOTE, "zoe@example.com"),
    ],
)
def test_a_value_that_the_new_definition_can_hold_fits(new, known, stored):
    assert misfit(new, known, stored) is None


@pytest.mark.parametrize(
    ("new", "known", "stored", "why"),
    [
        (of("STRING", is_required=True), NOTE, None, "required, and there is no default"),
        (of("NUMBER"), NOTE, "many", "can't be converted"),
        (NOTE, LISTED, ["a", "b"], "can't be converted"),
        (of("CHOICE"), NOTE, "secret", "can't be converted"),
        (of("STRING", facets=Facets(max_length=1)), NOTE, "ab", "expected 0 to 1 characters"),
        (of("STRING", is_list=True, max_values=1), LISTED, ["a", "b"], "expected at most 1 values"),
        (of("PASSWORD"), NOTE, "secret", "a password can't be converted"),
        (NOTE, of("PASSWORD"), "$scrypt$...", "a password can't be converted"),
        (of("STRING", channels=(Channel.EMAIL,)), NOTE, "secret", "not an e-mail address"),
    ],
)
def test_a_value_that_the_new_definition_can_not_hold_is_told_without_it(new, known, stored, why):
    assert misfit(new, known, stored) == why


def test_a_field_tells_where_and_how_it_keeps_its_values():
    assert storage_of(NOTE) == Storage("F1", "STRING")
    assert storage_of(replace(LISTED, storage="F1-2")) == Storage("F1-2", "STRING", is_list=True)


@pytest.mark.parametrize(
    ("more", "checked", "rewritten"),
    [
        ({}, False, False),
        ({"label": "L", "position": 7, "group": "g", "default": "x"}, False, False),
        ({"facets": Facets(max_length=3)}, True, False),
        ({"is_required": True, "default": "x"}, True, True),
        ({"kind": "NAME"}, True, True),
        ({"is_list": True}, True, True),
        ({"is_unique": True}, True, True),
        ({"channels": (Channel.CHAT,)}, True, True),
        ({"is_searchable": True}, False, True),
        ({"slot": "t0"}, False, True),
        ({"is_retired": True}, False, True),
        ({"is_purged": True}, False, True),
    ],
)
def test_a_change_has_values_looked_at_or_written_anew_where_it_must(more, checked, rewritten):
    new = replace(NOTE, **more)

    assert is_checked_against_values(new, NOTE) is checked
    assert is_rewritten(new, NOTE) is rewritten


def test_what_is_loosened_is_not_written_anew():
    assert is_rewritten(NOTE, of("STRING", is_required=True, default="x")) is False
    assert is_rewritten(of("CHOICES"), of("CHOICE", is_list=True)) is False


@pytest.mark.parametrize(
    ("more", "rewritten"),
    [
        ({}, False),
        ({"default": "x"}, False),
        ({"is_required": True}, False),
        ({"is_required": True, "default": "x"}, True),
        ({"is_searchable": True, "slot": "t0"}, False),
    ],
)
def test_a_new_field_is_written_only_where_everybody_must_have_its_default(more, rewritten):
    assert is_rewritten(replace(NOTE, **more), None) is rewritten
