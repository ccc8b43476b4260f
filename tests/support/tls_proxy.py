"""A server that ends TLS on the way to one that speaks none, as a TLS sidecar does."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from app.certificates import PemFile, load_authorities, load_pair
from tests.support.certificates import Authority, Pair

_CHUNK_BYTES = 65_536


class TlsProxy:
    """Every client must show a certificate of `clients`.

    `shown` holds the common name on each certificate that was accepted, in order of arrival.
    """

    def __init__(self, folder: Path, upstream_port: int, clients: Authority) -> None:
        self._folder = folder
        self._upstream_port = upstream_port
        self._clients = clients
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.shown: list[str] = []

    async def start(self, pair: Pair) -> None:
        """Listen, at the same port as before, as `pair`."""
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=self._context(pair)
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    def _context(self, pair: Pair) -> ssl.SSLContext:
        files = [self._folder / name for name in ("proxy.pem", "proxy.key", "proxy-clients.pem")]
        contents = (pair.chain, pair.key, self._clients.pem)
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content)
        certificate, key, clients = (PemFile("proxy", file) for file in files)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        load_pair(context, certificate, key)
        load_authorities(context, clients)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = writer.get_extra_info("peercert")["subject"]
        self.shown += [value for ((name, value),) in subject if name == "commonName"]
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        both = {writer, to_server}
        self._open |= both
        try:
            await asyncio.gather(_pass_on(reader, to_server), _pass_on(from_server, writer))
        finally:
            self._open -= both


@asynccontextmanager
async def tls_proxy(
    folder: Path, upstream_port: int, pair: Pair, clients: Authority
) -> AsyncIterator[TlsProxy]:
    """A started proxy; its files are in `folder`."""
    proxy = TlsProxy(folder, upstream_port, clients)
    await proxy.start(pair)
    try:
        yield proxy
    finally:
        await proxy.stop()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
