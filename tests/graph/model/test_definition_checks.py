"""Definitions of custom fields: which can work, and what is said of the others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.channel import Channel
from graph.model.custom_field import (
    Facets,
    FieldDefinition,
    FieldSource,
    Owner,
    SourceKind,
    SourceRule,
    Translation,
)
from graph.model.definition_checks import SYSTEM_KEYS, check_definition
from graph.model.errors import BadValue
from policies.classification import DataClass

TIER = FieldDefinition(
    id="F1", key="tier", label="Tier", kind="STRING", data_class=DataClass.BEHAVIOURAL
)
CHOICE = replace(TIER, kind="CHOICE", facets=Facets(choices=("gold", "silver")))
LIVE = FieldSource(SourceKind.LIVE, "crm", "contacts", "loyalty_tier")
KEY = "key: expected a lower-case letter, then up to 63 letters, digits or _"
LABEL = "label: expected 1 to 50 printable characters"
LANGUAGES = "translations: expected at most 100 different languages"
NAME = "expected a name of up to 50 letters, digits, blanks and .,&()/-"
CHOICES = "choices: expected different choices of 1 to 200 printable characters"
MANY = tuple(str(number) for number in range(501))
SHOWN = "only a LOCAL field, whose values are kept here, can have this"


def refusal(definition):
    """What is said of a definition that can't work."""
    with pytest.raises(BadValue) as refused:
        check_definition(definition)
    return str(refused.value)


def called(*languages, label="Stufe", description=None):
    """The field with translations of these languages."""
    told = (Translation(language, label, description) for language in languages)
    return replace(TIER, translations=tuple(told))


def chosen(*choices, kind="CHOICE"):
    """A field of these choices."""
    return replace(TIER, kind=kind, facets=Facets(choices=choices))


@pytest.mark.parametrize("key", ["a", "tier", "loyaltyTier", "tier_2", "a" * 64])
def test_a_key_is_a_name_of_graphql(key):
    check_definition(replace(TIER, key=key))


@pytest.mark.parametrize(
    "key", ["", "Tier", "2nd", "_tier", "__typename", "a" * 65, "tïer", "a-b", "a b", "tier\n"]
)
def test_another_key_is_refused(key):
    assert refusal(replace(TIER, key=key)) == KEY


@pytest.mark.parametrize("key", sorted(SYSTEM_KEYS))
def test_what_every_profile_has_already_can_not_be_defined(key):
    assert refusal(replace(TIER, key=key)) == (
        "key: this is a system field, which every profile has already"
    )


@given(st.text())
def test_a_key_that_is_let_in_is_nothing_but_ascii_letters_digits_and_underscores(key):
    try:
        check_definition(replace(TIER, key=key))
    except BadValue:
        return
    assert key.isascii()
    assert key.replace("_", "a").isalnum()
    assert key[0].islower()


@pytest.mark.parametrize("label", ["T", "T" * 50, f" {'T' * 50} ", "Größe (cm)"])
def test_a_label_has_up_to_50_characters(label):
    check_definition(replace(TIER, label=label))


@pytest.mark.parametrize("label", ["", "  ", "T" * 51, "a\nb", "a\0", "\u202e", "\ud800"])
def test_another_label_is_refused(label):
    assert refusal(replace(TIER, label=label)) == LABEL


def test_a_description_has_up_to_500_characters():
    check_definition(replace(TIER, description="d" * 500))

    assert refusal(replace(TIER, description="d" * 501)) == (
        "description: expected at most 500 characters"
    )


def test_a_field_is_called_differently_in_up_to_100_languages():
    check_definition(called("de", "pt-BR", "sr-Latn-RS", "de-CH-1996"))
    check_definition(called(*(f"de-x{number}" for number in range(100))))

    assert refusal(called(*(f"de-x{number}" for number in range(101)))) == LANGUAGES
    assert refusal(called("de", "DE")) == LANGUAGES


@pytest.mark.parametrize("language", ["", "d", "de_AT", "de-", "deutschland", "de AT", "dé"])
def test_what_is_no_language_tag_is_refused(language):
    assert refusal(called(language)) == "translations: expected language tags such as pt-BR"


def test_a_translation_is_as_short_as_what_it_translates():
    assert refusal(called("de", label="")) == f"translations.{LABEL}"
    assert refusal(called("de", description="d" * 501)) == (
        "translations.description: expected at most 500 characters"
    )


@pytest.mark.parametrize("part", ["group", "retention"])
def test_a_group_and_a_retention_are_names(part):
    check_definition(replace(TIER, **{part: "Größe & Farbe (A/B), 1.-2."}))

    for name in ("", "a" * 51, "a\nb", "<b>", "$x"):
        assert refusal(replace(TIER, **{part: name})) == f"{part}: {NAME}"


@pytest.mark.parametrize("kind", ["CHOICE", "CHOICES"])
def test_a_choice_has_up_to_500_choices(kind):
    check_definition(chosen("gold", "silver", kind=kind))
    check_definition(chosen(*MANY[:500], kind=kind))


@pytest.mark.parametrize("kind", ["CHOICE", "CHOICES"])
@pytest.mark.parametrize("choices", [(), MANY])
def test_a_choice_without_choices_or_with_too_many_is_refused(kind, choices):
    assert refusal(chosen(*choices, kind=kind)) == "choices: expected 1 to 500 choices"


@pytest.mark.parametrize(
    "choices", [("gold", "gold"), ("gold", ""), ("",), ("x" * 201,), ("a\tb",), ("\ud800",)]
)
def test_choices_that_can_not_be_told_apart_or_shown_are_refused(choices):
    assert refusal(chosen(*choices)) == CHOICES


def test_choices_of_another_kind_are_refused():
    assert refusal(chosen("gold", kind="STRING")) == (
        "choices: only a field of kind CHOICE or CHOICES has choices"
    )


@pytest.mark.parametrize(
    ("least", "most"), [(None, None), (0, 1), (3, 3), (None, 4000), (4000, None)]
)
def test_lengths_are_of_0_to_4000_characters(least, most):
    check_definition(replace(TIER, facets=Facets(min_length=least, max_length=most)))


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        (-1, None, "minLength: expected 0 to 4000"),
        (4001, None, "minLength: expected 0 to 4000"),
        (None, 0, "maxLength: expected 1 to 4000"),
        (None, 4001, "maxLength: expected 1 to 4000"),
        (4, 3, "minLength: expected no more than maxLength"),
    ],
)
def test_other_lengths_are_refused(least, most, said):
    assert refusal(replace(TIER, facets=Facets(min_length=least, max_length=most))) == said


@pytest.mark.parametrize("most", [0, -1, 1001])
def test_a_list_has_at_most_1000_values(most):
    check_definition(replace(TIER, is_list=True, max_values=1000))

    told = refusal(replace(TIER, is_list=True, max_values=most))
    assert told == "maxValues: expected 1 to 1000"


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
    assert refusal(replace(TIER, source=FieldSource(**{part: "crm"}))) == (
        "source: a LOCAL field has no connector, object or attribute"
    )


@pytest.mark.parametrize("kind", [SourceKind.LIVE, SourceKind.SYNCED])
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("required", {"is_required": True}),
        ("default", {"default": ""}),
        ("unique", {"is_unique": True}),
        ("channels", {"channels": (Channel.VOICE,)}),
    ],
)
def test_a_value_of_a_crm_is_not_promised_or_claimed(kind, name, more):
    check_definition(replace(TIER, **more))

    told = refusal(replace(TIER, source=replace(LIVE, kind=kind), **more))
    assert told == f"{name}: {SHOWN}"


def test_only_what_is_kept_here_is_found():
    searchable = replace(TIER, is_searchable=True)
    check_definition(replace(searchable, source=replace(LIVE, kind=SourceKind.SYNCED)))

    assert refusal(replace(searchable, source=LIVE)) == f"searchable: {SHOWN}"


@pytest.mark.parametrize("kind", [SourceKind.LIVE, SourceKind.LOCAL])
def test_only_a_copy_can_be_owned_by_the_profile(kind):
    synced = replace(LIVE, kind=SourceKind.SYNCED, owner=Owner.PROFILE)
    check_definition(replace(TIER, source=synced))

    told = refusal(replace(TIER, source=replace(synced, kind=kind)))
    assert told == "source: only a SYNCED field can be owned by the profile"


def test_a_password_is_never_copied():
    synced = replace(LIVE, kind=SourceKind.SYNCED)

    told = refusal(replace(TIER, kind="PASSWORD", source=synced))
    assert told == "source: a password can't be copied"


def further(count):
    """So many more live sources."""
    return tuple(replace(LIVE, connector=f"crm{number}") for number in range(count))


@pytest.mark.parametrize("rule", SourceRule)
def test_a_live_field_may_have_up_to_five_sources(rule):
    check_definition(replace(TIER, source=LIVE, further_sources=further(4), rule=rule))


@pytest.mark.parametrize(
    ("source", "more"),
    [
        (FieldSource(), further(1)),
        (replace(LIVE, kind=SourceKind.SYNCED), further(1)),
        (LIVE, (replace(LIVE, connector="erp", kind=SourceKind.SYNCED),)),
        (LIVE, (FieldSource(),)),
    ],
)
def test_only_live_sources_stand_beside_each_other(source, more):
    told = refusal(replace(TIER, source=source, further_sources=more))

    assert told == "furtherSources: only a LIVE field has several sources, all of them LIVE"


@pytest.mark.parametrize("more", [further(5), (LIVE,), further(1) * 2])
def test_sources_are_few_and_different(more):
    told = refusal(replace(TIER, source=LIVE, further_sources=more))

    assert told == "furtherSources: expected at most 5 different sources"


def test_a_rule_is_for_several_sources():
    told = refusal(replace(TIER, source=LIVE, rule=SourceRule.MOST_RECENT))

    assert told == "sourceRule: only a field with several sources has another rule"
