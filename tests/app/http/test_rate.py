"""The laws of token buckets, with a clock that tests move."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.http.rate import Buckets, Rate

SECOND = 1_000_000_000

rates = st.builds(Rate, st.integers(1, 100_000), st.integers(1, 50))
waits = st.lists(st.integers(0, 200 * SECOND) | st.integers(0, 1000), max_size=60)


class Clock:
    """Nanoseconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 17

    def __call__(self) -> int:
        return self.now


def granted(buckets: Buckets, clock: Clock, key: str, rate: Rate, waiting: list[int]) -> list[int]:
    """The instants at which somebody who asks after each of these waits gets one."""
    found = []
    for wait in waiting:
        clock.now += wait
        if buckets.take(key, rate) == 0:
            found.append(clock.now)
    return found


@given(rates, waits)
def test_no_window_holds_more_than_the_burst_and_the_rate_over_its_length(rate, waiting):
    clock = Clock()

    instants = granted(Buckets(clock=clock), clock, "a", rate, waiting)

    assert is_within(rate, instants)


@given(rates, st.integers(1, 80))
def test_that_holds_for_whoever_asks_again_as_soon_as_it_may(rate, times):
    clock = Clock()
    buckets = Buckets(clock=clock)
    instants = []

    for _ in range(times):
        clock.now += round(buckets.wait_s("a", rate) * SECOND)
        instants += granted(buckets, clock, "a", rate, [0])

    assert len(instants) == times
    assert is_within(rate, instants)


def is_within(rate: Rate, instants: list[int]) -> bool:
    """Whether every window holds as many as its length times the rate and the burst, or fewer."""
    return all(
        (last - first + 1 - rate.burst) * 60 * SECOND <= rate.per_minute * (end - start)
        for first, start in enumerate(instants)
        for last, end in enumerate(instants[first:], first)
    )


@given(rates, st.integers(1, 200))
def test_whoever_is_patient_is_never_refused(rate, times):
    clock = Clock()

    instants = granted(Buckets(clock=clock), clock, "a", rate, [rate.interval_ns] * times)

    assert len(instants) == times


@given(rates, waits, st.integers(0, 10**12))
def test_after_a_pause_the_whole_burst_is_there_and_not_one_more(rate, waiting, longer):
    clock = Clock()
    buckets = Buckets(clock=clock)
    granted(buckets, clock, "a", rate, waiting)

    clock.now += rate.burst * rate.interval_ns + longer

    assert len(granted(buckets, clock, "a", rate, [0] * (rate.burst + 5))) == rate.burst


@given(rates, waits)
def test_whoever_waits_as_long_as_told_is_granted_and_not_a_nanosecond_before(rate, waiting):
    clock = Clock()
    buckets = Buckets(clock=clock)
    granted(buckets, clock, "a", rate, waiting)

    wait_ns = round(buckets.wait_s("a", rate) * SECOND)

    if wait_ns:
        clock.now += wait_ns - 1
        assert buckets.take("a", rate) > 0
        clock.now += 1
    assert buckets.take("a", rate) == 0


@given(rates, waits)
def test_asking_what_the_wait_is_takes_nothing(rate, waiting):
    clock, asked = Clock(), Clock()
    plain, curious = Buckets(clock=clock), Buckets(clock=asked)

    found = granted(plain, clock, "a", rate, waiting)
    also = []
    for wait in waiting:
        asked.now += wait
        curious.wait_s("a", rate)
        also += granted(curious, asked, "a", rate, [0])

    assert also == found


@given(rates, st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 5 * SECOND))))
def test_nobody_takes_from_somebody_else(rate, asked):
    together, clock = Buckets(clock=(shared := Clock())), shared
    alone = {name: Buckets(clock=clock) for name in "abcdefgh"}

    for name, wait in asked:
        clock.now += wait
        assert together.take(name, rate) == alone[name].take(name, rate)


@given(rates, st.integers(1, 8), st.lists(st.integers(0, 30), max_size=200))
def test_memory_is_bounded_whatever_comes(rate, most, names):
    clock = Clock()
    buckets = Buckets(most, clock)

    for name in names:
        clock.now += name % 3
        buckets.take(name, rate)
        assert len(buckets) <= most
        assert len(buckets._soonest) == len(buckets)


@given(st.integers(2, 8), st.lists(st.integers(0, 10_000), min_size=1, max_size=300))
def test_whoever_is_refused_cannot_be_pushed_out_by_names_that_ask_once(most, names):
    clock = Clock()
    buckets = Buckets(most, clock)
    rate = Rate(60, 5)
    granted(buckets, clock, "limited", rate, [0] * 5)

    for name in names:
        buckets.take(name, rate)

    assert buckets.take("limited", rate) == 1.0


@given(rates, st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=50))
def test_full_buckets_are_forgotten(rate, names):
    clock = Clock()
    buckets = Buckets(clock=clock)
    for name in names:
        buckets.take(name, rate)

    clock.now += len(names) * rate.interval_ns
    buckets.take(0, rate)

    assert len(buckets) == 1


def test_grants_of_a_limited_client_come_at_an_even_pace():
    clock = Clock()
    rate = Rate(600, 3)

    instants = granted(Buckets(clock=clock), clock, "a", rate, [SECOND // 100] * 100)

    gaps = {later - earlier for earlier, later in pairwise(instants[4:])}
    assert gaps == {SECOND // 10}
