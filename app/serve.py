"""Runs the HTTP server of an open gateway."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn

from app.build import Gateway, open_gateway
from app.http.routes import create_app
from app.http.tls_extension import CertificateProtocol
from app.http.wire import Wire
from app.settings import Settings
from app.tls import RenewableContext, renewed_context

_IDLE_S = 30
_SHUTDOWN_S = 10

Listening = Callable[[Gateway, str], Awaitable[None]]


class _Server(uvicorn.Server):
    """Tells once it listens; leaves signals to others."""

    def __init__(self, configuration: uvicorn.Config, tell: Callable[[], Awaitable[None]]) -> None:
        super().__init__(configuration)
        self._tell = tell
        self._telling: asyncio.Future[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: uvicorn's own would raise the signal again before the store is closed."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then tell."""
        await super().startup(sockets)
        self._telling = asyncio.ensure_future(self._tell())
        await asyncio.wait({self._telling})
        if not self._telling.cancelled():
            self._telling.result()

    def stop(self) -> None:
        """Finish the requests that run, and end; when asked again, end without finishing them."""
        self.force_exit, self.should_exit = self.should_exit, True
        if self._telling is not None:
            self._telling.cancel()


class _Stop:
    """What SIGINT and SIGTERM do: cancel the start, or stop the server once there is one."""

    def __init__(self) -> None:
        self.is_asked = False
        self.server: _Server | None = None
        self._starting = asyncio.current_task()

    def __call__(self) -> None:
        self.is_asked = True
        if self.server is not None:
            self.server.stop()
        elif self._starting is not None:
            self._starting.cancel()


async def serve(settings: Settings, listening: Listening) -> None:
    """Serve until a signal asks to stop; `listening` is called with the address once it answers.

    Raises:
        OSError: the address is taken, or isn't ours to listen on.
        WrongSettings: the certificate or its key can't be used.
        Whatever `open_gateway` raises: the gateway can't start.
    """
    with _bound(settings.http.host, settings.http.port) as listener, _signals() as stop:
        address = _address(settings, listener)
        try:
            async with renewed_context(settings.http.tls) as tls, open_gateway(settings) as gateway:
                served = server_configuration(gateway, tls)
                stop.server = _Server(served, lambda: listening(gateway, address))
                await stop.server.serve([listener])
        except asyncio.CancelledError:
            if not stop.is_asked:
                raise


@contextmanager
def _signals() -> Iterator[_Stop]:
    """They are heard until the gateway is closed, so that a second one doesn't tear it apart."""
    loop, stop = asyncio.get_running_loop(), _Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _address(settings: Settings, listener: socket.socket) -> str:
    scheme = "https" if settings.http.tls.certificate else "http"
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def server_configuration(gateway: Gateway, tls: RenewableContext | None) -> uvicorn.Config:
    """How uvicorn serves an open gateway."""
    sockets = gateway.settings.http.socket
    return uvicorn.Config(
        create_app(gateway),
        http=CertificateProtocol,
        # It would believe whoever is on this machine; `http.trusted_proxies` says whom we do.
        proxy_headers=False,
        ssl_context_factory=None if tls is None else lambda *_: tls,
        lifespan="off",
        log_config=None,
        # Beneath that, it logs addresses with what follows the question mark, and even messages.
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        ws=Wire,
        ws_max_size=sockets.max_message_bytes,
        ws_ping_interval=sockets.ping_s,
        ws_ping_timeout=sockets.ping_s,
        # A small message could otherwise unpack to a large one.
        ws_per_message_deflate=False,
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        told = f"Can't listen on {host}, port {port}: {error.strerror}."
        raise OSError(error.errno, told) from None
    return listener
