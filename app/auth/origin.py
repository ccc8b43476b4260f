"""Where a request comes from, as far as it can be believed."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """The client's address and certificate (DER), each None where nobody we trust says it."""

    address: Address | None = None
    certificate: bytes | None = field(default=None, repr=False)

    def is_in(self, networks: tuple[Network, ...]) -> bool:
        """Whether the address is in one of `networks`."""
        return self.address is not None and any(self.address in one for one in networks)


NOWHERE = Origin()
