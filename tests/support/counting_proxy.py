"""A proxy that counts the HTTP requests on their way to a server and changes no byte of them."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import httptools

START_TIMEOUT_S = 10
_CHUNK_BYTES = 65_536


class CountingProxy:
    """Listens on a free port of the loopback interface while it is entered.

    It runs in a thread with a loop of its own, so that callers may block.  `requests` holds
    "METHOD target" of every request since the last reset, in order of arrival.
    """

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._is_listening = threading.Event()
        self.requests: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._is_listening.wait(START_TIMEOUT_S):
            raise TimeoutError("the counting proxy did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    @property
    def base_url(self) -> str:
        """The address to call instead of the server's."""
        return f"http://127.0.0.1:{self._port}"

    def reset(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._is_listening.set()
        await self._stopped.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            _pass_on(reader, to_server, _Tally(self.requests).look_at),
            _pass_on(from_server, writer, lambda _: None),
        )


class _Tally:
    """Notes each request that begins in the bytes of one connection."""

    def __init__(self, requests: list[str]) -> None:
        self._requests = requests
        self._parser = httptools.HttpRequestParser(self)

    def look_at(self, data: bytes) -> None:
        with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._target = b""

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_headers_complete(self) -> None:
        self._requests.append(f"{self._parser.get_method().decode()} {self._target.decode()}")


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look_at: Callable[[bytes], None]
) -> None:
    """Pass bytes on until either side ends, then end the other."""
    try:
        while data := await reader.read(_CHUNK_BYTES):
            look_at(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()
