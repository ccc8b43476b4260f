"""Keeps a server busy and takes the time: raw HTTP/1.1 over a few connections, so that the
measuring costs little beside the measured."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httptools
import orjson

_STALLED_S = 30
_OK = 200
_ERRORS = b'"errors":[{'


class WrongAnswer(Exception):
    """A server answered with an error, so its times mean nothing."""


@dataclass(slots=True)
class Tally:
    """What one stretch of load counted; latencies in seconds."""

    ends_at: float
    latencies_s: list[float] = field(default_factory=list)
    wrong: str | None = None


def request_bytes(url: str, token: str, body: object) -> bytes:
    """A POST of `body` as JSON to the path /graphql at `url`, as it goes over the wire."""
    content = orjson.dumps(body)
    head = (
        "POST /graphql HTTP/1.1\r\n"
        f"host: {urlsplit(url).netloc}\r\n"
        f"authorization: Bearer {token}\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(content)}\r\n"
        "accept: application/json\r\n\r\n"
    )
    return head.encode() + content


async def drive(url: str, requests: Sequence[bytes], seconds: float, connections: int) -> Tally:
    """Ask the server at `url` for `seconds`, in turn for each of `requests`.

    `connections` clients each send their next request when the last one is answered.

    Raises:
        WrongAnswer: a status other than 200, or a GraphQL error.
        TimeoutError: the server stalls.
    """
    address, loop = urlsplit(url), asyncio.get_running_loop()
    tally = Tally(time.perf_counter() + seconds)
    turns = itertools.cycle(requests)
    clients = [_Client(tally, turns, loop.create_future()) for _ in range(connections)]
    async with asyncio.timeout(seconds + _STALLED_S):
        for client in clients:
            await loop.create_connection(lambda one=client: one, address.hostname, address.port)
        for client in clients:
            client.send()
        await asyncio.gather(*(client.done for client in clients))
    if tally.wrong:
        raise WrongAnswer(tally.wrong)
    return tally


class _Client(asyncio.Protocol):
    """One connection with one request under way until the time is over."""

    def __init__(
        self, tally: Tally, turns: "itertools.cycle[bytes]", done: asyncio.Future[None]
    ) -> None:
        self.done = done
        self._tally = tally
        self._turns = turns
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self) -> None:
        """Send the next request and start its clock."""
        self._body = b""
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._turns))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self._tally.latencies_s.append(now - self._sent_at)
        if self._parser.get_status_code() != _OK or _ERRORS in self._body:
            self._tally.wrong = f"status {self._parser.get_status_code()}, or a GraphQL error"
        if now < self._tally.ends_at and not self._tally.wrong:
            self.send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if error:
            self._tally.wrong = f"the connection broke ({type(error).__name__})"
        if not self.done.done():
            self.done.set_result(None)
