"""Readers share calls, and nobody's hanging up harms the others."""

import asyncio

import pytest

from connectors.base import Key, SourceSettings
from connectors.errors import BadPayload, RateLimited, Unavailable
from connectors.runtime.live_cache import Origin
from connectors.runtime.pace import Freshness, Pace
from tests.connectors.counter import BOTH, PATIENCE_S, SCORE, TIER, Counter
from tests.support.card_index import Asked, CardIndex


@pytest.fixture
def counter(http):
    return Counter(http)


async def test_readers_of_many_requests_share_calls_as_large_as_the_source_takes(counter):
    counter.crm.drawer.cards = {str(one): {"tier": f"t{one}"} for one in range(7)}

    reads = [counter.tier(str(number % 7)) for number in range(100)]
    found = await asyncio.gather(*reads)

    assert found == [(f"t{number % 7}", Origin.ASKED, None) for number in range(100)]
    assert [len(asked.keys) for asked in counter.crm.drawer.asked] == [3, 3, 1]


async def test_who_may_read_more_does_not_make_others_ask_for_it(counter):
    counter.say("gold", **{"2": {"tier": "silver", "score": 8}})

    await asyncio.gather(counter.read("1", TIER), counter.read("2", BOTH))

    assert sorted(counter.crm.drawer.asked, key=lambda asked: asked.keys) == [
        Asked("contacts", ("1",), ("tier",)),
        Asked("contacts", ("2",), ("score", "tier")),
    ]


async def test_who_comes_while_all_of_it_is_asked_waits_for_that(counter):
    counter.say("gold")
    counter.crm.drawer.open.clear()
    first = asyncio.create_task(counter.read(attributes=BOTH))
    await asyncio.wait_for(counter.crm.drawer.came.wait(), PATIENCE_S)
    second = asyncio.create_task(counter.read(attributes=TIER, freshness=Freshness(5)))
    await asyncio.sleep(0.01)
    counter.crm.drawer.open.set()

    assert (await first).kept == (await second).kept
    assert await counter.called() == 1


async def test_who_wants_it_from_now_does_not_take_what_was_asked_before(counter):
    counter.say("gold")
    counter.crm.drawer.open.clear()
    first = asyncio.create_task(counter.tier())
    await asyncio.wait_for(counter.crm.drawer.came.wait(), PATIENCE_S)
    others = [asyncio.create_task(counter.tier(freshness=Freshness(0))) for _ in range(9)]
    await asyncio.sleep(0.1)
    counter.crm.drawer.open.set()
    await asyncio.gather(first, *others)

    assert await counter.called() == 2


async def test_nobody_is_left_to_ask_what_only_another_could_read(counter):
    counter.say("gold")
    seat = counter.cache.ask("contacts", Key("id", "1"), BOTH)
    reading = asyncio.create_task(counter.read(attributes=TIER))
    await asyncio.sleep(0)
    counter.cache.leave(seat)
    await reading

    assert await counter.called() == 1
    assert counter.crm.drawer.asked == [Asked("contacts", ("1",), ("tier",))]


async def test_what_else_was_known_is_asked_anew_where_it_is_gone_meanwhile(counter):
    counter.say("gold")
    await counter.read(attributes=SCORE)
    counter.crm.drawer.open.clear()
    counter.crm.drawer.came.clear()
    reading = asyncio.create_task(counter.read(attributes=BOTH))
    await asyncio.wait_for(counter.crm.drawer.came.wait(), PATIENCE_S)
    await counter.cache.forget("contacts", {"1"})
    counter.crm.drawer.cards = {"1": {"tier": "gold", "score": 8}}
    counter.crm.drawer.open.set()

    answer = await reading

    assert (answer.error, answer.origin) == (None, Origin.ASKED)
    assert {name: one.value for name, one in answer.kept.values.items()} == {
        "tier": "gold",
        "score": 8,
    }
    assert counter.crm.drawer.asked[-1].attributes == ("score", "tier")


async def test_a_leader_who_hangs_up_is_noticed_by_nobody(counter):
    counter.say("gold")
    counter.crm.drawer.open.clear()
    leader, *others = [asyncio.create_task(counter.tier()) for _ in range(21)]
    await asyncio.wait_for(counter.crm.drawer.came.wait(), PATIENCE_S)

    leader.cancel()
    await asyncio.wait([leader])
    counter.crm.drawer.open.set()

    assert leader.cancelled()
    assert await asyncio.gather(*others) == [("gold", Origin.ASKED, None)] * 20
    assert await counter.called() == 1


async def test_what_all_hung_up_on_is_there_for_the_next(counter):
    counter.say("gold")
    counter.crm.drawer.open.clear()
    tasks = [asyncio.create_task(counter.tier()) for _ in range(5)]
    await asyncio.wait_for(counter.crm.drawer.came.wait(), PATIENCE_S)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    counter.crm.drawer.open.set()

    assert await counter.called() == 1
    assert await counter.tier() == ("gold", Origin.FRESH, None)


async def test_a_failure_is_shared_by_all_who_waited(counter):
    counter.crm.drawer.jammed = Unavailable("crm", "status 503")

    found = await asyncio.gather(*(counter.tier() for _ in range(20)))

    assert found == [(None, Origin.ASKED, "SOURCE_UNAVAILABLE")] * 20
    assert await counter.called() == 1


async def test_what_one_key_costs_costs_the_others_nothing(counter):
    counter.say("gold")
    counter.crm.drawer.torn = {"2": RateLimited("crm", "status 429")}

    found = await asyncio.gather(counter.tier("1"), counter.tier("2"))

    assert found == [
        ("gold", Origin.ASKED, None),
        (None, Origin.ASKED, "SOURCE_RATE_LIMITED"),
    ]


async def test_a_source_that_is_left_alone_is_not_called(counter):
    counter.crm.drawer.jammed = Unavailable("crm", "status 503")
    for number in range(20):
        assert (await counter.tier(str(number)))[2] == "SOURCE_UNAVAILABLE"

    assert await counter.called() == 5


async def test_an_answer_that_was_under_way_when_its_record_changed_is_not_kept(counter):
    counter.say("gold")
    counter.crm.drawer.open.clear()
    early = asyncio.create_task(counter.tier())
    await asyncio.wait_for(counter.crm.drawer.came.wait(), PATIENCE_S)

    await counter.cache.forget("contacts", {"1"})
    late = asyncio.create_task(counter.tier())
    await asyncio.sleep(0.01)
    counter.crm.drawer.open.set()
    await asyncio.gather(early, late)

    assert await counter.called() == 2
    counter.say("silver")
    assert await counter.tier() == ("gold", Origin.FRESH, None)  # that of the second call


async def test_a_key_that_nobody_waits_for_before_the_call_is_left_out(counter):
    counter.say("gold")
    seats = [counter.cache.ask("contacts", Key("id", one), TIER) for one in ("1", "2", "1")]

    counter.cache.leave(seats[0])
    counter.cache.leave(seats[1])

    answer = await counter.cache.answer(seats[2], TIER)
    assert answer.kept.id == "1"
    assert counter.crm.drawer.asked == [Asked("contacts", ("1",), ("tier",))]


async def test_a_flight_that_all_left_never_starts(counter):
    seat = counter.cache.ask("contacts", Key("id", "1"), TIER)
    counter.cache.leave(seat)
    await asyncio.sleep(0.01)

    assert await counter.called() == 0


async def test_a_stopping_gateway_answers_who_waits(counter):
    counter.crm.drawer.open.clear()
    waiting = asyncio.create_task(counter.tier())
    await asyncio.wait_for(counter.crm.drawer.came.wait(), PATIENCE_S)

    await counter.cache.close()

    assert await waiting == (None, Origin.ASKED, "SOURCE_UNAVAILABLE")


async def test_a_connector_that_breaks_costs_its_fields_and_tells_no_value(counter, caplog):
    class Broken(CardIndex):
        async def fetch(self, *_):
            raise KeyError("a private value")

    counter.cache._connector = Broken(SourceSettings("crm", "", ""))

    answer = await counter.read()

    assert (type(answer.error), str(answer.error)) == (BadPayload, "crm: the connector failed")
    assert "crm: its connector raised KeyError" in caplog.text
    assert "private" not in caplog.text


async def test_keys_that_keep_coming_wait_no_longer_than_the_longest_window(http):
    pace = Pace(window_s=0.05, longest_window_s=0.2, timeout_s=PATIENCE_S)
    counter = Counter(http, pace)
    counter.crm.max_keys = 1000
    reads = []
    for number in range(20):
        reads.append(asyncio.create_task(counter.tier(str(number))))
        await asyncio.sleep(0.02)
    await asyncio.gather(*reads)

    sizes = [len(asked.keys) for asked in counter.crm.drawer.asked]
    assert sum(sizes) == 20
    assert 2 <= len(sizes) <= 10
