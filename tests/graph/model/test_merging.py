"""Merging is lossless, whatever is merged and parted in whatever order."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.collected import item_key
from graph.model.consent import Consent, ConsentStatus, effective, recorded, worth
from graph.model.errors import LimitReached
from graph.model.merging import MAX_MEMBERS, Plan, Survival, merged
from graph.model.preference import Preferences, Said
from graph.model.profile import PersonName, Profile, ProfileState
from graph.model.provenance import Provenance
from graph.model.record import Record
from graph.model.survivorship import Reason, Rule, Survivorship
from graph.model.unmerging import unmerged
from tests.graph.model.records import BEGAN, World, a_chance, a_survivorship, a_world, seeds


@given(seeds)
def test_merging_and_unmerging_is_the_identity(seed: int):
    chance = a_chance(seed)
    made = a_world(chance, 2)
    world = World(dict(made))
    world.merge("P0", "P1", a_survivorship(chance))
    world.part("P1")
    assert world.records == made


@given(seeds)
def test_a_merge_is_undone_whatever_was_merged_before(seed: int):
    chance = a_chance(seed)
    world = World(a_world(chance, 4))
    world.merge("P0", "P1", a_survivorship(chance))
    world.merge("P0", "P2", a_survivorship(chance))
    before = dict(world.records)
    world.merge("P0", "P3", a_survivorship(chance))
    world.part("P3")
    assert world.records == before


@given(seeds)
def test_everything_taken_apart_in_any_order_is_what_it_was(seed: int):
    chance = a_chance(seed)
    made = a_world(chance, 5)
    world = World(dict(made))
    for _ in range(4):
        world.merge(*chance.sample(world.roots, 2), a_survivorship(chance))
    for id_ in chance.sample(sorted(made), 5):
        if world.records[id_].absorbed is not None:
            world.part(id_)
    assert world.records == made


@given(seeds)
def test_no_identity_is_lost_or_in_two_profiles_whatever_happens(seed: int):
    chance = a_chance(seed)
    world = World(a_world(chance, 6))
    everybody = sorted(str(value) for value in world.identities())
    for _ in range(12):
        _step(world, chance)
        assert sorted(str(value) for value in world.identities()) == everybody
        _check_members(world)


@given(seeds)
def test_a_value_that_somebody_has_is_shown_whatever_is_merged_with_them(seed: int):
    chance = a_chance(seed)
    made = a_world(chance, 5)
    world = World(dict(made))
    for _ in range(chance.randrange(1, 5)):
        world.merge(*chance.sample(world.roots, 2), a_survivorship(chance))
    for id_ in world.roots:
        shown = world.records[id_]
        parts = [made[one] for one in (id_, *(member.id for member in shown.members))]
        for attribute in ("gender", "custom.colour", "name", "preferences"):
            values = [one.value(attribute) for one in parts]
            assert (shown.value(attribute) is None) == all(value is None for value in values)
        for attribute in ("labels", "consents", "links"):
            items = {key for one in parts for key in _keys(one, attribute)}
            assert _keys(shown, attribute) == items


@given(seeds, st.sampled_from(["gender", "custom.colour"]))
def test_what_was_written_since_a_merge_stays_with_the_survivor(seed: int, attribute: str):
    chance = a_chance(seed)
    made = a_world(chance, 2)
    world = World(dict(made))
    world.merge("P0", "P1", a_survivorship(chance))
    world.write("P0", attribute, "new")
    parted = unmerged(world.records["P0"], "P1", world.records)
    assert parted.records["P0"].value(attribute) == "new"
    assert parted.records["P1"].value(attribute) == made["P1"].value(attribute)
    assert parted.since == (attribute,)


@given(seeds)
def test_whom_one_of_two_refused_their_merged_profile_refuses(seed: int):
    chance, now = a_chance(seed), BEGAN + timedelta(days=50)
    made = a_world(chance, 2)
    world = World(dict(made))
    world.merge("P0", "P1", a_survivorship(chance))
    together = world.records["P0"].profile
    for one in made.values():
        for purpose, consent in effective(one.profile.consents or (), now).items():
            held = effective(together.consents or (), now)[purpose]
            assert worth(held, now) >= worth(consent, now)
        if one.profile.preferences and one.profile.preferences.do_not_contact:
            assert together.preferences
            assert together.preferences.do_not_contact


@given(seeds)
def test_what_was_refused_since_a_merge_both_have_refused(seed: int):
    chance, at = a_chance(seed), BEGAN + timedelta(days=200)
    world = World(a_world(chance, 2))
    world.merge("P0", "P1", a_survivorship(chance))
    revoked, said = ConsentStatus.REVOKED, (Said(attribute="do_not_contact", at=at),)
    refusal = Consent(id="R", purpose="x", status=revoked, given_at=at, recorded_at=at)
    profile = world.records["P0"].profile
    changed = replace(profile, consents=recorded(profile.consents or (), refusal))
    world.records["P0"] = replace(world.records["P0"], profile=changed)
    world.write("P0", "preferences", Preferences(do_not_contact=True, said=said))
    world.part("P1")
    for id_ in ("P0", "P1"):
        parted = world.records[id_].profile
        assert effective(parted.consents or (), at)["x"].status is revoked
        assert parted.preferences
        assert parted.preferences.do_not_contact


def _keys(record: Record, attribute: str) -> set[tuple[object, ...]]:
    return {item_key(attribute, item) for item in getattr(record.profile, attribute)}


def _step(world: World, chance: Random) -> None:
    absorbed = [id_ for id_, record in world.records.items() if record.absorbed is not None]
    if absorbed and (len(world.roots) == 1 or chance.randrange(2)):
        world.part(chance.choice(absorbed))
        return
    world.merge(*chance.sample(world.roots, 2), a_survivorship(chance))


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
