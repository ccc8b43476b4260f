"""When a source is left alone, and when it is tried again."""

import pytest

from connectors.errors import (
    BadPayload,
    CircuitOpen,
    QuotaExhausted,
    RateLimited,
    Timeout,
    Unauthorized,
    Unavailable,
    UnknownField,
)
from connectors.runtime.breaker import Breaker, Circuit, Health

DOWN = Unavailable("crm", "status 503")


class Watched:
    """A breaker on a clock that tests turn."""

    def __init__(self):
        self.seconds = 1000.0
        self.breaker = Breaker("crm", lambda: self.seconds)

    def call(self, error=None):
        """A call that ends so; the error that kept it from being made, if one did."""
        was_trying = self.breaker.enter()
        self.breaker.leave(error, was_trying=was_trying)

    def refused(self):
        """Why no call is let through now."""
        with pytest.raises((CircuitOpen, RateLimited)) as raised:
            self.breaker.enter()
        return raised.value


@pytest.fixture
def watched():
    return Watched()


@pytest.mark.parametrize("error", [DOWN, Timeout("crm", "late"), Unauthorized("crm", "no")])
def test_five_failures_close_the_way(watched, error):
    for _ in range(4):
        watched.call(error)
    assert watched.breaker.health == Health(Circuit.CLOSED, error.code)

    watched.call(error)

    assert watched.breaker.health == Health(Circuit.OPEN, error.code)
    refused = watched.refused()
    assert (type(refused), refused.retry_after_s) == (CircuitOpen, 2.0)


def test_a_source_that_mostly_answers_is_asked_on(watched):
    for number in range(100):
        watched.call(DOWN if number % 3 == 0 else None)

    assert watched.breaker.health.circuit is Circuit.CLOSED


def test_failures_of_long_ago_are_forgotten(watched):
    for _ in range(4):
        watched.call(DOWN)
    watched.seconds += 31

    watched.call(DOWN)

    assert watched.breaker.health.circuit is Circuit.CLOSED


@pytest.mark.parametrize("error", [BadPayload("crm", "odd"), UnknownField("crm", "no field")])
def test_what_is_wrong_with_one_answer_says_nothing_of_the_source(watched, error):
    for _ in range(50):
        watched.call(error)

    assert watched.breaker.health == Health(Circuit.CLOSED)


def test_after_the_pause_one_call_tries_and_the_others_wait_for_it(watched):
    for _ in range(5):
        watched.call(DOWN)
    watched.seconds += 2

    assert watched.breaker.health.circuit is Circuit.HALF_OPEN
    assert watched.breaker.enter()
    assert watched.refused().retry_after_s == 0
    watched.breaker.leave(None, was_trying=True)

    assert watched.breaker.health == Health(Circuit.CLOSED)
    watched.call()


def test_each_trial_that_fails_doubles_the_pause_up_to_a_minute(watched):
    for _ in range(5):
        watched.call(DOWN)
    pauses = []
    for _ in range(7):
        pauses.append(watched.refused().retry_after_s)
        watched.seconds += pauses[-1]
        watched.call(DOWN)

    assert pauses == [2, 4, 8, 16, 32, 60, 60]


def test_a_trial_that_nobody_waits_for_lets_the_next_one_try(watched):
    for _ in range(5):
        watched.call(DOWN)
    watched.seconds += 2
    was_trying = watched.breaker.enter()

    watched.breaker.gave_up(was_trying=was_trying)

    assert watched.breaker.health.circuit is Circuit.HALF_OPEN
    watched.call()
    assert watched.breaker.health == Health(Circuit.CLOSED)


def test_a_hundred_that_hang_up_are_no_failure(watched):
    for _ in range(100):
        watched.breaker.gave_up(was_trying=watched.breaker.enter())

    assert watched.breaker.health == Health(Circuit.CLOSED)


@pytest.mark.parametrize(
    ("error", "kind", "pause_s"),
    [
        (RateLimited("crm", "429", retry_after_s=7), RateLimited, 7),
        (RateLimited("crm", "429"), RateLimited, 2),
        (QuotaExhausted("crm", "daily", retry_after_s=500), QuotaExhausted, 500),
        (QuotaExhausted("crm", "daily"), QuotaExhausted, 3600),
    ],
)
def test_a_source_that_asks_for_a_pause_gets_it_at_once(watched, error, kind, pause_s):
    watched.call(error)

    refused = watched.refused()

    assert (type(refused), refused.code) == (kind, "SOURCE_RATE_LIMITED")
    assert refused.retry_after_s == pause_s
    watched.seconds += pause_s
    watched.call()
    assert watched.breaker.health == Health(Circuit.CLOSED)


def test_an_outage_that_says_how_long_is_believed(watched):
    for _ in range(5):
        watched.call(Unavailable("crm", "503", retry_after_s=20))

    assert watched.refused().retry_after_s == 20


def test_calls_that_began_before_it_closed_change_nothing(watched):
    late = [watched.breaker.enter() for _ in range(20)]
    for was_trying in late[:5]:
        watched.breaker.leave(DOWN, was_trying=was_trying)

    for was_trying in late[5:12]:
        watched.breaker.leave(DOWN, was_trying=was_trying)
    for was_trying in late[12:]:
        watched.breaker.leave(None, was_trying=was_trying)

    assert watched.breaker.health == Health(Circuit.OPEN, DOWN.code)
    assert watched.refused().retry_after_s == 2


@pytest.mark.parametrize("error_class", [RateLimited, QuotaExhausted])
def test_no_source_is_left_alone_for_more_than_a_day(watched, error_class):
    watched.call(error_class("crm", "later", retry_after_s=1_764_277_479.0))

    assert watched.refused().retry_after_s == 86_400.0
    watched.seconds += 86_400.0
    watched.call()
    assert watched.breaker.health == Health(Circuit.CLOSED)
