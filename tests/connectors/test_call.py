import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.base import Call
from connectors.errors import (
    BadPayload,
    RateLimited,
    Timeout,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.runtime.budget import Budget
from connectors.runtime.call import Request, ask
from tests.support.scripted_http import body, endless, hang, json_of, long_json, promise, status

FINE = json_of({"tier": "gold"})


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asked(crm, http, clock):
    """Ask the CRM with a budget on the clock."""

    async def _asked(budget_s=10.0, *, method="GET", **more):
        call = Call(http, Budget(budget_s, clock))
        max_bytes = more.pop("max_bytes", 1_000)
        request = Request(method, f"{crm.url}/things?d=1", **more)
        return await ask("crm", call, request, max_bytes=max_bytes, sleep=clock.sleep)

    return _asked


async def test_the_answer_is_parsed_json(asked, crm):
    crm.play(FINE)

    answer = await asked()

    assert answer == {"tier": "gold"}
    assert crm.received[0].target == "/things?d=1"


async def test_a_body_is_sent_as_json_with_the_caller_s_headers(asked, crm):
    crm.play(FINE)

    await asked(method="POST", json={"ids": [1]}, headers={"X-Own": "yes"})

    [received] = crm.received
    assert (received.method, received.body) == ("POST", b'{"ids":[1]}')
    assert received.headers["content-type"] == "application/json"
    assert received.headers["accept"] == "application/json"
    assert received.headers["x-own"] == "yes"


async def test_compression_is_declined_even_for_a_caller_who_wants_it(asked, crm):
    crm.play(FINE)

    await asked(headers={"Accept-Encoding": "gzip"})

    assert crm.received[0].headers["accept-encoding"] == "identity"


async def test_a_failure_that_passes_is_not_noticed(asked, crm, clock):
    crm.play(status(500), status(503), FINE)

    answer = await asked()

    assert answer == {"tier": "gold"}
    assert len(crm.received) == 3
    assert len(clock.slept) == 2


async def test_pauses_are_jittered_and_grow(asked, crm, clock):
    crm.play(status(500))

    for _ in range(20):
        with pytest.raises(Unavailable):
            await asked()

    first, second = clock.slept[::2], clock.slept[1::2]
    assert all(0 <= pause_s <= 0.1 for pause_s in first)
    assert all(0 <= pause_s <= 0.2 for pause_s in second)
    assert len(set(clock.slept)) == 40
    assert max(second) > 0.1


async def test_a_wish_for_a_pause_is_granted(asked, crm, clock):
    crm.play(status(429, Retry_After="2"), FINE)

    answer = await asked(budget_s=10.0)

    assert answer == {"tier": "gold"}
    assert clock.slept == [2.0]


async def test_a_pause_until_a_date_is_granted(asked, crm, clock):
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    crm.play(status(503, Retry_After=until), FINE)

    await asked(budget_s=100.0)

    [pause_s] = clock.slept
    assert 30 < pause_s <= 60


@pytest.mark.parametrize("wish", ["20", "100", "86400"])
async def test_a_pause_beyond_the_budget_is_not_begun(asked, crm, clock, wish):
    crm.play(status(429, Retry_After=wish), FINE)

    with pytest.raises(RateLimited) as raised:
        await asked(budget_s=20.0)

    assert raised.value.retry_after_s == float(wish)
    assert (len(crm.received), clock.slept) == (1, [])


async def test_the_second_pause_comes_out_of_the_same_budget(asked, crm, clock):
    crm.play(status(429, Retry_After="20"))

    with pytest.raises(RateLimited):
        await asked(budget_s=30.0)

    assert (len(crm.received), clock.slept) == (2, [20.0])


async def test_without_time_left_nobody_is_asked(asked, crm):
    crm.play(FINE)

    with pytest.raises(Timeout, match="crm: no time left to ask"):
        await asked(budget_s=0.0)

    assert crm.received == []


@pytest.mark.parametrize(
    ("answer", "error_class"),
    [
        (status(401), Unauthorized),
        (status(404), WrongSettings),
        (status(422), BadPayload),
        (body(b"", status=204), BadPayload),
        (body(b"{}", headers={"Content-Type": "text/plain"}), BadPayload),
        (body(b"{}", headers={"Content-Encoding": "br"}), BadPayload),
        (body(b"[" * 5_000, headers={"Content-Encoding": "identity"}), BadPayload),
    ],
)
async def test_what_another_request_cannot_mend_is_not_repeated(asked, crm, answer, error_class):
    crm.play(answer, FINE)

    with pytest.raises(error_class):
        await asked(max_bytes=10_000)

    assert len(crm.received) == 1


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=utf-8", "application/hal+json"]
)
async def test_json_goes_by_several_names(asked, crm, media_type):
    crm.play(body(b'{"tier": 1}', headers={"Content-Type": media_type}))

    assert await asked() == {"tier": 1}


async def test_the_cap_is_a_length_that_is_still_read(asked, crm):
    crm.play(long_json(1_000), long_json(1_001))

    assert len(await asked(max_bytes=1_000)) == 998
    with pytest.raises(BadPayload, match="longer than 1000 bytes"):
        await asked(max_bytes=1_000)


async def test_a_body_that_announces_itself_as_too_long_is_not_waited_for(asked, crm):
    crm.play(promise(1_001))

    with pytest.raises(BadPayload, match="longer than 1000 bytes"):
        await asked(max_bytes=1_000)


async def test_a_body_without_an_end_is_left_and_the_connection_with_it(asked, crm):
    crm.play(endless)

    with pytest.raises(BadPayload, match="longer than 100000 bytes"):
        await asked(max_bytes=100_000)

    await asyncio.wait_for(crm.abandoned.wait(), 5)


async def test_a_caller_who_goes_away_is_not_answered_with_an_error_of_the_source(asked, crm):
    crm.play(hang)
    asking = asyncio.create_task(asked())
    await asyncio.wait_for(crm.asked.wait(), 5)

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize("url", ["ftp://crm.example", "http://crm.example:port", "crm.example"])
async def test_an_address_that_cannot_be_asked_is_a_wrong_setting(http, url):
    with pytest.raises(WrongSettings, match=r"crm: the request can't be sent \(\w+\)"):
        await ask("crm", Call(http, Budget(5.0)), Request("GET", url))


def test_a_request_shows_neither_address_nor_header_nor_body():
    request = Request("POST", "https://crm.example/?d=ada", {"Authorization": "s"}, {"id": "ada"})

    assert repr(request) == "Request(method='POST')"
