"""Merging is lossless, whatever is merged and parted in whatever order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model.consent import Consent, ConsentStatus, effective, recorded, standing
from graph.model.errors import LimitReached
from graph.model.merging import MAX_MEMBERS, Plan, Survival, merged
from graph.model.preference import Preferences, Said
from graph.model.profile import PersonName, Profile, ProfileState
from graph.model.provenance import Provenance
from graph.model.record import Record
from graph.model.survivorship import Reason, Rule, Survivorship
from graph.model.unmerging import unmerged
from tests.graph.model.records import BEGAN, SURVIVORSHIPS, World, attributes, worlds


@given(worlds(3), SURVIVORSHIPS)
def test_merging_and_unmerging_is_the_identity(made: dict[str, Record], rules: Survivorship):
    world = World(dict(made))
    world.merge("P0", "P1", rules)
    world.part("P1")
    assert world.records == made


@given(worlds(4), SURVIVORSHIPS, st.data())
def test_a_merge_is_undone_whatever_was_merged_before(
    made: dict[str, Record], rules: Survivorship, data: st.DataObject
):
    world = World(dict(made))
    world.merge("P0", "P1", data.draw(SURVIVORSHIPS))
    world.merge("P0", "P2", data.draw(SURVIVORSHIPS))
    before = dict(world.records)
    world.merge("P0", "P3", rules)
    world.part("P3")
    assert world.records == before


@given(worlds(5), st.data())
def test_everything_taken_apart_in_any_order_is_what_it_was(
    made: dict[str, Record], data: st.DataObject
):
    world = World(dict(made))
    for _ in range(4):
        survivor, absorbed = data.draw(st.permutations(world.roots))[:2]
        world.merge(survivor, absorbed, data.draw(SURVIVORSHIPS))
    for id_ in data.draw(st.permutations(sorted(made))):
        if world.records[id_].absorbed is not None:
            world.part(id_)
    assert world.records == made


@settings(max_examples=60)
@given(worlds(6), st.data())
def test_no_identity_is_lost_or_in_two_profiles_whatever_happens(
    made: dict[str, Record], data: st.DataObject
):
    world = World(dict(made))
    everybody = sorted(str(value) for value in world.identities())
    for _ in range(data.draw(st.integers(1, 12))):
        _step(world, data)
        assert sorted(str(value) for value in world.identities()) == everybody
        _check_members(world)


@settings(max_examples=60)
@given(worlds(5), st.data())
def test_a_value_is_shown_or_its_profile_shows_it_when_parted(
    made: dict[str, Record], data: st.DataObject
):
    world = World(dict(made))
    for _ in range(6):
        survivor, absorbed, *_ = [*data.draw(st.permutations(world.roots)), "", ""]
        if absorbed:
            world.merge(survivor, absorbed, data.draw(SURVIVORSHIPS))
    for id_ in world.roots:
        shown = world.records[id_]
        parts = [made[member.id] for member in shown.members]
        for attribute in ("gender", "custom.colour", "name"):
            if any(one.value(attribute) is not None for one in (made[id_], *parts)):
                assert shown.value(attribute) is not None


@given(worlds(2), SURVIVORSHIPS, st.sampled_from(attributes()))
def test_what_was_written_since_a_merge_stays_with_the_survivor(
    made: dict[str, Record], rules: Survivorship, attribute: str
):
    world = World(dict(made))
    world.merge("P0", "P1", rules)
    world.write("P0", attribute, "new")
    parted = unmerged(world.records["P0"], "P1", world.records)
    assert parted.records["P0"].value(attribute) == "new"
    assert parted.records["P1"].value(attribute) == made["P1"].value(attribute)
    assert parted.since == (attribute,)


@given(worlds(2), SURVIVORSHIPS)
def test_whom_one_of_two_refused_their_merged_profile_refuses(
    made: dict[str, Record], rules: Survivorship
):
    world, now = World(dict(made)), BEGAN + timedelta(days=50)
    world.merge("P0", "P1", rules)
    merged_ = world.records["P0"].profile
    for one in made.values():
        for purpose, consent in effective(one.profile.consents or (), now).items():
            held = effective(merged_.consents or (), now)[purpose]
            assert standing(held, now) >= standing(consent, now)
        if one.profile.preferences:
            assert merged_.preferences
            assert merged_.preferences.do_not_contact >= one.profile.preferences.do_not_contact


@given(worlds(2), SURVIVORSHIPS)
def test_what_was_refused_since_a_merge_both_have_refused(
    made: dict[str, Record], rules: Survivorship
):
    world = World(dict(made))
    world.merge("P0", "P1", rules)
    at = BEGAN + timedelta(days=200)
    refusal = Consent(
        id="R", purpose="marketing", status=ConsentStatus.REVOKED, given_at=at, recorded_at=at
    )
    said = (Said(attribute="do_not_contact", at=at),)
    profile = world.records["P0"].profile
    changed = replace(profile, consents=recorded(profile.consents or (), refusal))
    world.records["P0"] = replace(world.records["P0"], profile=changed)
    world.write("P0", "preferences", Preferences(do_not_contact=True, said=said))
    world.part("P1")
    for id_ in ("P0", "P1"):
        parted = world.records[id_].profile
        assert effective(parted.consents or (), at)["marketing"].status is ConsentStatus.REVOKED
        assert parted.preferences
        assert parted.preferences.do_not_contact


def _step(world: World, data: st.DataObject) -> None:
    absorbed = [id_ for id_, record in world.records.items() if record.absorbed is not None]
    if absorbed and (len(world.roots) == 1 or data.draw(st.booleans())):
        world.part(data.draw(st.sampled_from(absorbed)))
        return
    survivor, other = data.draw(st.permutations(world.roots))[:2]
    world.merge(survivor, other, data.draw(SURVIVORSHIPS))


def _check_members(world: World) -> None:
    for id_, record in world.records.items():
        root = world.root_of(id_)
        is_member = id_ in {member.id for member in world.records[root].members}
        assert is_member == (record.absorbed is not None)
        assert (record.profile.state is ProfileState.MERGED) == (record.absorbed is not None)


def _two(ours: Any, theirs: Any, **newer: Any) -> tuple[Record, Record]:
    older, later = Provenance(BEGAN, "a", "crm"), Provenance(BEGAN + timedelta(1), "b", "shop")
    state = ProfileState.IDENTIFIED
    return (
        Record(Profile(id="S", state=state, gender=ours), older),
        Record(Profile(id="A", state=state, gender=theirs, **newer), later),
    )


@pytest.mark.parametrize(
    ("rules", "shown", "reason"),
    [
        (Survivorship(), "ours", Reason.PROFILE_WINS),
        (Survivorship(Rule.MOST_RECENT), "theirs", Reason.MOST_RECENT),
        (Survivorship(Rule.MOST_FREQUENT), "theirs", Reason.MOST_FREQUENT),
        (Survivorship(Rule.SOURCE_PRIORITY, {}, ("crm",)), "ours", Reason.SOURCE_PRIORITY),
        (Survivorship(Rule.SOURCE_PRIORITY, {}, ("shop",)), "theirs", Reason.SOURCE_PRIORITY),
        (Survivorship(Rule.UNION), "ours", Reason.PROFILE_WINS),
        (Survivorship(Rule.UNION, {"gender": Rule.MOST_RECENT}), "theirs", Reason.MOST_RECENT),
    ],
)
def test_a_rule_says_which_value_survives_and_the_merge_says_which_rule(
    rules: Survivorship, shown: str, reason: Reason
):
    survivor, absorbed = _two("ours", "theirs")
    done = merged(survivor, absorbed, {}, Plan("M", BEGAN, rules))
    assert done.survivor.value("gender") == shown
    assert done.survivals == (Survival("gender", "S" if shown == "ours" else "A", reason),)


def test_the_most_frequent_value_is_counted_among_all_that_are_part():
    world = World({})
    for number, value in enumerate(["red", "red", "blue"]):
        world.records[f"P{number}"] = Record(Profile(id=f"P{number}", gender=value))
    world.merge("P0", "P1", Survivorship(Rule.MOST_FREQUENT))
    world.merge("P2", "P0", Survivorship(Rule.MOST_FREQUENT))
    assert world.records["P2"].value("gender") == "red"


def test_a_choice_beats_the_rule_even_where_it_chooses_nothing():
    survivor, absorbed = _two("ours", None)
    plan = Plan("M", BEGAN, choices={"gender": "A"})
    done = merged(survivor, absorbed, {}, plan)
    assert done.survivor.value("gender") is None
    assert done.survivals == (Survival("gender", "A", Reason.CHOSEN),)
    records = {"S": done.survivor, "A": done.absorbed}
    assert unmerged(done.survivor, "A", records).records["S"] == survivor


def test_a_name_survives_as_a_whole():
    survivor, absorbed = _two(None, None, name=PersonName(given="Ada"))
    done = merged(survivor, absorbed, {}, Plan("M", BEGAN))
    assert done.survivor.profile.name == PersonName(given="Ada")


def test_an_anonymous_survivor_becomes_who_it_absorbs():
    survivor = Record(Profile(id="S", state=ProfileState.ANONYMOUS))
    absorbed = Record(Profile(id="A", state=ProfileState.IDENTIFIED))
    done = merged(survivor, absorbed, {}, Plan("M", BEGAN))
    assert done.survivor.profile.state is ProfileState.IDENTIFIED
    records = {"S": done.survivor, "A": done.absorbed}
    parted = unmerged(done.survivor, "A", records).records
    assert parted["S"].profile.state is ProfileState.ANONYMOUS


def test_a_profile_is_made_of_no_more_others_than_its_limit():
    world = World({f"P{n}": Record(Profile(id=f"P{n}")) for n in range(MAX_MEMBERS + 2)})
    for number in range(1, MAX_MEMBERS + 1):
        world.merge("P0", f"P{number}", Survivorship())
    with pytest.raises(LimitReached):
        world.merge("P0", f"P{MAX_MEMBERS + 1}", Survivorship())
