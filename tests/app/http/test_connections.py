"""Clients that keep a gateway waiting lose their connection, and nobody else waits for them."""

import asyncio
import ssl
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.support.certificates import Authority, TlsFiles, client_context
from tests.support.process import serving

SHORT = {
    "GATEWAY_HTTP__HEADER_TIMEOUT_S": "1",
    "GATEWAY_HTTP__BODY_TIMEOUT_S": "1",
    "GATEWAY_HTTP__WRITE_TIMEOUT_S": "1",
    "GATEWAY_HTTP__KEEP_ALIVE_S": "2",
    "GATEWAY_HTTP__MAX_CONNECTIONS": "60",
    "GATEWAY_HTTP__MAX_CONNECTIONS_PER_ADDRESS": "40",
}
HEAD = b"POST /graphql HTTP/1.1\r\nhost: gateway\r\n"
WHOLE = b"GET /livez HTTP/1.1\r\nhost: gateway\r\n\r\n"
HALF_OPEN = 200
CLOSED_WITHIN_S = 15


class Socket:
    """One TCP connection to a gateway; `head` is sent at once."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def to(cls, url, head=b"", context=None):
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=context)
        try:
            writer.write(head)
            yield cls(reader, writer)
        finally:
            writer.transport.abort()

    async def until_closed(self, within_s=CLOSED_WITHIN_S):
        """What the gateway says until it closes the connection."""
        async with asyncio.timeout(within_s):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def drip(self, data, each_s=0.2):
        """Send byte after byte until the connection is gone; how long that took, seconds."""
        began = time.monotonic()
        for byte in data:
            if self.reader.at_eof() or self.writer.is_closing():
                break
            self.writer.write(bytes([byte]))
            await asyncio.sleep(each_s)
        return time.monotonic() - began


@pytest.fixture(scope="module")
async def impatient(tmp_path_factory, document_server):
    """A gateway that waits a second."""
    store = {"GATEWAY_STORE__URI": document_server.uri, "GATEWAY_STORE__DATABASE": "impatient"}
    async with serving(tmp_path_factory.mktemp("impatient") / "data", SHORT | store) as process:
        yield process


async def test_two_hundred_half_open_sockets_are_closed_while_others_are_answered(gateway_process):
    """With the usual settings, which give a head ten seconds."""
    answered, headers = 0, {"authorization": f"Bearer {gateway_process.token('agent')}"}
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(Socket.to(gateway_process.url, HEAD))
            for _ in range(HALF_OPEN)
        ]
        began = time.monotonic()
        closing = [asyncio.create_task(one.until_closed()) for one in sockets]
        async with httpx2.AsyncClient(base_url=gateway_process.url) as client:
            while not all(task.done() for task in closing):
                body = {"query": "{ viewer { tenant } }"}
                response = await client.post("/graphql", json=body, headers=headers)
                answered += response.json() == {"data": {"viewer": {"tenant": "demo"}}}
                await asyncio.sleep(0.2)
        said = [task.result() for task in closing]

    assert time.monotonic() - began < CLOSED_WITHIN_S
    assert answered > 10
    assert {text.split(b"\r\n")[0] for text in said} == {b"HTTP/1.1 408 Request Timeout"}


@pytest.mark.parametrize(
    "head", [b"", b"\r\n", b"G", HEAD, HEAD + b"content-length: 9\r\n\r\n{"], ids=repr
)
async def test_whoever_stops_in_the_middle_is_closed(impatient, head):
    async with Socket.to(impatient.url, head) as one:
        said = await one.until_closed(4)

    assert said.count(b"HTTP/1.1 ") == (1 if head.strip() else 0)
    assert said.startswith((b"HTTP/1.1 408", b"HTTP/1.1 401")) or not head.strip()


@pytest.mark.parametrize(
    ("first", "dripped"),
    [
        (b"", HEAD + b"a: " + b"b" * 200),
        (b"", b"\r\n" * 100),
        (HEAD + b"content-length: 500\r\n\r\n", b"{" + b" " * 200),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n{\r\n" * 40),
        (WHOLE, b"\r\n" * 100),
        (WHOLE, HEAD * 10),
    ],
    ids=["head", "line ends", "body", "chunks", "line ends after a request", "a second head"],
)
async def test_dripping_buys_no_time(impatient, first, dripped):
    async with Socket.to(impatient.url, first) as one:
        dripping = asyncio.create_task(one.drip(dripped))
        await one.until_closed(6)
        took_s = await dripping

    assert took_s < 4


async def test_a_refused_request_does_not_keep_its_connection_by_more_body(impatient):
    head = HEAD + b"content-type: text/plain\r\ncontent-length: 90000\r\n\r\n"
    async with Socket.to(impatient.url, head) as one:
        dripping = asyncio.create_task(one.drip(b" " * 200))
        said = await one.until_closed(6)
        took_s = await dripping

    assert b"401" in said.split(b"\r\n")[0] or b"415" in said.split(b"\r\n")[0]
    assert took_s < 4


async def test_an_idle_connection_is_kept_for_a_while_and_then_closed(impatient):
    async with Socket.to(impatient.url, WHOLE) as one:
        await asyncio.sleep(1.4)
        one.writer.write(WHOLE)
        said = await one.until_closed(6)

    assert said.count(b"HTTP/1.1 200 OK") == 2


async def test_a_slow_reader_is_cut_off(impatient):
    query = b'{"query": "{ __schema { types { name description fields { name description } } } }"}'
    request = (
        HEAD
        + f"authorization: Bearer {impatient.token('agent')}\r\n".encode()
        + b"content-type: application/json\r\n"
        + f"content-length: {len(query)}\r\n\r\n".encode()
        + query
    )
    parts = urlsplit(impatient.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1024)
    writer.transport.pause_reading()
    writer.write(request * 200)

    is_cut = await _until(lambda: not _has_connection(impatient.pid, parts.port, writer))
    writer.transport.abort()

    assert is_cut


async def test_one_connection_too_many_is_told_to_come_back(impatient):
    async with AsyncExitStack() as stack:
        for _ in range(40):
            await stack.enter_async_context(Socket.to(impatient.url, WHOLE))
        one_more = await stack.enter_async_context(Socket.to(impatient.url, WHOLE))
        said = await one_more.until_closed(4)
    await asyncio.sleep(0.1)
    later = [await _livez(impatient.url) for _ in range(10)]

    assert said.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"\r\nretry-after: 5\r\n" in said
    assert b"200 OK" in later[-1]


async def test_when_all_connections_are_taken_nobody_gets_another(impatient):
    async with AsyncExitStack() as stack:
        for number in range(60):
            address = f"127.0.0.{1 + number % 2}"
            await stack.enter_async_context(_from(address, impatient.url))
        reader, writer = await stack.enter_async_context(_from("127.0.0.3", impatient.url))
        said = await Socket(reader, writer).until_closed(4)

    assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 5\r\n" in said


async def test_half_open_connections_of_tls_are_closed_too(tmp_path, document_server, tenant):
    authority, files = Authority("Test CA"), TlsFiles(tmp_path)
    files.hold(authority.issue("gateway"))
    named = {f"GATEWAY_{name}": value for name, value in files.variables.items()}
    store = {"GATEWAY_STORE__URI": document_server.uri, "GATEWAY_STORE__DATABASE": tenant}
    context: ssl.SSLContext = client_context(tmp_path, authority)

    async with serving(tmp_path / "data", SHORT | named | store) as process:
        url = process.url
        async with (
            Socket.to(url) as silent,
            Socket.to(url, b"\x16\x03\x01") as begun,
            Socket.to(url, HEAD, context) as half,
        ):
            await silent.until_closed(4)
            await begun.until_closed(4)
            said = await half.until_closed(4)
        async with httpx2.AsyncClient(base_url=url, verify=context) as client:
            answered = await client.get("/livez")

    assert said.startswith(b"HTTP/1.1 408")
    assert answered.status_code == 200
    assert answered.headers["strict-transport-security"] == "max-age=31536000"


async def _livez(url):
    async with Socket.to(url, WHOLE[:-2] + b"connection: close\r\n\r\n") as one:
        return await one.until_closed(4)


@asynccontextmanager
async def _from(address, url):
    """A connection from another address of this machine."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port, local_addr=(address, 0)
    )
    try:
        writer.write(WHOLE)
        yield reader, writer
    finally:
        writer.transport.abort()


async def _until(holds, tries=100):
    """Whether it holds at last."""
    for _ in range(tries):
        if holds():
            return True
        await asyncio.sleep(0.2)
    return False


def _has_connection(pid, port, writer):
    """Whether the gateway still has its end of the connection."""
    own = writer.get_extra_info("sockname")[1]
    lines = Path(f"/proc/{pid}/net/tcp").read_text("ascii").splitlines()[1:]
    ends = (line.split() for line in lines)
    return any(
        end[1].endswith(f":{port:04X}") and end[2].endswith(f":{own:04X}") and end[3] == "01"
        for end in ends
    )
