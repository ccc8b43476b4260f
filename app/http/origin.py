"""Where a request comes from: the peer's word, or what a trusted proxy says of the client."""

import base64
import binascii
import re
import ssl
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import unquote

from starlette.requests import HTTPConnection

from app.auth.origin import Address, Network, Origin
from app.settings import HttpSettings

_FORWARDED = "x-forwarded-for"
_MOST_ADDRESSES = 4096
_MAX_CERTIFICATE = 16_384
# One certificate: Python's own reader takes the first of several, and text around it.
_PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----(?:\r?\n)?"
)


class Origins:
    """Tells the client's address and certificate, by whom of them we trust."""

    def __init__(self, http: HttpSettings) -> None:
        self._trusted: tuple[Network, ...] = tuple(ip_network(one) for one in http.trusted_proxies)
        self._header = http.client_certificate_header

    def of(self, connection: HTTPConnection) -> Origin:
        """The origin of a request.

        A trusted peer speaks for its client: its own certificate is then nobody's, and what
        headers say counts.  What headers of anybody else say is ignored.
        """
        peer = _address(connection.client.host) if connection.client else None
        if peer is None or not self._is_trusted(peer):
            return Origin(peer, _shown_certificate(connection))
        return Origin(self._forwarded(connection, peer), self._passed_on(connection))

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _forwarded(self, connection: HTTPConnection, peer: Address) -> Address | None:
        """The last hop that isn't a proxy of ours; None where that isn't an address."""
        hops = ",".join(connection.headers.getlist(_FORWARDED)).split(",")
        client: Address | None = peer
        for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
            client = _address(hop)
            if client is None or not self._is_trusted(client):
                return client
        return client

    def _passed_on(self, connection: HTTPConnection) -> bytes | None:
        if self._header is None:
            return None
        # Of two, one may be the client's own.
        given = connection.headers.getlist(self._header)
        return _certificate(given[0]) if len(given) == 1 else None


@lru_cache(maxsize=_MOST_ADDRESSES)
def _address(text: str) -> Address | None:
    """An address, with a port or without; that of IPv4 where it is wrapped into IPv6."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _shown_certificate(connection: HTTPConnection) -> bytes | None:
    """The certificate of the peer's own TLS (the ASGI extension `tls`), as DER."""
    extension = connection.scope.get("extensions", {}).get("tls", {})
    chain: Sequence[str] = extension.get("client_cert_chain", ())
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain else None


def _certificate(text: str) -> bytes | None:
    """A certificate as DER, from `:base64:` (RFC 9440) or PEM in URL encoding; else None."""
    if len(text) > _MAX_CERTIFICATE:
        return None
    try:
        if text.startswith(":"):
            return base64.b64decode(text.strip(":"), validate=True)
        found = _PEM.fullmatch(unquote(text))
        return base64.b64decode("".join(found[1].split()), validate=True) if found else None
    except (binascii.Error, ValueError):
        return None
