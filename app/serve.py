"""Runs the HTTP server of an open gateway."""

import socket
from collections.abc import Awaitable, Callable

import uvicorn

from app.build import Gateway, open_gateway
from app.http.routes import create_app
from app.settings import Settings

_IDLE_S = 30
_SHUTDOWN_S = 10

Listening = Callable[[Gateway, str], Awaitable[None]]


class _Server(uvicorn.Server):
    """Tells once it listens."""

    def __init__(self, configuration: uvicorn.Config, tell: Callable[[], Awaitable[None]]) -> None:
        super().__init__(configuration)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then tell."""
        await super().startup(sockets)
        await self._tell()


async def serve(settings: Settings, listening: Listening) -> None:
    """Serve until a signal asks to stop; `listening` is called with the address once it answers.

    Raises:
        OSError: the address is taken, or isn't ours to listen on.
        Whatever `open_gateway` raises: the gateway can't start.
    """
    with _bound(settings.http.host, settings.http.port) as listener:
        host, port = listener.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        async with open_gateway(settings) as gateway:
            server = _Server(_configuration(gateway), lambda: listening(gateway, address))
            await server.serve([listener])


def _configuration(gateway: Gateway) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(gateway),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
