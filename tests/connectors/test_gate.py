"""What every call to a source passes."""

import asyncio

import pytest

from connectors.errors import CircuitOpen, RateLimited, Timeout, Unavailable
from connectors.runtime.breaker import Circuit, Health
from connectors.runtime.gate import Gate, OwnLimit
from connectors.runtime.pace import Pace, Rate

PATIENCE_S = 5.0


async def given(_call):
    """A call that answers."""
    return "given"


async def failed(_call):
    """A call that fails."""
    raise Unavailable("crm", "status 503")


async def test_a_call_has_the_time_that_the_source_and_the_asker_both_allow(http):
    async def told_s(call):
        return call.budget.remaining_s()

    gate = Gate("crm", http, Pace(timeout_s=2))

    assert 1.5 < await gate.through(30, told_s) <= 2
    assert 0.5 < await gate.through(1, told_s) <= 1
    assert gate.calls == 2


async def test_a_call_that_does_not_mind_its_time_is_ended(http):
    gate = Gate("crm", http, Pace(timeout_s=0.05, concurrency=1))

    for _ in range(2):
        with pytest.raises(Timeout, match="no answer within the time left"):
            await gate.through(1, lambda _: asyncio.Event().wait())

    assert gate.health == Health(Circuit.CLOSED, "SOURCE_TIMEOUT")


async def test_no_more_calls_are_under_way_than_the_source_takes(http):
    gate, under_way, most = Gate("crm", http, Pace(concurrency=3, timeout_s=PATIENCE_S)), 0, 0

    async def counted(_call):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1

    await asyncio.gather(*(gate.through(PATIENCE_S, counted) for _ in range(12)))

    assert (most, under_way) == (3, 0)


async def test_who_finds_no_place_in_time_is_told_and_the_source_is_not_blamed(http):
    gate, over = Gate("crm", http, Pace(concurrency=1, timeout_s=PATIENCE_S)), asyncio.Event()

    async def long(_call):
        await over.wait()

    first = asyncio.create_task(gate.through(PATIENCE_S, long))
    await asyncio.sleep(0)
    for _ in range(6):
        with pytest.raises(OwnLimit, match="no place among its calls in time"):
            await gate.through(0.01, given)
    over.set()
    await first

    assert gate.health == Health(Circuit.CLOSED)
    assert await gate.through(PATIENCE_S, given) == "given"


async def test_no_more_calls_are_made_within_a_time_than_the_source_grants(http):
    gate = Gate("crm", http, Pace(rates=(Rate(4, 3600), Rate(100, 1)), timeout_s=PATIENCE_S))

    for _ in range(4):
        await gate.through(PATIENCE_S, given)
    with pytest.raises(RateLimited):
        await gate.through(0.05, given)

    assert gate.calls == 4


async def test_a_source_that_fails_is_left_alone(http):
    gate = Gate("crm", http, Pace())
    for _ in range(5):
        with pytest.raises(Unavailable):
            await gate.through(1, failed)

    with pytest.raises(CircuitOpen):
        await gate.through(1, given)

    assert gate.calls == 5


async def test_a_call_that_is_given_up_says_nothing_of_the_source_and_frees_its_place(http):
    gate = Gate("crm", http, Pace(concurrency=1, timeout_s=PATIENCE_S))
    for _ in range(20):
        task = asyncio.create_task(gate.through(PATIENCE_S, lambda _: asyncio.sleep(60)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert gate.health == Health(Circuit.CLOSED)
    assert await gate.through(PATIENCE_S, given) == "given"
