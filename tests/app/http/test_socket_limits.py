"""How long, how many and how much on WS /graphql, by the settings."""

import asyncio
import json
import logging
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from websockets.exceptions import InvalidStatus

from app.auth.development import development_issuer
from app.http.settings import HttpSettings
from app.http.socket_settings import SocketSettings
from app.limit_settings import LimitSettings
from tests.flow.hostile_sockets import UPGRADE, frame
from tests.support.gateway import with_settings
from tests.support.listening import listening
from tests.support.sockets import init, socket_to, subscribe

VIEWER = "{ viewer { tenant } }"
# An answer of some 100 KB.
LARGE = "{ __schema { types { name description fields { name description args { name } } } } }"


@asynccontextmanager
async def limited(gateway, limits=None, **sockets):
    """The host and port of the same gateway with these settings of sockets."""
    settings = {"http": HttpSettings(socket=SocketSettings(**sockets))}
    if limits:
        settings["limits"] = limits
    async with with_settings(gateway, **settings) as changed, listening(changed.gateway) as place:
        yield place


async def test_silence_is_closed_with_4408(gateway):
    async with limited(gateway, init_timeout_s=0.2) as place, socket_to(place) as socket:
        closed = await socket.closed()

    assert closed == (4408, "connection_init came too late.")


async def test_pings_do_not_put_off_the_end_of_a_connection_without_init(gateway):
    async with limited(gateway, init_timeout_s=0.3) as place, socket_to(place) as socket:
        for _ in range(20):
            await socket.say({"type": "ping"})
        closed = await socket.closed()

    assert closed[0] == 4408


async def test_whoever_has_signed_in_may_be_silent(gateway, tenant):
    token = gateway.as_role("agent", tenant=tenant).token
    settings = {"init_timeout_s": 0.1, "ping_s": 0.1}
    async with limited(gateway, **settings) as place, socket_to(place) as socket:
        await socket.sign_in(token)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.raw.recv(), 0.5)
        answer = await socket.ask(VIEWER)

    assert answer["type"] == "next"


async def test_more_connections_than_a_process_takes_are_refused_by_http(gateway, tenant):
    async with limited(gateway, max_connections=2) as place:
        async with socket_to(place) as first, socket_to(place):
            with pytest.raises(InvalidStatus) as refused:
                async with socket_to(place):
                    pass
            await first.sign_in(gateway.as_role("agent", tenant=tenant).token)
        async with socket_to(place) as later:
            await later.sign_in(gateway.as_role("agent", tenant=tenant).token)

    assert refused.value.response.status_code == 503


async def test_more_connections_than_one_may_have_are_closed_with_4429(gateway, tenant):
    mine = gateway.as_role("agent", tenant=tenant).token
    others = gateway.as_role("agent", tenant=tenant, subject="eve").token
    async with limited(gateway, max_connections_each=2) as place, AsyncExitStack() as stack:
        mine_open = [await stack.enter_async_context(socket_to(place)) for _ in range(2)]
        for socket in mine_open:
            await socket.sign_in(mine)
        third = await stack.enter_async_context(socket_to(place))
        await third.say(init(mine))
        closed = await third.closed()
        other = await stack.enter_async_context(socket_to(place))
        await other.sign_in(others)
        await mine_open[0].raw.close()
        later = await stack.enter_async_context(socket_to(place))
        await later.sign_in(mine)

    assert closed == (4429, "You have too many connections.")


async def test_one_operation_too_many_is_refused_and_the_others_are_answered(gateway, tenant):
    token = gateway.as_role("agent", tenant=tenant).token
    names = [f"n{number}" for number in range(8)]
    async with limited(gateway, max_operations=3) as place, socket_to(place) as socket:
        await socket.sign_in(token)
        await socket.say(*[subscribe(LARGE, name) for name in names])
        heard = {name: [] for name in names}
        while not all(heard.values()):
            told = await socket.hear()
            if told["type"] != "complete":
                heard[told["id"]].append(told)

    refused = [told for (told,) in heard.values() if told["type"] == "error"]
    assert len(refused) >= 1
    assert {json.dumps(told["payload"]) for told in refused} == {
        json.dumps(
            [{"message": "Too many operations at once.", "extensions": {"code": "RATE_LIMITED"}}]
        )
    }
    assert all(told["type"] == "next" for (told,) in heard.values() if told not in refused)


async def test_an_operation_over_the_rate_is_an_error_and_http_is_counted_with_it(gateway, tenant):
    few = LimitSettings(requests_per_minute=1, burst=2)
    token = gateway.as_role("agent", tenant=tenant).token
    async with limited(gateway, limits=few) as place, socket_to(place) as socket:
        await socket.sign_in(token)
        answers = [await socket.ask(VIEWER) for _ in range(3)]
        await socket.say({"type": "ping"})
        pong = await socket.hear()

    assert [answer["type"] for answer in answers] == ["next", "next", "error"]
    (error,) = answers[2]["payload"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 50 < error["extensions"]["retryAfterS"] <= 60
    assert pong == {"type": "pong"}


async def test_refused_tokens_of_one_address_close_with_4429(gateway):
    few = LimitSettings(failures_per_minute=4)
    async with limited(gateway, limits=few) as place:
        codes = []
        for _ in range(3):
            async with socket_to(place) as socket:
                await socket.say(init("a.b.c"))
                codes.append((await socket.closed())[0])

    assert codes == [4401, 4401, 4429]


async def test_a_peer_that_takes_nothing_is_left(gateway, tenant, caplog):
    caplog.set_level(logging.INFO)
    token = gateway.as_role("service", tenant=tenant).token
    async with (
        limited(gateway, send_timeout_s=0.3, messages_per_s=10_000, ping_s=3600) as place,
        unread(place) as writer,
    ):
        with pytest.raises(ConnectionError):
            await _ask_for_ever(writer, token)

    assert caplog.records == []


async def test_a_peer_that_gives_no_sign_of_life_is_left(gateway, caplog):
    caplog.set_level(logging.INFO)
    async with limited(gateway, ping_s=0.2, init_timeout_s=30) as place:
        host, port = place.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(UPGRADE)

        rest = await asyncio.wait_for(reader.read(), 10)
        writer.close()

    assert b"\x89\x04" in rest
    assert rest.endswith(b"keepalive ping timeout")
    assert caplog.records == []


async def test_a_token_that_has_ended_begins_nothing(gateway, tenant):
    issuer = development_issuer(gateway.gateway.settings)
    token = issuer.token(["agent"], tenant, lifetime_s=1)
    async with limited(gateway) as place:
        async with socket_to(place) as socket:
            await socket.sign_in(token)
            closed = await socket.closed()
        async with socket_to(place) as again:
            await again.say(init(token))
            refused = await again.closed()

    assert (closed[0], refused[0]) == (4401, 4401)


@asynccontextmanager
async def unread(place):
    """The writing end of a connection from which nothing is read."""
    host, port = place.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()
    try:
        yield writer
    finally:
        writer.close()


async def _ask_for_ever(writer, token):
    writer.write(_text(init(token)))
    async with asyncio.timeout(60):
        for number in range(100_000):
            writer.write(_text(subscribe(LARGE, str(number))))
            await writer.drain()
            await asyncio.sleep(0.005)


def _text(message) -> bytes:
    return frame(1, json.dumps(message).encode())
