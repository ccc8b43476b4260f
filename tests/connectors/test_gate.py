"""What every call to a source passes."""

import asyncio
import time
from functools import partial

import pytest

from connectors.base import Key, SourceSettings
from connectors.errors import CircuitOpen, RateLimited, Timeout, Unavailable
from connectors.registry import connector_of
from connectors.runtime.breaker import Circuit, Health
from connectors.runtime.call import Request, ask
from connectors.runtime.gate import Gate, OwnLimit
from connectors.runtime.oauth import ClientCredentials, TokenAuth
from connectors.runtime.pace import Pace, Rate
from tests.connectors.example import SECRET
from tests.support.scripted_http import json_of, status

PATIENCE_S = 5.0


async def given(call):
    """A call of one request, which is answered."""
    async with call.enter(call.budget):
        return "given"


async def asked(url, call, auth=None):
    """A call of one request to a server, and what it needs."""
    return await ask("crm", call, Request("GET", f"{url}/", auth=auth))


async def contacts(url, many, call):
    """A call of one request for each of so many contacts."""
    freshdesk = connector_of("freshdesk")(SourceSettings("crm", url, SECRET))
    keys = [Key("id", str(number)) for number in range(many)]
    return await freshdesk.fetch(call, "contacts", keys, ["name"])


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

    async def counted(call):
        nonlocal under_way, most
        async with call.enter(call.budget):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1

    async def twice(call):
        await asyncio.gather(counted(call), counted(call))

    await asyncio.gather(*(gate.through(PATIENCE_S, twice) for _ in range(6)))

    assert (most, under_way) == (3, 0)


async def test_who_finds_no_place_in_time_is_told_and_the_source_is_not_blamed(http):
    gate, over = Gate("crm", http, Pace(concurrency=1, timeout_s=PATIENCE_S)), asyncio.Event()

    async def long(call):
        async with call.enter(call.budget):
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


async def test_a_burst_is_no_more_than_the_source_grants_within_any_such_time(http):
    gate = Gate("crm", http, Pace(rates=(Rate(10, 0.3),), concurrency=40, timeout_s=PATIENCE_S))
    begun = []

    async def noted(call):
        async with call.enter(call.budget):
            begun.append(time.monotonic())

    await asyncio.gather(*(gate.through(PATIENCE_S, noted) for _ in range(35)))

    assert all(later - begun[at] > 0.29 for at, later in enumerate(begun[10:]))
    assert begun[-1] - begun[0] < 2


async def noted_in(lane, begun, call, over=None):
    """A call of one request of a lane, which notes when it began, and lasts until `over`."""
    async with call.enter(call.budget, lane):
        begun.append(time.monotonic())
        await (over.wait() if over else asyncio.sleep(0))


async def test_a_lane_waits_for_its_own_rates_and_holds_up_nobody_else(http):
    lanes = {"search": (Rate(5, 0.3),)}
    gate = Gate("crm", http, Pace(concurrency=2, lanes=lanes, timeout_s=PATIENCE_S))
    searches, others = [], []

    await asyncio.gather(
        *(gate.through(PATIENCE_S, partial(noted_in, "search", searches)) for _ in range(12)),
        *(gate.through(PATIENCE_S, partial(noted_in, "", others)) for _ in range(12)),
    )

    assert all(later - searches[at] > 0.29 for at, later in enumerate(searches[5:]))
    assert (len(searches), len(others)) == (12, 12)
    assert max(others) < searches[5]


async def test_who_waits_for_a_place_begins_in_its_lane_when_it_has_it(http):
    lanes, over = {"search": (Rate(2, 0.3),)}, asyncio.Event()
    gate = Gate("crm", http, Pace(concurrency=1, lanes=lanes, timeout_s=PATIENCE_S))
    begun = []
    first = asyncio.create_task(gate.through(PATIENCE_S, partial(noted_in, "", [], over=over)))
    await asyncio.sleep(0)
    waiting = [
        asyncio.create_task(gate.through(PATIENCE_S, partial(noted_in, "search", begun)))
        for _ in range(4)
    ]
    await asyncio.sleep(0.25)
    over.set()
    await asyncio.gather(first, *waiting)

    assert all(later - begun[at] > 0.29 for at, later in enumerate(begun[2:]))


async def test_what_is_of_a_lane_counts_among_all(http):
    lanes = {"search": (Rate(2, 3600),)}
    pace = Pace(rates=(Rate(3, 3600),), lanes=lanes, timeout_s=PATIENCE_S)
    gate = Gate("crm", http, pace)
    search, other = partial(noted_in, "search", []), partial(noted_in, "", [])

    for _ in range(2):
        await gate.through(PATIENCE_S, search)
    with pytest.raises(OwnLimit) as raised:
        await gate.through(PATIENCE_S, search)
    await gate.through(PATIENCE_S, other)
    with pytest.raises(OwnLimit):
        await gate.through(PATIENCE_S, other)

    assert 3590 < raised.value.retry_after_s <= 3600
    assert gate.health == Health(Circuit.CLOSED)


async def test_who_cannot_get_in_before_its_time_is_over_is_told_at_once_and_when(http):
    gate = Gate("crm", http, Pace(rates=(Rate(1, 3600),), timeout_s=PATIENCE_S))
    await gate.through(PATIENCE_S, given)

    began = time.monotonic()
    with pytest.raises(OwnLimit) as raised:
        await gate.through(PATIENCE_S, given)

    assert time.monotonic() - began < 1
    assert 3590 < raised.value.retry_after_s <= 3600


async def test_every_request_of_a_call_counts_retries_too(http, crm):
    gate = Gate("crm", http, Pace(rates=(Rate(3, 3600),), timeout_s=PATIENCE_S))
    crm.play(status(503), status(503), json_of({}))

    await gate.through(PATIENCE_S, partial(asked, crm.url))
    with pytest.raises(OwnLimit):
        await gate.through(PATIENCE_S, partial(asked, crm.url))

    assert (len(crm.received), gate.calls) == (3, 1)


async def test_a_token_is_asked_for_where_there_is_one_place_and_counts(http, crm):
    gate = Gate("crm", http, Pace(concurrency=1, rates=(Rate(2, 3600),), timeout_s=PATIENCE_S))
    auth = TokenAuth("crm", f"{crm.url}/token", ClientCredentials("client-1", SECRET))
    crm.play(json_of({"access_token": "a", "token_type": "Bearer"}), json_of({"is": "given"}))

    assert await gate.through(PATIENCE_S, partial(asked, crm.url, auth=auth)) == {"is": "given"}
    with pytest.raises(OwnLimit):
        await gate.through(PATIENCE_S, partial(asked, crm.url, auth=auth))

    assert [received.path for received in crm.received] == ["/token", "/"]


async def test_a_call_of_many_requests_makes_no_more_than_the_source_grants(http, crm):
    gate = Gate("crm", http, Pace(rates=(Rate(10, 3600),), timeout_s=PATIENCE_S))
    crm.play(json_of({"id": 1}))

    outcomes = await gate.through(PATIENCE_S, partial(contacts, crm.url, 25))

    assert (len(crm.received), gate.calls) == (10, 1)
    assert sum(isinstance(one, OwnLimit) for one in outcomes.values()) == 15
    assert gate.health == Health(Circuit.CLOSED)


@pytest.mark.parametrize("concurrency", [1, 6])
async def test_a_pause_that_a_part_of_a_call_was_asked_for_is_kept_by_all(http, crm, concurrency):
    gate = Gate("crm", http, Pace(concurrency=concurrency, timeout_s=PATIENCE_S))
    answers = [json_of({"id": number}) for number in range(10)]
    crm.play(*answers, status(429, Retry_After="60"))

    outcomes = await gate.through(PATIENCE_S, partial(contacts, crm.url, 25))

    assert sum(isinstance(one, RateLimited) for one in outcomes.values()) == 15
    assert len(crm.received) < 16
    assert gate.health == Health(Circuit.OPEN, "SOURCE_RATE_LIMITED")
    with pytest.raises(RateLimited) as raised:
        await gate.through(1, given)
    assert 50 < raised.value.retry_after_s <= 60


async def test_refused_credentials_of_a_part_of_a_call_are_a_failure_of_the_source(http, crm):
    gate = Gate("crm", http, Pace(timeout_s=PATIENCE_S))
    for _ in range(5):
        crm.play(json_of({"id": 0}), status(401))
        await gate.through(PATIENCE_S, partial(contacts, crm.url, 2))

    assert gate.health == Health(Circuit.OPEN, "SOURCE_UNAVAILABLE")


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
