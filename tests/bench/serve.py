"""Serves one application as the gateway serves its own: uvicorn with uvloop and httptools."""

import socket
import sys

import uvicorn
import uvloop
from starlette.applications import Starlette


def serve(app: Starlette) -> None:
    """Serve on a free port of the loopback interface until a signal comes."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, server_header=False
    )
    uvloop.run(_Server(config).serve([listener]))


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then tell where."""
        await super().startup(sockets)
        host, port = sockets[0].getsockname()
        sys.stdout.write(f"listening at http://{host}:{port}\n")
        sys.stdout.flush()
