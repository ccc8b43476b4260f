"""What an interaction can hold, and what may be told of it later."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.channel import Channel
from graph.model.errors import BadValue, LimitReached
from graph.model.interaction import (
    MAX_TOPICS,
    Direction,
    Interaction,
    InteractionKind,
    TimelineQuery,
    checked_interaction,
    contradicts,
    news_of,
    owners_of,
)
from graph.model.profile import Profile

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CALL = Interaction(
    id="1", kind=InteractionKind.CALL, channel=Channel.VOICE, started_at=NOW, agent="ann"
)

some = st.none() | st.text("ab ", max_size=3)
interactions = st.builds(
    Interaction,
    id=st.just("1"),
    kind=st.none() | st.sampled_from(InteractionKind),
    channel=st.none() | st.sampled_from(Channel),
    direction=st.none() | st.sampled_from(Direction),
    started_at=st.none() | st.just(NOW),
    ended_at=st.none() | st.just(NOW),
    agent=some,
    outcome=some,
    topics=st.none() | st.lists(st.text("ab", max_size=2)).map(tuple),
    summary=some,
)


def test_texts_are_kept_without_outer_blanks_and_topics_once():
    given = replace(CALL, subject=" Invoice ", summary="a\n\tb", queue="  ", topics=("b", " b", ""))

    kept = checked_interaction(given, NOW)

    assert kept == replace(CALL, subject="Invoice", summary="a\n\tb", topics=("b",))


@given(interactions)
def test_what_was_checked_is_as_it_is_kept(item):
    kept = checked_interaction(item, NOW)

    assert checked_interaction(kept, NOW) == kept


def test_instants_are_kept_in_milliseconds():
    moment = NOW - timedelta(microseconds=1)

    assert checked_interaction(replace(CALL, started_at=moment), NOW).started_at == (
        NOW - timedelta(milliseconds=1)
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"external_id": "x" * 201}, "externalId"),
        ({"summary": "\x00"}, "summary"),
        ({"topics": ("x" * 101,)}, "topics"),
        ({"started_at": datetime(1969, 12, 31, tzinfo=UTC)}, "startedAt"),
        ({"started_at": NOW + timedelta(days=2)}, "startedAt"),
        ({"ended_at": NOW + timedelta(days=2)}, "endedAt"),
        ({"ended_at": NOW - timedelta(seconds=1)}, "endedAt"),
        ({"started_at": None, "ended_at": NOW - timedelta(days=2)}, "endedAt"),
    ],
)
def test_what_can_not_be_is_refused_by_its_name(wrong, field):
    with pytest.raises(BadValue) as refused:
        checked_interaction(replace(CALL, **wrong), NOW)

    assert refused.value.field == field


def test_an_interaction_has_so_many_topics_and_no_more():
    topics = tuple(f"t{number}" for number in range(MAX_TOPICS))

    assert checked_interaction(replace(CALL, topics=topics), NOW).topics == topics
    with pytest.raises(LimitReached):
        checked_interaction(replace(CALL, topics=(*topics, "more")), NOW)


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        (None, None, {"agent": "bob"}),
        (None, True, {"agent": "bob", "is_vouched": True}),
        (True, True, {"agent": "bob"}),
        (True, None, {}),
    ],
)
def test_an_agent_somebody_vouches_for_stays_until_another_is_vouched_for(before, now, news):
    kept = replace(CALL, agent="ada", is_vouched=before)

    assert news_of(replace(CALL, agent="bob", is_vouched=now), kept) == news


@given(interactions, interactions)
def test_what_was_told_is_no_news_once_it_was_added(told, kept):
    added = replace(kept, **news_of(told, kept))

    assert news_of(told, added) == {}
    assert contradicts(told, added) is contradicts(told, kept)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": InteractionKind.CHAT},
        {"channel": Channel.SMS},
        {"direction": Direction.OUTBOUND},
        {"started_at": NOW - timedelta(milliseconds=1)},
    ],
)
def test_another_beginning_is_another_interaction(other):
    assert contradicts(replace(CALL, **other), CALL)


def test_what_is_not_told_contradicts_nothing():
    assert not contradicts(Interaction(id="2", agent="bob", ended_at=NOW), CALL)


@pytest.mark.parametrize(
    ("other", "is_live"),
    [
        ({}, True),
        ({"ended_at": NOW}, False),
        ({"agent": None}, False),
        ({"kind": InteractionKind.ORDER}, False),
        ({"kind": None}, False),
    ],
)
def test_a_conversation_is_live_while_an_agent_has_it_open(other, is_live):
    assert replace(CALL, **other).is_live is is_live


def test_a_query_knows_what_narrows_it():
    asked = TimelineQuery(("1",), 5)

    assert not asked.is_narrowed
    assert not asked.is_bounded
    assert all(
        replace(asked, **one).is_narrowed
        for one in ({"agent": "a"}, {"kinds": frozenset()}, {"channels": frozenset()})
    )
    assert all(replace(asked, **one).is_bounded for one in ({"since": NOW}, {"until": NOW}))


def test_a_profile_owns_what_is_filed_under_its_id():
    assert owners_of(Profile(id="A")) == ("A",)
