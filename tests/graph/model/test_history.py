"""What changed from one state of a profile to another, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given

from graph.model.channel import Channel
from graph.model.history import ITEMS, ValueChange, differences
from graph.model.identity import Identity
from graph.model.preference import Preferences
from graph.model.profile import Link, PersonName, Profile, ProfileState
from tests.graph.model.records import a_chance, a_record, seeds

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@given(seeds)
def test_what_did_not_change_is_not_told(seed: int):
    profile = a_record(a_chance(seed), 0).profile
    assert differences(profile, profile) == ()


@given(seeds)
def test_a_difference_backwards_is_the_difference_turned_round(seed: int):
    chance = a_chance(seed)
    one, other = (a_record(chance, number).profile for number in range(2))
    there, back = differences(one, other), differences(other, one)
    turned = {change.attribute: (change.after, change.before) for change in back}
    assert {change.attribute: (change.before, change.after) for change in there} == turned


@given(seeds)
def test_every_difference_is_one(seed: int):
    chance = a_chance(seed)
    one, other = (a_record(chance, number).profile for number in range(2))
    for change in differences(one, other):
        assert change.before != change.after
        if change.attribute in ITEMS:
            assert not any(item in change.after for item in change.before)


def test_values_and_items_are_told_by_attribute():
    before = Profile(id="A", name=PersonName(given="Ada"), custom={"F1": 1, "F2": 2})
    link = Link(source="crm", object="contacts", record_id="7")
    after = replace(
        before,
        state=ProfileState.IDENTIFIED,
        name=PersonName(given="Ada", family="Lovelace"),
        custom={"F1": 1, "F3": 3},
        links=(link,),
    )
    told = {change.attribute: change for change in differences(before, after)}
    assert set(told.values()) == {
        ValueChange("state", ProfileState.ANONYMOUS, ProfileState.IDENTIFIED),
        ValueChange("name.family", None, "Lovelace"),
        ValueChange("custom.F2", 2, None),
        ValueChange("custom.F3", None, 3),
        ValueChange("links", (), (link,)),
    }


def test_who_brought_an_item_and_when_it_was_seen_is_no_change():
    item = Identity(channel=Channel.EMAIL, value="ada@example.org")
    seen = replace(item, origins=("B",), last_seen_at=NOW)
    before, after = Profile(id="A", identities=(item,)), Profile(id="A", identities=(seen,))
    assert differences(before, after) == ()


def test_preferences_that_say_nothing_are_none():
    assert differences(Profile(id="A"), Profile(id="A", preferences=Preferences())) == ()
