"""How often a source may be asked: within any time, in order, whoever gives up."""

import asyncio
import time
from contextlib import nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.runtime.budget import Budget
from connectors.runtime.pace import Rate
from connectors.runtime.windows import TooOften, Windows


async def test_they_begin_in_the_order_in_which_they_came():
    windows, begun = Windows([Rate(2, 0.05)]), []

    async def begin(number):
        await windows.begin(Budget(60.0))
        begun.append(number)

    await asyncio.gather(*(begin(number) for number in range(7)))

    assert begun == [*range(7)]


async def test_who_gives_up_takes_nothing_from_the_others():
    windows = Windows([Rate(1, 0.2)])
    began = time.monotonic()
    await windows.begin(Budget(60.0))
    waiting = [asyncio.create_task(windows.begin(Budget(60.0))) for _ in range(5)]
    await asyncio.sleep(0.02)
    for one in waiting:
        one.cancel()
    assert await asyncio.gather(*waiting, return_exceptions=True)

    await windows.begin(Budget(60.0))

    assert 0.19 < time.monotonic() - began < 0.39


async def test_a_turn_that_comes_to_nothing_has_not_begun():
    windows = Windows([Rate(1, 3600)])
    with pytest.raises(TooOften):
        async with windows.turn(Budget(60.0)):
            raise TooOften(1)

    await windows.begin(Budget(60.0))

    with pytest.raises(TooOften):
        await windows.begin(Budget(60.0))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 9)), max_size=3),
    st.lists(st.integers(0, 4), max_size=40),
)
def test_no_window_ever_has_more_than_it_may(rates, pauses):
    now, begun = 0.0, []
    windows = Windows([Rate(calls, float(seconds)) for calls, seconds in rates], lambda: now)

    async def begin():
        with pytest.raises(TooOften) if windows._pause_s() > 0 else nullcontext():
            await windows.begin(Budget(0.0))
            begun.append(now)

    for pause in pauses:
        now += pause
        asyncio.run(begin())

    for calls, seconds in rates:
        for at, first in enumerate(begun):
            assert sum(first <= one < first + seconds for one in begun[at:]) <= calls
