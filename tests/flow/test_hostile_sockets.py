"""Clients that break the protocol are closed with its codes; nobody else notices, no log tells."""

import asyncio
import logging
import struct
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio

from app.http.settings import HttpSettings
from app.http.socket_settings import SocketSettings
from tests.flow.hostile_sockets import CANARY, FRAMES, SEQUENCES, UPGRADE, UPGRADES, frame
from tests.support.gateway import with_settings
from tests.support.listening import listening
from tests.support.process import serving
from tests.support.sockets import socket_to

VIEWER = "{ viewer { tenant } }"
PAGE = "https://desk.test"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(gateway):
    # Long enough that nobody is left for another reason than the one that a test is about.
    http = HttpSettings(origins=(PAGE,), socket=SocketSettings(init_timeout_s=60))
    async with with_settings(gateway, http=http) as changed, listening(changed.gateway) as place:
        yield place


@asynccontextmanager
async def nobody_noticed(gateway, place, tenant, caplog):
    """Somebody who was connected before is served as before, and nothing is logged."""
    caplog.set_level(logging.INFO)
    async with socket_to(place) as socket:
        await socket.sign_in(gateway.as_role("agent", tenant=tenant).token)
        yield
        answer = await socket.ask(VIEWER)
    assert answer["payload"] == {"data": {"viewer": {"tenant": tenant}}}
    assert [record.getMessage() for record in caplog.records] == []


@asynccontextmanager
async def wire_to(place, first=UPGRADE):
    """A TCP connection on which `first` was sent; an upgrade of ours is answered already."""
    host, port = place.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(first)
        if first == UPGRADE:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        yield reader, writer
    finally:
        writer.close()


async def close_code(reader) -> int:
    """The code of the close frame that comes."""
    rest = await asyncio.wait_for(reader.read(), 10)
    assert rest[0] == 0x88
    return struct.unpack("!H", rest[2:4])[0]


@pytest.mark.parametrize("name", SEQUENCES)
async def test_a_sequence_that_breaks_the_protocol_is_closed_with_its_code(
    gateway, place, tenant, caplog, name
):
    sequence = SEQUENCES[name]
    async with nobody_noticed(gateway, place, tenant, caplog), socket_to(place) as socket:
        if sequence.is_signed_in:
            await socket.sign_in(gateway.as_role("agent", tenant=tenant).token)

        saying = asyncio.gather(socket.say(*sequence.messages), return_exceptions=True)
        code, reason = await socket.closed()
        await saying

    assert code == sequence.code
    assert CANARY not in reason


@pytest.mark.parametrize("name", FRAMES)
async def test_frames_that_are_not_of_websocket_are_closed_with_its_code(
    gateway, place, tenant, caplog, name
):
    expected, data = FRAMES[name]
    async with nobody_noticed(gateway, place, tenant, caplog), wire_to(place) as (reader, writer):
        writer.write(data)

        code = await close_code(reader)

    assert code == expected


@pytest.mark.parametrize("name", UPGRADES)
async def test_an_upgrade_that_may_not_be_is_refused_by_http(gateway, place, tenant, caplog, name):
    expected, request = UPGRADES[name]
    async with nobody_noticed(gateway, place, tenant, caplog), wire_to(place, request) as (wire, _):
        answer = await asyncio.wait_for(wire.read(), 10)

    assert answer.split(b" ")[1] == str(expected).encode()
    assert b"evil" not in answer


@pytest.mark.parametrize("subprotocols", [(), ("graphql-ws",), ("GraphQL-Transport-WS", "soap")])
async def test_another_subprotocol_is_closed_with_4406(
    gateway, place, tenant, caplog, subprotocols
):
    async with (
        nobody_noticed(gateway, place, tenant, caplog),
        socket_to(place, subprotocols=subprotocols) as socket,
    ):
        closed = await socket.closed()

    assert closed == (4406, "Only graphql-transport-ws is spoken here.")


async def test_a_page_of_ours_and_a_program_may_connect(gateway, place, tenant):
    token = gateway.as_role("agent", tenant=tenant).token

    async with socket_to(place, origin=PAGE) as page, socket_to(place) as program:
        await page.sign_in(token)
        await program.sign_in(token)


async def test_half_an_upgrade_holds_nobody_up(gateway, place, tenant, caplog):
    half = UPGRADE[: len(UPGRADE) // 2]
    async with nobody_noticed(gateway, place, tenant, caplog), wire_to(place, half):
        await asyncio.sleep(0)


async def test_a_peer_that_pings_and_never_reads_is_left(gateway, place, tenant, caplog):
    async with nobody_noticed(gateway, place, tenant, caplog), wire_to(place) as (_, writer):
        with pytest.raises(ConnectionError):
            await say_for_ever(writer, frame(9, b"a" * 125) * 1000)


async def say_for_ever(writer, data):
    async with asyncio.timeout(20):
        for _ in range(100_000):
            writer.write(data)
            await writer.drain()


async def test_a_gateway_process_closes_them_alike(gateway_process):
    place = gateway_process.url.removeprefix("http://")

    async def code_of(data: bytes) -> int:
        async with wire_to(place) as (reader, writer):
            writer.write(data)
            return await close_code(reader)

    codes = await asyncio.gather(*[code_of(data) for _, data in FRAMES.values()])
    async with wire_to(place) as (_, writer):
        with pytest.raises(ConnectionError):
            await say_for_ever(writer, frame(9, b"a" * 125) * 1000)
    async with socket_to(place) as socket:
        await socket.sign_in(gateway_process.token("agent"))
        answer = await socket.ask(VIEWER)

    assert codes == [code for code, _ in FRAMES.values()]
    assert answer["type"] == "next"


async def test_a_gateway_process_that_is_told_to_stop_closes_connections_with_1001(tmp_path):
    async with AsyncExitStack() as stack:
        async with serving(tmp_path / "data") as process:
            place = process.url.removeprefix("http://")
            socket = await stack.enter_async_context(socket_to(place))
            await socket.sign_in(process.token("agent"))
        closed = await socket.closed()

    assert closed == (1001, "The gateway stops.")
