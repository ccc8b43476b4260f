"""A real issuer on this machine: discovery and key set over HTTP, with switches and counters."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class LocalIssuer:
    def __init__(self, *keys: dict[str, Any]) -> None:
        self.address = ""
        self.may_answer = threading.Event()
        self.reset(*keys)

    def reset(self, *keys: dict[str, Any]) -> None:
        """As new, at the same address."""
        self.keys = list(keys)
        self.key_set_headers: dict[str, str] = {}
        self.key_set_answer: Response | None = None
        self.discovery_changes: dict[str, Any] = {}
        self.is_down = False
        self.discovery_fetches = 0
        self.key_set_fetches = 0
        self.other_fetches = 0
        self.may_answer.set()

    async def discovery(self, _: Request) -> Response:
        self.discovery_fetches += 1
        await asyncio.to_thread(self.may_answer.wait, 10)
        document = {"issuer": self.address, "jwks_uri": f"{self.address}/keys"}
        return self._unless_down(JSONResponse(document | self.discovery_changes))

    async def key_set(self, _: Request) -> Response:
        self.key_set_fetches += 1
        answer = JSONResponse({"keys": self.keys}, headers=self.key_set_headers)
        return self._unless_down(self.key_set_answer or answer)

    async def anything_else(self, _: Request) -> Response:
        self.other_fetches += 1
        return JSONResponse({"keys": self.keys})

    def _unless_down(self, answer: Response) -> Response:
        return Response(status_code=503) if self.is_down else answer


@contextmanager
def running(issuer: LocalIssuer, certificate: tuple[Path, Path] | None = None) -> Iterator[None]:
    """Serve `issuer` in a thread of its own, on a free port, until the block ends."""
    server = uvicorn.Server(_config(issuer, certificate))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _wait_until_started(server, thread)
        port = server.servers[0].sockets[0].getsockname()[1]
        issuer.address = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        yield
    finally:
        issuer.may_answer.set()
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive(), "the local issuer didn't stop in 10 s"


def _config(issuer: LocalIssuer, certificate: tuple[Path, Path] | None) -> uvicorn.Config:
    routes = [
        Route("/.well-known/openid-configuration", issuer.discovery),
        Route("/keys", issuer.key_set),
        Route("/{path:path}", issuer.anything_else),
    ]
    key_file, certificate_file = certificate or (None, None)
    return uvicorn.Config(
        Starlette(routes=routes),
        port=0,
        log_level="error",
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
        ssl_keyfile=key_file,
        ssl_certfile=certificate_file,
    )


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive(), "the local issuer ended before it started"
        assert time.monotonic() < deadline, "the local issuer didn't start in 10 s"
        time.sleep(0.005)
