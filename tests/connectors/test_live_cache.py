"""What a source says, asked no more often than needed, and no older than wished."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import Unavailable
from connectors.runtime.live_cache import Origin
from connectors.runtime.pace import AS_USUAL, Freshness
from tests.connectors.counter import BOTH, SCORE, TIER, Counter


@pytest.fixture
def counter(http):
    return Counter(http)


async def test_what_is_fresh_is_given_without_asking(counter):
    counter.say("gold")
    assert await counter.tier() == ("gold", Origin.ASKED, None)
    counter.say("silver")
    counter.seconds = 26  # nine tenths of the time, at the least

    assert await counter.tier() == ("gold", Origin.FRESH, None)
    assert await counter.called() == 1


async def test_what_is_a_little_old_is_given_at_once_while_it_is_asked_anew(counter):
    counter.say("gold")
    await counter.tier()
    counter.say("silver")
    counter.seconds = 31

    assert await counter.tier() == ("gold", Origin.STALE, None)
    assert await counter.called() == 2
    assert await counter.tier() == ("silver", Origin.FRESH, None)
    assert await counter.called() == 2


async def test_what_is_old_is_asked_again(counter):
    counter.say("gold")
    await counter.tier()
    counter.say("silver")
    counter.seconds = 61

    assert await counter.tier() == ("silver", Origin.ASKED, None)


async def test_who_takes_nothing_stale_waits_for_the_new(counter):
    counter.say("gold")
    await counter.tier()
    counter.say("silver")
    counter.seconds = 31

    assert await counter.tier(freshness=Freshness(allow_stale=False)) == (
        "silver",
        Origin.ASKED,
        None,
    )


@pytest.mark.parametrize(
    ("max_age_s", "tier", "origin"),
    [
        (0, "silver", Origin.ASKED),
        (9, "silver", Origin.ASKED),
        (10, "gold", Origin.FRESH),
        (500, "gold", Origin.FRESH),
    ],
)
async def test_a_reader_says_how_old_a_value_may_be(counter, max_age_s, tier, origin):
    counter.say("gold")
    await counter.tier()
    counter.say("silver")
    counter.seconds = 10

    assert await counter.tier(freshness=Freshness(max_age_s)) == (tier, origin, None)


async def test_a_reader_may_take_what_the_source_calls_old_and_is_told_so(counter):
    counter.say("gold")
    await counter.tier()
    counter.seconds = 500

    assert await counter.tier(freshness=Freshness(500)) == ("gold", Origin.STALE, None)
    assert await counter.called() == 1


async def test_nobody_gets_what_is_older_than_what_may_be_kept(counter):
    counter.say("gold")
    await counter.tier()
    counter.say("silver")
    counter.seconds = 601

    assert await counter.tier(freshness=Freshness(5000)) == ("silver", Origin.ASKED, None)


async def test_where_the_source_fails_the_old_value_is_given_with_the_error(counter):
    counter.say("gold")
    await counter.tier()
    counter.crm.drawer.jammed = Unavailable("crm", "status 503")
    counter.seconds = 100

    assert await counter.tier() == ("gold", Origin.STALE, "SOURCE_UNAVAILABLE")
    assert await counter.tier(freshness=Freshness(0)) == (
        "gold",
        Origin.STALE,
        "SOURCE_UNAVAILABLE",
    )
    assert await counter.tier(freshness=Freshness(allow_stale=False)) == (
        None,
        Origin.ASKED,
        "SOURCE_UNAVAILABLE",
    )


async def test_an_old_value_is_given_for_a_failing_source_no_longer_than_it_may_be_kept(counter):
    counter.say("gold")
    await counter.tier()
    counter.crm.drawer.jammed = Unavailable("crm", "status 503")
    counter.seconds = 601

    assert await counter.tier() == (None, Origin.ASKED, "SOURCE_UNAVAILABLE")


async def test_a_value_of_one_field_is_no_answer_for_another(counter):
    counter.say("gold")
    await counter.tier()
    counter.crm.drawer.jammed = Unavailable("crm", "status 503")

    answer = await counter.read(attributes=BOTH)

    assert (answer.kept, answer.error.code) == (None, "SOURCE_UNAVAILABLE")


async def test_only_the_fields_that_are_missing_or_old_are_asked(counter):
    counter.say("gold")
    await counter.read(attributes=TIER)
    counter.seconds = 20

    answer = await counter.read(attributes=BOTH)

    assert {name: seen.value for name, seen in answer.kept.values.items()} == {
        "tier": "gold",
        "score": 7,
    }
    counter.seconds = 35
    assert (await counter.read(attributes=BOTH)).origin is Origin.STALE
    await counter.called()
    assert [asked.attributes for asked in counter.crm.drawer.asked] == [
        ("tier",),
        ("score",),
        ("tier",),
    ]


async def test_a_record_that_does_not_exist_is_not_asked_for_again_at_once(counter):
    assert await counter.tier("9") == (None, Origin.ASKED, None)
    counter.seconds = 8
    counter.crm.drawer.cards = {"9": {"tier": "gold"}}

    assert await counter.tier("9") == (None, Origin.FRESH, None)
    assert await counter.called() == 1
    counter.seconds = 11
    assert await counter.tier("9") == ("gold", Origin.ASKED, None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "2", "3", "4", "9"]),
            st.sampled_from([TIER, SCORE, BOTH]),
            st.sampled_from([AS_USUAL, Freshness(0), Freshness(5), Freshness(allow_stale=False)]),
            st.sampled_from([0, 0, 0, 4, 12, 40, 100]),
        ),
        min_size=1,
        max_size=25,
    )
)
async def test_every_reader_gets_what_the_source_says_no_older_than_wished(http, reads):
    counter = Counter(http)

    def say():
        told = {"tier": counter.seconds, "score": counter.seconds}
        counter.crm.drawer.cards = {str(one): told for one in range(1, 5)}

    for value, attributes, freshness, passing in reads:
        counter.seconds += passing
        say()
        answer = await counter.read(value, attributes, freshness)
        await counter.called()
        assert answer.error is None
        if value == "9":
            assert answer.kept.id is None
            continue
        ages = [counter.seconds - answer.kept.values[name].value for name in attributes]
        allowed = 60 if freshness == AS_USUAL else freshness.max_age_s
        assert max(ages) <= (30 if allowed is None else allowed)
        assert answer.is_stale <= (max(ages) > 27)
    asked = [(asked.object, asked.attributes) for asked in counter.crm.drawer.asked]
    assert len(asked) <= 2 * len(reads)
