"""Where a source may be: on the internet, and in private networks that its settings name."""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

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
