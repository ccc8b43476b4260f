"""A small HTTP server that answers as a test tells it to, faults included."""

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

# Stands in every body that goes with a fault: no error and no log may show it.
BODY_MARK = "ada-in-the-body@example.com"


@dataclass(frozen=True, slots=True)
class Received:
    """One request; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the connection that waits for its answer."""

    received: Received
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        lines = [f"HTTP/1.1 {status} Scripted"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.writer.drain()


Answer = Callable[[Exchange], Awaitable[None]]


class ScriptedServer:
    """Answers at `url`; `received` are the requests since the last `play`, in order.

    What `aside` has an answer for is answered so, and neither counts nor is received.
    `asked` is set by a request, `abandoned` by a caller who hangs up in the middle of an answer.
    """

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.aside: Callable[[Received], Answer | None] | None = None
        self.asked = asyncio.Event()
        self.abandoned = asyncio.Event()
        self._answers: deque[Answer] = deque()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def play(self, *answers: Answer) -> None:
        """Give each of `answers` to one request, and the last to all that follow."""
        self.received, self._answers = [], deque(answers)
        self.asked, self.abandoned = asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes over one connection, until one side closes it."""
        self._connections[asyncio.current_task()] = writer
        try:
            while received := await _read(reader):
                await self._answer(received)(Exchange(received, reader, writer))
                if writer.is_closing():
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.abandoned.set()
        finally:
            writer.close()
            del self._connections[asyncio.current_task()]

    def _answer(self, received: Received) -> Answer:
        answer = self.aside(received) if self.aside else None
        if answer is None:
            self.received.append(received)
            self.asked.set()
            answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        return answer

    async def hang_up(self) -> None:
        """Break every connection and see it end."""
        for writer in self._connections.values():
            writer.transport.abort()
        await asyncio.gather(*self._connections)


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """A server on a free port of 127.0.0.1; it answers nothing until it is told to `play`."""
    scripted = ScriptedServer()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    scripted.url = f"http://{host}:{port}"
    try:
        yield scripted
    finally:
        server.close()
        await scripted.hang_up()


async def _read(reader: asyncio.StreamReader) -> Received | None:
    with suppress(asyncio.IncompleteReadError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        pairs = [line.partition(":") for line in lines]
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        method, target, _ = first.split(" ")
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Received(method, target, headers, body)
    return None


def body(content: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """`content` under `status`; JSON unless `headers` say otherwise."""
    own = {"Content-Type": "application/json", "Content-Length": str(len(content))}

    async def answer(exchange: Exchange) -> None:
        await exchange.send(status, own | dict(headers or {}), content)

    return answer


def json_of(value: object) -> Answer:
    """`value` as JSON."""
    return body(json.dumps(value).encode())


def status(code: int, **headers: str) -> Answer:
    """A refusal whose body quotes a customer; `Retry_After="1"` stands for Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return body(json.dumps({"message": BODY_MARK}).encode(), status=code, headers=named)


def replied(reply: Callable[[Received], object]) -> Answer:
    """The JSON that `reply` makes of the request."""

    async def answer(exchange: Exchange) -> None:
        await json_of(reply(exchange.received))(exchange)

    return answer


def html() -> Answer:
    """A page where JSON belongs."""
    page = f"<!doctype html><p>{BODY_MARK}</p>".encode()
    return body(page, headers={"Content-Type": "text/html; charset=utf-8"})


def broken_json() -> Answer:
    """JSON that ends too early, in a sound HTTP answer."""
    return body(b'{"results": [{"id": "' + BODY_MARK.encode())


def gzip_bomb() -> Answer:
    """100 MB that travel as 100 KB, although nobody asked for compression."""
    return body(_bomb(), headers={"Content-Encoding": "gzip"})


@cache
def _bomb() -> bytes:
    return gzip.compress(b'"' + b" " * 100_000_000 + b'"')


def long_json(length: int) -> Answer:
    """A JSON text of `length` bytes, honestly declared."""
    return body(b'"' + b"x" * (length - 2) + b'"')


def promise(length: int) -> Answer:
    """The head of a body of `length` bytes, and then nothing."""

    async def answer(exchange: Exchange) -> None:
        own = {"Content-Type": "application/json", "Content-Length": str(length)}
        await exchange.send(200, own)
        await hang(exchange)

    return answer


async def hang(exchange: Exchange) -> None:
    """Nothing, until the caller hangs up."""
    await exchange.reader.read()
    exchange.writer.close()


async def drip(exchange: Exchange) -> None:
    """A body that comes a byte at a time, each soon enough for a timeout of single reads."""
    await exchange.send(200, {"Content-Type": "application/json", "Content-Length": "100000"})
    while True:
        exchange.writer.write(b" ")
        await exchange.writer.drain()
        await asyncio.sleep(0.02)


async def endless(exchange: Exchange) -> None:
    """A body without a declared length that never ends."""
    await exchange.send(
        200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, b'1\r\n"\r\n'
    )
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while True:
        exchange.writer.write(chunk)
        await exchange.writer.drain()


async def truncated(exchange: Exchange) -> None:
    """A connection that closes in the middle of the body."""
    start = b'{"results": [{"id": "' + BODY_MARK.encode()
    await exchange.send(200, {"Content-Type": "application/json", "Content-Length": "900"}, start)
    exchange.writer.close()


async def reset(exchange: Exchange) -> None:
    """A connection that breaks before the answer."""
    exchange.writer.transport.abort()


async def gibberish(exchange: Exchange) -> None:
    """Bytes that are not HTTP."""
    exchange.writer.write(BODY_MARK.encode() + b"\r\n\r\n")
    await exchange.writer.drain()
    exchange.writer.close()
