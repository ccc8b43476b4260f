"""Closes what the MongoDB driver leaves open, so that it fails no test that happens to run then.

pymongo 4.20 forgets the socket of a connection whose making is cancelled: it catches `OSError`,
and a cancellation is none.  The garbage collector closes it later, with a warning, which is an
error here.
"""

import asyncio
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any


@contextmanager
def closed_when_cancelled() -> Iterator[None]:
    """A socket whose connecting is cancelled is closed at once."""
    connect = BaseSelectorEventLoop.sock_connect

    async def connect_or_close(loop: BaseSelectorEventLoop, sock: socket, address: Any) -> None:
        try:
            await connect(loop, sock, address)
        except asyncio.CancelledError:
            sock.close()
            raise

    BaseSelectorEventLoop.sock_connect = connect_or_close  # type: ignore[method-assign]  # put back below
    try:
        yield
    finally:
        BaseSelectorEventLoop.sock_connect = connect  # type: ignore[method-assign]  # as it was
