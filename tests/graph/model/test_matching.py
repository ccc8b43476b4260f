"""Laws of comparing two profiles."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.channel import Channel
from graph.model.comparison import Level, Measure, level_of, level_of_names
from graph.model.identity import Identity
from graph.model.match_weights import USUAL_WEIGHTS, MatchWeights, probability, weight_of
from graph.model.profile import PersonName, Profile
from graph.model.traits import GIVEN, blocking_keys, identity_keys, traits_of
from policies.unreadable import Unreadable

COMPARED = {"street": Measure.TEXT, "moved": Measure.DATE, "size": Measure.TEXT}
WORDS = st.sampled_from(["Ada", "Áda", "Adda", "Lovelace", "Lovelase", "Grace", "Ana Maria", "李"])
DAYS = st.dates(min_value=date(1950, 1, 1), max_value=date(1950, 12, 31))
IDENTITIES = st.sampled_from(
    [
        Identity(channel=Channel.VOICE, value="+12025550143"),
        Identity(channel=Channel.SMS, value="+442025550143"),
        Identity(channel=Channel.EMAIL, value="ada@x.org"),
        Identity(channel=Channel.EMAIL, value="ada@y.org"),
        Identity(channel=Channel.ACCOUNT, value="a-12345"),
        Identity(channel=Channel.CHAT, value="ada"),
    ]
)
PROFILES = st.builds(
    Profile,
    id=st.just("p"),
    name=st.builds(PersonName, given=st.none() | WORDS, family=st.none() | WORDS),
    birth_date=st.none() | DAYS,
    identities=st.lists(IDENTITIES, max_size=3).map(tuple),
    custom=st.fixed_dictionaries(
        {},
        optional={
            "street": WORDS | st.lists(WORDS, max_size=2),
            "moved": DAYS.map(str),
            "size": st.integers(0, 10_000) | st.floats(0, 10),
            "tier": WORDS,
        },
    ),
)
TRAITS = PROFILES.map(lambda profile: traits_of(profile, COMPARED))


@given(TRAITS, TRAITS)
def test_the_judgement_is_the_same_whichever_comes_first(one, other):
    assert USUAL_WEIGHTS.judge(one, other) == USUAL_WEIGHTS.judge(other, one)


@given(TRAITS, TRAITS)
def test_the_explanation_sums_to_the_weight(one, other):
    found = USUAL_WEIGHTS.judge(one, other)

    told = USUAL_WEIGHTS.prior + sum(agreement.weight for agreement in found.agreements)

    assert found.weight == pytest.approx(told)
    assert found.score == pytest.approx(probability(found.weight))


@given(TRAITS, TRAITS)
def test_what_only_one_has_weighs_nothing(one, other):
    missing = [
        agreement
        for agreement in USUAL_WEIGHTS.judge(one, other).agreements
        if not (one.text(agreement.attribute) and other.text(agreement.attribute))
    ]

    assert all((item.level, item.weight) == (Level.MISSING, 0.0) for item in missing)


@given(PROFILES)
def test_blocking_keys_depend_on_no_order_case_or_accent(profile):
    name = profile.name
    loud = Profile(
        id="q",
        name=PersonName(
            given=name.given and name.given.upper(), family=name.family and name.family.upper()
        ),
        birth_date=profile.birth_date,
        identities=tuple(reversed(profile.identities)),
        custom=dict(reversed(profile.custom.items())),
    )

    assert blocking_keys(traits_of(loud, COMPARED)) == blocking_keys(traits_of(profile, COMPARED))


@given(PROFILES)
def test_a_profile_has_the_keys_of_each_of_its_identities(profile):
    keys = blocking_keys(traits_of(profile, COMPARED))

    assert all(identity_keys(identity) <= keys for identity in profile.identities)


def test_exchanged_names_share_a_key():
    one = Profile(id="a", name=PersonName(given="Ada", family="Lovelace"))
    other = Profile(id="b", name=PersonName(given="Lovelace", family="Ada"))

    keys = [blocking_keys(traits_of(profile, {})) for profile in (one, other)]

    assert keys[0] == keys[1] != frozenset()
    assert traits_of(one, {}).levels(traits_of(other, {}))[GIVEN] is Level.SWAPPED


def test_what_cannot_be_read_is_left_out():
    profile = Profile(
        id="a",
        name=PersonName(given=Unreadable.DAMAGED, family=None),
        identities=(
            Identity(channel=Channel.EMAIL, value=Unreadable.ERASED),
            Identity(channel=None, value="x"),
        ),
        custom={"street": Unreadable.DAMAGED},
    )

    assert traits_of(profile, COMPARED).by_attribute == {}


@pytest.mark.parametrize(
    ("measure", "own", "other", "level"),
    [
        (Measure.DATE, "19600315", "19600315", Level.EXACT),
        (Measure.DATE, "19600305", "19600503", Level.SWAPPED),
        (Measure.DATE, "19600315", "19600316", Level.CLOSE),
        (Measure.DATE, "19600315", "19610315", Level.CLOSE),
        (Measure.DATE, "19600315", "19600327", Level.SIMILAR),
        (Measure.DATE, "19600315", "19711209", Level.DIFFERENT),
        (Measure.TEXT, "main street", "main stret", Level.CLOSE),
        (Measure.TEXT, "main street", "the main street", Level.SIMILAR),
        (Measure.TEXT, "main street", "elm road", Level.DIFFERENT),
        (Measure.TEXT, "", "elm road", Level.MISSING),
        (Measure.TEXT, "x\nelm road", "elm road\ny", Level.EXACT),
        (Measure.PHONE, "+12025550143", "+442025550143", Level.CLOSE),
        (Measure.PHONE, "+12025550143", "+12025559999", Level.DIFFERENT),
        (Measure.EMAIL, "ada@x.org", "ada@y.org", Level.CLOSE),
        (Measure.EMAIL, "lovelace@x.org", "lovelaces@y.org", Level.SIMILAR),
        (Measure.EMAIL, "lovelace@x.org", "hopper@y.org", Level.DIFFERENT),
    ],
)
def test_values_agree_as_far_as_their_kind_says(measure, own, other, level):
    assert level_of(measure, own, other) is level_of(measure, other, own) is level


@pytest.mark.parametrize(
    ("own", "other", "level"),
    [
        ("ada", "ada", Level.EXACT),
        ("ada", "adda", Level.CLOSE),
        ("ana", "ana maria", Level.SIMILAR),
        ("ada", "grace", Level.DIFFERENT),
        ("", "ada", Level.MISSING),
        ("a", "e", Level.DIFFERENT),
        ("a", "ada", Level.SIMILAR),
    ],
)
def test_names_agree_as_far_as_they_are_spelt_alike(own, other, level):
    assert level_of_names(own, other, "x", "y") is level


def test_weights_and_probabilities_stand_for_each_other():
    assert probability(weight_of(0.8)) == pytest.approx(0.8)
    assert (weight_of(0), weight_of(1)) == (-1000.0, 1000.0)
    assert (probability(-5000), probability(5000)) == (pytest.approx(0), 1.0)


def test_what_was_learned_of_an_attribute_comes_before_what_is_usual():
    learned = MatchWeights(-5.0, {GIVEN: {Level.EXACT: 4.0}})
    ada = traits_of(Profile(id="a", name=PersonName(given="Ada")), {})

    assert learned.judge(ada, ada).weight == -1.0
    assert learned.weight("phone", Measure.PHONE, Level.EXACT) == 12.0
    assert learned.weight(GIVEN, Measure.NAME, Level.CLOSE) == 0.0
