"""What makes a stored profile what a changed field wants."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.keyring.profile_keys import ProfileKeys
from app.store.documents import to_document
from app.store.refit import refit
from graph.kinds.search import findable
from graph.model.custom_field import CustomerSchema, FieldDefinition, Storage
from graph.model.profile import Profile, ProfileState
from policies.classification import DataClass
from policies.unreadable import Unreadable
from tests.support.sealing import a_seal

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
SEALED = replace(NOTE, is_sealed=True, version=3)
SEAL = a_seal("P1")


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
    return to_document(profile, [], SEAL, found)


def refitted(document, definition, gone=()):
    """What the profile of a document needs."""
    return refit(document, definition, gone, SEAL)


def after(document, update):
    """A document with such an update; nothing of these is a list."""
    found = {**document, "search": dict(document["search"]), "custom": dict(document["custom"])}
    for path, value in update.get("$set", {}).items():
        first, _, second = path.partition(".")
        if second:
            found[first][second] = value
        else:
            found[first] = value
    for path in update.get("$unset", {}):
        first, _, second = path.partition(".")
        del found[first][second]
    return found


def test_a_profile_that_is_as_its_field_wants_needs_nothing():
    assert refitted(kept(NOTE, {"F1": "calls late"}), NOTE).update == {}
    assert refitted(kept(NOTE, {}), NOTE).update == {}


def test_a_field_that_became_searchable_gets_its_keys():
    document = kept(PLAIN, {"F1": "Late"})

    found = refitted(document, NOTE)

    searched = kept(NOTE, {"F1": "Late"})
    assert found.update == {"$set": {"search.t0": "acme\tF1\tlate\tP1", "grams": searched["grams"]}}


def test_keys_that_nobody_looks_up_any_more_are_dropped():
    found = refitted(kept(NOTE, {"F1": "Late"}), PLAIN, ("t0",))

    assert found.update == {"$set": {"grams": []}, "$unset": {"search.t0": ""}}


def test_a_slot_that_serves_another_field_already_is_left_to_it():
    other = replace(NOTE, id="F2", key="other")
    listed = replace(other, kind="ALPHANUMERIC", is_list=True, slot="s0")

    assert refitted(kept(other, {"F2": "theirs"}), PLAIN, ("t0",)).update == {}
    assert refitted(kept(listed, {"F2": ["theirs"]}), PLAIN, ("s0",)).update == {}


def test_a_value_of_the_former_kind_is_converted_and_put_where_the_new_one_is_kept():
    number = replace(PLAIN, kind="NUMBER", storage="F1-2", previous=Storage("F1", "STRING"))

    assert refitted(kept(PLAIN, {"F1": "42"}), number).update == {
        "$set": {"custom.F1-2": 42},
        "$unset": {"custom.F1": ""},
    }


def test_a_value_that_does_not_fit_stays_where_it_was():
    number = replace(PLAIN, kind="NUMBER", storage="F1-2", previous=Storage("F1", "STRING"))

    found = refitted(kept(PLAIN, {"F1": "many"}), number)

    assert (found.update, found.is_left) == ({}, True)


def test_everybody_who_is_identified_gets_the_default_of_a_required_field():
    required = replace(PLAIN, is_required=True, default="none")
    anonymous = kept(PLAIN, {}) | {"state": "ANONYMOUS"}

    assert refitted(kept(PLAIN, {}), required).update == {"$set": {"custom.F1": "none"}}
    assert refitted(anonymous, required).update == {}


def test_a_field_that_became_sealed_has_its_value_sealed_and_its_keys_replaced():
    document = kept(NOTE, {"F1": "Calls late"})

    found = refitted(document, SEALED)

    index = SEAL.of_tenant.keys.index("search:F1", "calls late")
    put = found.update["$set"]
    assert found.update.keys() == {"$set"}
    assert put.keys() == {"custom.F1", "search.t0", "grams"}
    assert SEAL.opened("custom/F1", put["custom.F1"]) == "Calls late"
    assert type(put["custom.F1"]) is bytes
    assert put["search.t0"] == f"acme\tF1~\t{index}\tP1"
    assert "late" not in str(after(document, found.update))
    assert refitted(after(document, found.update), SEALED).update == {}


def test_a_field_that_is_sealed_no_longer_is_opened_and_found_by_its_text():
    document = kept(SEALED, {"F1": "Calls late"})

    found = refitted(document, NOTE)

    plain = kept(NOTE, {"F1": "Calls late"})
    assert found.update == {
        "$set": {
            "custom.F1": "Calls late",
            "search.t0": "acme\tF1\tcalls late\tP1",
            "grams": plain["grams"],
        }
    }
    assert after(document, found.update) == plain


def test_a_sealed_field_that_is_as_it_should_be_needs_nothing():
    assert refitted(kept(SEALED, {"F1": "Calls late"}), SEALED).update == {}
    assert refitted(kept(SEALED, {}), SEALED).update == {}


def test_keys_of_a_sealed_field_that_nobody_looks_up_any_more_are_dropped():
    document = kept(SEALED, {"F1": "Late"})
    sealed = replace(SEALED, is_searchable=False, slot=None)

    found = refitted(document, sealed, ("t0",))

    assert found.update["$unset"] == {"search.t0": ""}
    assert after(document, found.update)["custom"] == document["custom"]
    assert refitted(after(document, found.update), sealed, ("t0",)).update == {}


def test_keys_that_were_kept_before_the_field_was_sealed_are_dropped_as_well():
    sealed = replace(SEALED, is_searchable=False, slot=None)

    found = refitted(kept(NOTE, {"F1": "Late"}), sealed, ("t0",))

    assert found.update["$unset"] == {"search.t0": ""}
    assert found.update["$set"]["grams"] == []
    assert SEAL.opened("custom/F1", found.update["$set"]["custom.F1"]) == "Late"


def test_a_sealed_value_of_the_former_kind_is_opened_converted_and_sealed_where_it_is_kept_now():
    before = replace(SEALED, is_searchable=False, slot=None)
    number = replace(before, kind="NUMBER", storage="F1-2", previous=Storage("F1", "STRING"))

    update = refitted(kept(before, {"F1": "42"}), number).update

    assert SEAL.opened("custom/F1-2", update["$set"].pop("custom.F1-2")) == 42
    assert update == {"$set": {}, "$unset": {"custom.F1": ""}}


def test_a_default_of_a_sealed_field_is_sealed():
    required = replace(SEALED, is_searchable=False, slot=None, is_required=True, default="none")

    update = refitted(kept(PLAIN, {}), required).update

    assert update.keys() == {"$set"}
    assert update["$set"].keys() == {"custom.F1"}
    assert SEAL.opened("custom/F1", update["$set"]["custom.F1"]) == "none"


def test_a_damaged_value_stays_where_it_is_and_is_told():
    document = kept(SEALED, {"F1": "Late"})
    damaged = document | {"custom": {"F1": document["custom"]["F1"][:-1] + b"?"}}

    found = refitted(damaged, NOTE)

    assert (found.update, found.is_left) == ({}, True)


def test_what_was_erased_is_left_as_it_is_and_is_no_trouble():
    erased = replace(SEAL, keys=ProfileKeys({}))
    document = kept(SEALED, {"F1": "Late"})

    found = refit(document, NOTE, (), erased)

    assert erased.opened("custom/F1", document["custom"]["F1"]) is Unreadable.ERASED
    assert (found.update, found.is_left) == ({}, False)


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_default_is_not_sealed_where_the_keys_are_gone_and_that_stops_nothing(is_damaged):
    required = replace(SEALED, is_searchable=False, slot=None, is_required=True, default="none")
    gone = replace(SEAL, keys=ProfileKeys({}, is_damaged=is_damaged))

    found = refit(kept(required, {}), required, (), gone)

    assert (found.update, found.is_left, found.is_readable) == ({}, is_damaged, False)
