"""A way to a server that can be closed, or end in silence, after so many connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_CHUNK_BYTES = 65_536


@dataclass(slots=True)
class Way:
    """Lets `left` connections through, all where it is None; the others are closed, or `is_silent`.

    Tryton takes one request from each connection.
    """

    port: int
    left: int | None = None
    is_silent: bool = False
    passed: int = 0
    held_up: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    address: str = ""

    def close(self, after: int = 0, *, is_silent: bool = False) -> None:
        """Let no more than so many connections through."""
        self.left, self.is_silent = after, is_silent
        self.stopped.clear()

    def open(self) -> None:
        """Let all through."""
        self.left, self.is_silent = None, False

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(ConnectionError):
            if self.left == 0:
                self.held_up += 1
                self.stopped.set()
                if self.is_silent:
                    await reader.read()
                return writer.close()
            self.left = self.left if self.left is None else self.left - 1
            self.passed += 1
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self.port)
            await asyncio.gather(_pass_on(reader, to_server), _pass_on(from_server, writer))
        return None


@asynccontextmanager
async def way_to(base_url: str) -> AsyncIterator[Way]:
    """A way to the server at an address of this machine."""
    way = Way(int(base_url.rpartition(":")[2]))
    server = await asyncio.start_server(way.connected, "127.0.0.1", 0)
    way.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield way
    finally:
        server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()
