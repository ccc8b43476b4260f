"""Preferences: what was said last counts, and whom one doesn't want, the person doesn't."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.channel import Channel
from graph.model.consent import Consent, ConsentStatus
from graph.model.contact import ContactPermission, ContactReason, may_contact
from graph.model.errors import BadValue, LimitReached
from graph.model.preference import (
    ContactTime,
    Exclusion,
    Preferences,
    Said,
    Weekday,
    checked_preferences,
    preferring,
    united_preferences,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)  # a Friday
LATER = NOW + timedelta(hours=1)
NOTHING = Preferences()
ADA, GRACE = Said(attribute=None, at=NOW, by="ada"), Said(attribute=None, at=LATER, by="grace")

pairs = st.tuples(
    st.none() | st.sampled_from([Channel.EMAIL, Channel.VOICE]), st.sampled_from(["ads", None])
).filter(any)
says = st.builds(
    Said,
    attribute=st.none(),
    at=st.sampled_from([None, NOW, LATER]),
    by=st.none() | st.sampled_from(["ada", "grace"]),
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "channels": st.sampled_from([(), (Channel.EMAIL,), (Channel.SMS, Channel.EMAIL)]),
        "language": st.sampled_from([None, "de", "en"]),
        "time_zone": st.sampled_from(["UTC", "Europe/Vienna"]),
        "do_not_contact": st.booleans(),
        "exclusions": st.lists(pairs, max_size=3),
    },
)


@st.composite
def preferences(draw):
    """What some statements one after the other make."""
    held = NOTHING
    for told in draw(st.lists(changes, max_size=3)):
        said = draw(says)
        pairs_told = told.pop("exclusions", None)
        if pairs_told is not None:
            told["exclusions"] = [
                Exclusion(channel=channel, purpose=purpose, at=said.at, by=said.by)
                for channel, purpose in pairs_told
            ]
        held = preferring(held, checked_preferences(told), said)
    return held


@given(preferences(), preferences(), preferences())
def test_uniting_preferences_has_one_result_in_any_order_and_grouping(one, two, three):
    assert united_preferences(one, two) == united_preferences(two, one)
    assert united_preferences(united_preferences(one, two), three) == united_preferences(
        one, united_preferences(two, three)
    )
    assert united_preferences(one, one) == one
    assert united_preferences(one, NOTHING) == one


@given(preferences(), preferences(), st.sampled_from(Channel), st.sampled_from(["ads", None]))
def test_two_who_become_one_are_contacted_only_as_both_allow(one, two, channel, purpose):
    def allowed(item):
        consent = Consent(
            id="a", purpose="ads", status=ConsentStatus.GRANTED, given_at=NOW, recorded_at=NOW
        )
        return may_contact(item, [consent], channel, purpose, NOW).allowed

    assert allowed(united_preferences(one, two)) == (allowed(one) and allowed(two))


def test_what_was_said_last_counts_for_each_of_the_preferences():
    one = preferring(NOTHING, {"channels": (Channel.SMS,), "language": "de"}, ADA)
    two = preferring(NOTHING, {"channels": (Channel.EMAIL,), "do_not_contact": True}, GRACE)
    late = preferring(two, {"do_not_contact": False}, replace(GRACE, at=LATER + timedelta(hours=1)))

    both = united_preferences(one, two)

    assert both == Preferences(
        channels=(Channel.EMAIL,),
        language="de",
        do_not_contact=True,
        said=(
            replace(GRACE, attribute="channels"),
            replace(GRACE, attribute="do_not_contact"),
            replace(ADA, attribute="language"),
        ),
    )
    assert united_preferences(two, late).do_not_contact is True


def test_what_is_no_news_changes_nothing():
    told = {"channels": (Channel.SMS,), "exclusions": (Exclusion(purpose="ads", at=NOW),)}
    held = preferring(NOTHING, told, ADA)

    again = {**told, "exclusions": (Exclusion(purpose="ads", at=LATER),)}

    assert preferring(held, again, GRACE) is held


def test_exclusions_are_given_whole_and_each_keeps_when_it_was_said_first():
    held = preferring(NOTHING, {"exclusions": [Exclusion(purpose="ads", at=NOW)]}, ADA)
    told = [Exclusion(purpose="ads", at=LATER), Exclusion(channel=Channel.VOICE, at=LATER)]

    then = preferring(held, {"exclusions": told}, GRACE)

    assert then.exclusions == (Exclusion(purpose="ads", at=NOW), told[1])
    assert preferring(then, {"exclusions": ()}, GRACE).exclusions == ()


def test_times_of_contact_need_a_time_zone():
    told = checked_preferences({"times": [ContactTime()]})

    with pytest.raises(BadValue, match="timeZone"):
        preferring(NOTHING, told, ADA)

    held = preferring(NOTHING, {**told, "time_zone": "UTC"}, ADA)
    assert [one.attribute for one in held.said] == ["times"]
    with pytest.raises(BadValue, match="timeZone"):
        preferring(held, {"time_zone": None}, ADA)


def test_preferences_are_kept_in_one_notation():
    times = [ContactTime(days=(Weekday.SUNDAY, Weekday.MONDAY, Weekday.SUNDAY))] * 2

    kept = checked_preferences(
        {
            "channels": [Channel.SMS, Channel.EMAIL, Channel.SMS],
            "language": " pt-BR ",
            "time_zone": "Europe/Vienna",
            "times": times,
            "do_not_contact": True,
            "exclusions": [Exclusion(purpose=" ADS "), Exclusion(channel=Channel.VOICE)],
        }
    )

    assert kept == {
        "channels": (Channel.SMS, Channel.EMAIL),
        "language": "pt-BR",
        "time_zone": "Europe/Vienna",
        "times": (ContactTime(days=(Weekday.MONDAY, Weekday.SUNDAY)),),
        "do_not_contact": True,
        "exclusions": (Exclusion(purpose="ads"), Exclusion(channel=Channel.VOICE)),
    }


def test_null_clears_what_was_said():
    names = ("channels", "language", "time_zone", "times", "do_not_contact", "exclusions")

    assert checked_preferences(dict.fromkeys(names)) == {
        name: getattr(NOTHING, name) for name in names
    }


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"time_zone": "Atlantis"}, "timeZone: expected a time zone"),
        ({"language": "?"}, "language: expected a language tag"),
        ({"times": [ContactTime(begin="24:30")]}, "times: expected times of day"),
        ({"times": [ContactTime(end=None)]}, "times: expected times of day"),
        ({"times": [ContactTime(begin=None)]}, "times: expected times of day"),
        ({"times": [ContactTime(begin="10:00", end="10:00")]}, "times: expected an end behind"),
        ({"times": [ContactTime()] * 21}, "at most 20 times"),
        ({"exclusions": [Exclusion()]}, "exclusions: expected a channel or a purpose"),
        ({"exclusions": [Exclusion(purpose="?")]}, "exclusions.purpose: expected a letter"),
        ({"exclusions": [Exclusion(purpose="a")] * 51}, "at most 50 exclusions"),
    ],
)
def test_what_cannot_be_is_refused(told, error):
    with pytest.raises((BadValue, LimitReached), match=error):
        checked_preferences(told)


VIENNA = Preferences(
    time_zone="Europe/Vienna",
    times=(ContactTime(days=(Weekday.FRIDAY,), begin="09:00", end="13:00"),),
)


@pytest.mark.parametrize(
    ("moment", "is_welcome"),
    [
        ("2026-11-27T07:59:59+00:00", False),
        ("2026-11-27T08:00:00+00:00", True),
        ("2026-11-27T11:59:59+00:00", True),
        ("2026-11-27T12:00:00+00:00", False),
        ("2026-11-26T09:00:00+00:00", False),
        ("2026-07-03T07:00:00+00:00", True),  # in summer, clocks are an hour ahead
    ],
)
def test_contact_is_welcome_at_the_times_of_the_persons_own_clock(moment, is_welcome):
    now = datetime.fromisoformat(moment)

    expected = ContactReason.NO_OBJECTION if is_welcome else ContactReason.OUTSIDE_TIMES
    assert may_contact(VIENNA, [], Channel.EMAIL, None, now) == ContactPermission(
        is_welcome, expected
    )


@pytest.mark.parametrize(
    ("status", "expires_at", "reason"),
    [
        (ConsentStatus.GRANTED, None, ContactReason.CONSENT_GRANTED),
        (ConsentStatus.GRANTED, NOW, ContactReason.CONSENT_EXPIRED),
        (ConsentStatus.DENIED, None, ContactReason.CONSENT_DENIED),
        (ConsentStatus.REVOKED, None, ContactReason.CONSENT_REVOKED),
    ],
)
def test_for_a_purpose_they_must_have_consented(status, expires_at, reason):
    said = Consent(
        id="a",
        purpose="ads",
        status=status,
        given_at=NOW,
        recorded_at=NOW,
        expires_at=expires_at,
    )
    allowed = reason is ContactReason.CONSENT_GRANTED

    answer = may_contact(NOTHING, [said], Channel.SMS, "ads", NOW)
    other = may_contact(NOTHING, [said], Channel.SMS, "surveys", NOW)

    assert answer == ContactPermission(allowed, reason)
    assert other == ContactPermission(allowed=False, reason=ContactReason.NO_CONSENT)
