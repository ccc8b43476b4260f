"""Connections that may not be held open for nothing: timers, and how many there may be.

uvicorn waits for ever for a head, a body or a reader; this protocol doesn't.
"""

import asyncio
from collections import Counter
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, ClassVar

import uvicorn
from uvicorn.server import ServerState

from app.http.settings import HttpSettings
from app.http.tls_extension import CertificateProtocol

_FAREWELL_S = 1.0
_RETRY_AFTER_S = 5
_TOO_MANY = "Too many connections; come back later."


class Connections:
    """How many connections there are, in all and of each address."""

    def __init__(self, http: HttpSettings) -> None:
        self._most = http.max_connections
        self._most_of_one = http.max_connections_per_address
        self._addresses: Counter[str] = Counter()

    def refusal(self, address: str) -> str | None:
        """The status line for one more connection of an address, where it is one too many."""
        if self._addresses.total() >= self._most:
            return "503 Service Unavailable"
        if self._addresses[address] >= self._most_of_one:
            return "429 Too Many Requests"
        return None

    def add(self, address: str) -> None:
        """Count one more."""
        self._addresses[address] += 1

    def remove(self, address: str) -> None:
        """Count one less."""
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]


class TimedProtocol(CertificateProtocol):
    """One connection, closed when its client keeps us waiting."""

    http_settings: ClassVar[HttpSettings]
    open_connections: ClassVar[Connections]

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._address: str | None = None
        self._is_refused = False
        self._is_inside = False
        self._has_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection and wait for its first head; or refuse it."""
        super().connection_made(transport)
        address = _counted_as(self.client[0] if self.client else "")
        if status := self.open_connections.refusal(address):
            self._refuse(status)
            return
        self._address = address
        self.open_connections.add(address)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; whoever began to send something has to end it in time."""
        if self._is_refused:
            return
        super().data_received(data)
        is_answered = self.cycle is None or self.cycle.response_complete
        if is_answered and not self._is_inside and not self.transport.is_closing():
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._is_inside, self._has_head = True, False
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """The head is whole: now the body."""
        self._stop_reading()
        self._wait(self.http_settings.body_timeout_s)
        super().on_headers_complete()
        self._has_head = True

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._stop_reading()
        self._is_inside = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the protocol of WebSockets."""
        self._release()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        super().pause_writing()
        if self._writing is None:
            seconds = self.http_settings.write_timeout_s
            self._writing = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read what waited."""
        self._stop_writing()
        super().resume_writing()

    def _wait_for_head(self) -> None:
        if self._reading is None:
            self._wait(self.http_settings.header_timeout_s)

    def _wait(self, seconds: float) -> None:
        self._reading = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        """Close the connection: politely, where no answer has begun."""
        self._reading = None
        if self.transport.is_closing():
            return
        if self._is_inside and not (self._has_head and self.cycle.response_started):
            self.transport.write(_response("408 Request Timeout", "The request took too long."))
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._close()

    def _refuse(self, status: str) -> None:
        """Say why, read nothing more, and close: at once the client might not hear it."""
        self._is_refused = True
        self.transport.write(_response(status, _TOO_MANY, _RETRY_AFTER_S))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._reading = self.loop.call_later(_FAREWELL_S, self.transport.abort)

    def _close(self) -> None:
        """Close when all is written, or a second later."""
        self.transport.close()
        self._stop_reading()
        self._reading = self.loop.call_later(_FAREWELL_S, self.transport.abort)

    def _release(self) -> None:
        self._stop_reading()
        self._stop_writing()
        if self._address is not None:
            self.open_connections.remove(self._address)
            self._address = None

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None


def protocol_of(http: HttpSettings) -> type[TimedProtocol]:
    """The protocol of one listener, with connections of its own to count."""
    members = {"http_settings": http, "open_connections": Connections(http)}
    return type("ListenerProtocol", (TimedProtocol,), members)


def _counted_as(address: str) -> str:
    """The address that connections are counted by: of IPv6, the network that one customer has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address


def _response(status: str, message: str, retry_after_s: int | None = None) -> bytes:
    wait = f"retry-after: {retry_after_s}\r\n" if retry_after_s is not None else ""
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(message)}\r\ncache-control: no-store\r\n{wait}"
        f"connection: close\r\n\r\n{message}"
    ).encode("ascii")
