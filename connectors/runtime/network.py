"""Where a source may be: on the internet, and in private networks that its settings name."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import httpcore2

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = ("127.0.0.0/8", "::1/128")
"""Networks of this machine alone."""

ANYWHERE = ("0.0.0.0/0", "::/0")
"""Where a server may be whose address its operator wrote for us alone, such as a key store."""

# Not for everybody either, whatever the version of Python says: protocol assignments with a cloud's
# metadata in them, Azure's own services, relays, and documentation.
_SPECIAL: Sequence[Network] = tuple(
    ip_network(text)
    for text in (
        *("192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24", "240.0.0.0/4"),
        *("64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20"),
        *("5f00::/16", "fec0::/10"),
    )
)
_NAT64 = ip_network("64:ff9b::/96")
_LOW_32 = 0xFFFF_FFFF


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


def is_allowed(address: Address, networks: Sequence[Network] = ()) -> bool:
    """Whether a source may be at an address: in one of the networks, or anywhere on the internet.

    An IPv4 address within an IPv6 one is looked at as what it is.
    """
    inner = _inner(address)
    if any(one in network for one in (address, inner) for network in networks):
        return True
    return all(_is_public(one) for one in (address, inner))


def _is_public(address: Address) -> bool:
    mapped = isinstance(address, IPv6Address) and _inner(address) is not address
    if any(address in network for network in _SPECIAL):
        return False
    return (address.is_global or mapped) and not address.is_multicast


def _inner(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or not int(address) >> 32:
        return IPv4Address(int(address) & _LOW_32) if int(address) > 1 else address
    return address.ipv4_mapped or address.sixtofour or address


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
