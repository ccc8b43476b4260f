"""Definitions of custom fields and their schema: what they tell of themselves."""

from dataclasses import replace

import pytest

from graph.model.channel import Channel
from graph.model.custom_field import (
    CustomerSchema,
    FieldDefinition,
    FieldSource,
    SourceKind,
    Storage,
    Translation,
    customer_schema,
)
from policies.classification import DataClass, Label

TIER = FieldDefinition(
    id="F1", key="tier", label="Tier", kind="STRING", data_class=DataClass.BEHAVIOURAL
)
TOLD = replace(
    TIER,
    description="How loyal",
    translations=(
        Translation("de", "Stufe", "Wie treu"),
        Translation("de-AT", "Staffel"),
        Translation("pt-BR", "Nível", "Quão leal"),
    ),
)


def test_a_definition_knows_where_its_decision_is_kept():
    assert TIER.coordinate == "Profile.custom.F1"


def test_a_definition_tells_what_protects_its_value():
    guarded = replace(TIER, roles=frozenset({"agent"}), needs_step_up=True)

    assert TIER.access == Label(DataClass.BEHAVIOURAL)
    assert guarded.access == Label(DataClass.BEHAVIOURAL, frozenset({"agent"}), needs_step_up=True)


def test_only_a_live_field_is_live():
    kinds = {kind: replace(TIER, source=FieldSource(kind)).is_live for kind in SourceKind}

    assert kinds == {SourceKind.LOCAL: False, SourceKind.SYNCED: False, SourceKind.LIVE: True}


def test_values_are_kept_under_the_id_until_the_kind_has_changed():
    assert TIER.kept_as == "F1"
    assert replace(TIER, storage="F1-2").kept_as == "F1-2"


@pytest.mark.parametrize(
    ("more", "claimed"),
    [
        ({}, False),
        ({"is_unique": True}, True),
        ({"channels": (Channel.VOICE,)}, True),
        ({"is_unique": True, "channels": (Channel.VOICE,)}, True),
    ],
)
def test_what_is_unique_or_names_its_person_belongs_to_one_profile(more, claimed):
    assert replace(TIER, **more).is_claimed is claimed


@pytest.mark.parametrize(
    ("language", "label", "description"),
    [
        (None, "Tier", "How loyal"),
        ("", "Tier", "How loyal"),
        ("fr", "Tier", "How loyal"),
        ("de", "Stufe", "Wie treu"),
        ("DE", "Stufe", "Wie treu"),
        ("de-CH-1996", "Stufe", "Wie treu"),
        ("de-at", "Staffel", "How loyal"),
        ("pt-BR", "Nível", "Quão leal"),
        ("pt", "Tier", "How loyal"),
    ],
)
def test_a_field_is_called_as_in_the_language_or_the_nearest_wider_one(
    language, label, description
):
    assert TOLD.label_in(language) == label
    assert TOLD.description_in(language) == description


def test_a_field_without_translations_or_description_is_called_by_its_label():
    assert (TIER.label_in("de"), TIER.description_in("de")) == ("Tier", None)


def test_a_definition_never_shows_its_default():
    assert "secret" not in repr(replace(TIER, default="secret"))


def test_a_schema_finds_its_fields_by_key_id_and_storage():
    moved = replace(TIER, id="F2", key="score", storage="F2-3", previous=Storage("F2", "STRING"))
    gone = replace(TIER, id="F3", is_retired=True)
    schema = CustomerSchema(2, (TIER, moved), (gone,))

    assert schema.by_key == {"tier": TIER, "score": moved}
    assert schema.by_id == {"F1": TIER, "F2": moved, "F3": gone}
    assert schema.by_storage == {"F1": TIER, "F2": moved, "F2-3": moved}


def test_a_schema_without_fields_finds_none():
    empty = CustomerSchema()

    assert (empty.revision, empty.by_key, empty.by_id, empty.by_storage) == (0, {}, {}, {})


def test_fields_stand_as_screens_order_them_and_retired_ones_apart():
    first = replace(TIER, id="F2", key="score", position=1)
    last = replace(TIER, position=7)
    middle = replace(TIER, id="F4", key="nick", position=7, is_retired=True)
    beside = replace(TIER, id="F3", key="note", position=7)
    given = {item.id: item for item in (last, first, middle, beside)}

    schema = customer_schema(5, given)

    assert schema == CustomerSchema(5, (first, last, beside), (middle,))
