"""Connections to sources, at addresses where they may be and nowhere else."""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore2

from connectors.runtime.addresses import Address, is_allowed


class RefusedAddress(Exception):
    """The source's name leads to where sources may not be."""


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked, never to a name that may have moved meanwhile."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(text) for text in networks)
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base has it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first of the host's addresses that takes one.

        Raises:
            RefusedAddress: the host has only addresses where sources may not be.
        """
        loop = asyncio.get_running_loop()
        ends_at = None if timeout is None else loop.time() + timeout
        addresses = await _resolved(host, port, timeout)
        allowed = [one for one in addresses if is_allowed(one, self._networks)]
        if addresses and not allowed:
            raise RefusedAddress
        trouble: Exception = httpcore2.ConnectError("the name has no address")
        for number, address in enumerate(allowed):
            left_s = None if ends_at is None else max(ends_at - loop.time(), 0.001)
            share_s = None if left_s is None else left_s / (len(allowed) - number)
            try:
                return await self._backend.connect_tcp(
                    str(address), port, share_s, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                trouble = error
        raise trouble

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the base has it
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Nothing: no source is a socket of this machine."""
        del path, timeout, socket_options
        raise RefusedAddress

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _resolved(host: str, port: int, timeout_s: float | None) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise httpcore2.ConnectTimeout("the name wasn't resolved in time") from None
    except (OSError, UnicodeError):
        raise httpcore2.ConnectError("the name can't be resolved") from None
    addresses = [ip_address(str(item[4][0]).partition("%")[0]) for item in found]
    return list(dict.fromkeys(addresses))
