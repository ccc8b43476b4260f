"""What makes a stored profile what a changed field wants."""

from dataclasses import replace
from datetime import UTC, datetime

from app.store.documents import to_document
from app.store.refit import refit
from graph.kinds.search import findable
from graph.model.custom_field import CustomerSchema, FieldDefinition, Storage
from graph.model.profile import Profile, ProfileState
from policies.classification import DataClass

NOTE = FieldDefinition(
    id="F1",
    key="note",
    label="Note",
    kind="STRING",
    data_class=DataClass.BEHAVIOURAL,
    is_searchable=True,
    slot="t0",
)
PLAIN = replace(NOTE, is_searchable=False, slot=None, version=2)


def kept(definition, values):
    """The document of a profile that was written by this definition."""
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    profile = Profile(
        id="P1",
        version=1,
        state=ProfileState.IDENTIFIED,
        created_at=moment,
        updated_at=moment,
        custom=values,
    )
    found = findable(values, CustomerSchema(1, (definition,)))
    return to_document(profile, [], "acme", found)


def test_a_profile_that_is_as_its_field_wants_needs_nothing():
    assert refit(kept(NOTE, {"F1": "calls late"}), NOTE, ()).update == {}
    assert refit(kept(NOTE, {}), NOTE, ()).update == {}


def test_a_field_that_became_searchable_gets_its_keys():
    document = kept(PLAIN, {"F1": "Late"})

    found = refit(document, NOTE, ())

    searched = kept(NOTE, {"F1": "Late"})
    assert found.update == {"$set": {"search.t0": "acme\tF1\tlate\tP1", "grams": searched["grams"]}}


def test_keys_that_nobody_looks_up_any_more_are_dropped():
    found = refit(kept(NOTE, {"F1": "Late"}), PLAIN, ("t0",))

    assert found.update == {"$set": {"grams": []}, "$unset": {"search.t0": ""}}


def test_a_slot_that_serves_another_field_already_is_left_to_it():
    other = replace(NOTE, id="F2", key="other")
    listed = replace(other, kind="ALPHANUMERIC", is_list=True, slot="s0")

    assert refit(kept(other, {"F2": "theirs"}), PLAIN, ("t0",)).update == {}
    assert refit(kept(listed, {"F2": ["theirs"]}), PLAIN, ("s0",)).update == {}


def test_a_value_of_the_former_kind_is_converted_and_put_where_the_new_one_is_kept():
    number = replace(PLAIN, kind="NUMBER", storage="F1-2", previous=Storage("F1", "STRING"))

    assert refit(kept(PLAIN, {"F1": "42"}), number, ()).update == {
        "$set": {"custom.F1-2": 42},
        "$unset": {"custom.F1": ""},
    }


def test_a_value_that_does_not_fit_stays_where_it_was():
    number = replace(PLAIN, kind="NUMBER", storage="F1-2", previous=Storage("F1", "STRING"))

    found = refit(kept(PLAIN, {"F1": "many"}), number, ())

    assert (found.update, found.is_left) == ({}, True)


def test_everybody_who_is_identified_gets_the_default_of_a_required_field():
    required = replace(PLAIN, is_required=True, default="none")
    anonymous = kept(PLAIN, {}) | {"state": "ANONYMOUS"}

    assert refit(kept(PLAIN, {}), required, ()).update == {"$set": {"custom.F1": "none"}}
    assert refit(anonymous, required, ()).update == {}
