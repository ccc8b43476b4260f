"""Statements of consent: the newest decides, of two who are one the stricter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.consent import (
    MAX_STATEMENTS,
    MAX_WITH_REFUSALS,
    Consent,
    ConsentStatus,
    Worth,
    checked_consent,
    checked_purpose,
    effective,
    recorded,
    stricter,
    united,
    worth,
)
from graph.model.errors import BadValue, LimitReached

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
GRANTED, DENIED, REVOKED = ConsentStatus


def consent(id_, status=GRANTED, **more):
    told = {"purpose": "marketing", "given_at": NOW, "recorded_at": NOW, **more}
    return Consent(id=id_, status=status, **told)


instants = st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)])
statements = st.builds(
    Consent,
    id=st.sampled_from("abc"),
    is_current=st.booleans(),
    purpose=st.sampled_from(["marketing", "research"]),
    status=st.sampled_from(ConsentStatus),
    given_at=st.none() | instants,
    recorded_at=st.none() | instants,
    expires_at=st.none() | instants,
    proof=st.none() | st.sampled_from("xy"),
)
several = st.lists(statements, max_size=6).map(lambda items: united(items, ()))


@given(several, several, several)
def test_uniting_what_was_said_has_one_result_in_any_order_and_grouping(one, two, three):
    assert united(one, two) == united(two, one)
    assert united(united(one, two), three) == united(one, united(two, three))
    assert united(one, one) == one
    assert united(one, ()) == one


@given(statements, statements, statements)
def test_the_stricter_of_statements_is_one_in_any_order_and_grouping(one, two, three):
    assert stricter(one, two, NOW) == stricter(two, one, NOW)
    assert stricter(stricter(one, two, NOW), three, NOW) == stricter(
        one, stricter(two, three, NOW), NOW
    )
    assert stricter(one, one, NOW) == one


@given(several, several)
def test_two_who_become_one_are_never_granted_more_than_each_was(one, two):
    both = effective(united(one, two), NOW)

    for purpose, held in both.items():
        apart = [
            effective(side, NOW)[purpose] for side in (one, two) if purpose in effective(side, NOW)
        ]
        if {item.id for item in one}.isdisjoint({item.id for item in two}):
            assert worth(held, NOW) == max(worth(item, NOW) for item in apart)


@given(st.permutations(list(Worth)))
def test_revoked_is_stricter_than_denied_than_expired_than_granted(order):
    made = {
        Worth.REVOKED: consent("r", REVOKED),
        Worth.DENIED: consent("d", DENIED, given_at=NOW + timedelta(days=1)),
        Worth.EXPIRED: consent("e", expires_at=NOW),
        Worth.GRANTED: consent("g", expires_at=NOW + timedelta(seconds=1)),
    }

    held = effective([made[item] for item in order], NOW)

    assert held == {"marketing": made[Worth.REVOKED]}
    assert [worth(made[item], NOW) for item in order] == order


@pytest.mark.parametrize("is_dated", [True, False])
def test_a_later_statement_takes_the_place_of_all_before_it(is_dated):
    merged = united([consent("a", REVOKED)], [consent("b"), consent("c", purpose="research")])
    new = consent("n", given_at=NOW + timedelta(hours=1))

    then = recorded(merged, new, is_dated=is_dated)

    assert effective(then, NOW) == {"marketing": new, "research": merged[2]}
    assert {one.id for one in then if not one.is_current} == {"a", "b"}


def test_repeating_what_one_of_two_said_decides_between_them():
    merged = united([consent("a", REVOKED)], [consent("b")])

    then = recorded(merged, consent("n"), is_dated=False)

    assert effective(then, NOW)["marketing"].id == "n"


def test_what_was_said_before_something_that_holds_is_former_from_the_beginning():
    held = (consent("a"),)
    old = consent("n", REVOKED, given_at=NOW - timedelta(days=1))

    then = recorded(held, old)

    assert then == (*held, replace(old, is_current=False))


def test_what_nobody_dated_was_said_last_even_where_clocks_differ():
    held = (consent("a", given_at=NOW + timedelta(seconds=2)),)

    then = recorded(held, consent("n", REVOKED), is_dated=False)

    assert effective(then, NOW)["marketing"].id == "n"
    assert then[1].given_at == NOW + timedelta(seconds=2)


@pytest.mark.parametrize("is_dated", [True, False])
def test_the_same_statement_again_is_no_news(is_dated):
    held = (consent("a", DENIED, purpose="research"), consent("b"))

    assert recorded(held, consent("n", by="another"), is_dated=is_dated) is held


def test_a_former_statement_may_be_said_again_when_nobody_dates_it():
    held = recorded((consent("a"),), consent("b", REVOKED))

    then = recorded(held, consent("n"), is_dated=False)

    assert effective(then, NOW)["marketing"].id == "n"


def test_refusals_are_taken_when_nothing_more_can_be_granted():
    full = tuple(
        consent(str(number), given_at=NOW - timedelta(days=number + 1))
        for number in range(MAX_STATEMENTS)
    )

    with pytest.raises(LimitReached, match="at most 200 statements"):
        recorded(full, consent("n"))

    assert effective(recorded(full, consent("n", REVOKED)), NOW)["marketing"].id == "n"
    more = tuple(consent(str(number)) for number in range(MAX_WITH_REFUSALS))
    with pytest.raises(LimitReached, match="at most 300 statements"):
        recorded(more, consent("n", REVOKED))


def test_a_statement_is_kept_in_one_notation():
    given_ = consent(
        "n",
        purpose=" Marketing.EMAIL ",
        given_at=datetime(2026, 3, 1, 10, 0, 0, 123_456, tzinfo=UTC),
        expires_at=datetime(2027, 3, 1, 10, 0, 0, 999_999, tzinfo=UTC),
        jurisdiction=" us-ca",
        proof="  ",
    )

    assert checked_consent(given_, NOW) == Consent(
        id="n",
        purpose="marketing.email",
        status=GRANTED,
        given_at=datetime(2026, 3, 1, 10, 0, 0, 123_000, tzinfo=UTC),
        recorded_at=NOW,
        expires_at=datetime(2027, 3, 1, 10, 0, 0, 999_000, tzinfo=UTC),
        jurisdiction="US-CA",
    )


def test_a_clock_that_is_a_little_fast_does_not_make_a_statement_of_the_future():
    fast = consent("n", given_at=NOW + timedelta(minutes=2))

    assert checked_consent(fast, NOW).given_at == NOW
    assert checked_consent(consent("n", given_at=None), NOW).given_at == NOW


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": None}, "purpose"),
        ({"purpose": "é"}, "purpose"),
        ({"purpose": "a" * 65}, "purpose"),
        ({"given_at": NOW + timedelta(hours=1)}, "givenAt"),
        ({"expires_at": NOW}, "expiresAt"),
        ({"status": DENIED, "expires_at": NOW + timedelta(days=1)}, "expiresAt"),
        ({"jurisdiction": "Austria"}, "jurisdiction"),
        ({"proof": "a" * 2_001}, "proof"),
        ({"proof": "a\0"}, "proof"),
    ],
)
def test_what_cannot_be_is_refused(changes, field):
    with pytest.raises(BadValue) as refusal:
        checked_consent(replace(consent("n"), **changes), NOW)

    assert refusal.value.field == field


@given(st.from_regex(r"\A[A-Za-z][A-Za-z0-9_.:-]{0,63}\Z"))
def test_a_purpose_that_is_kept_is_kept_as_it_is(purpose):
    assert checked_purpose(checked_purpose(purpose)) == checked_purpose(purpose)
