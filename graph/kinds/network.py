"""Kinds of addresses in a network: URL, IP."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from graph.kinds.kept import Kept
from graph.kinds.operators import EXACT, PREFIXED
from graph.kinds.source_text import trim
from graph.model.custom_field import Facets

_MAX_URL: Final = 2000
_MAX_KEY: Final = 200
_MAX_IP: Final = 45  # characters, as of an IPv6 address that ends like one of IPv4
_SCHEMES: Final = {"http", "https", "ftp"}
_NAMED_HOST: Final = re.compile(r"[^.\\<>^`{|}\"%\[\]:]+(\.[^.\\<>^`{|}\"%\[\]:]+)*\.?(:[0-9]*)?")
_NUMBERED_HOST: Final = re.compile(r"\[([0-9a-f:.]+)\](:[0-9]*)?")


class Url(Kept):
    """An address in the web: http, https or ftp, up to 2,000 characters, without a login."""

    name = "URL"
    scalar = "String"
    example: object = "https://example.com/zoe?tab=orders"
    operators = PREFIXED
    facets = frozenset({"length", "pattern"})

    def parse(self, value: object, facets: Facets) -> str:
        """The address, its scheme and host in lower case."""
        del facets
        url = _url(value) if isinstance(value, str) and _is_one_word(value) else None
        if url is None or len(url) > _MAX_URL:
            raise ValueError(
                "expected an http, https or ftp address such as https://example.com/zoe, "
                f"at most {_MAX_URL} characters, no user name"
            )
        return url

    def from_source(self, value: object, facets: Facets) -> str:
        """Outer blanks are left out; else as `parse`."""
        return self.parse(trim(value), facets)

    def key(self, value: object) -> str:
        """The first 200 characters of the address."""
        return str(value)[:_MAX_KEY]


class Ip(Kept):
    """An address of the internet protocol, IPv4 or IPv6, without a scope."""

    name = "IP"
    scalar = "String"
    example: object = "192.0.2.7"
    operators = EXACT

    def parse(self, value: object, facets: Facets) -> str:
        """The address in its canonical form (RFC 5952)."""
        del facets
        if not isinstance(value, str) or len(value) > _MAX_IP or "%" in value:
            raise _no_ip()
        try:
            return _canonical(ip_address(value))
        except ValueError:
            raise _no_ip() from None

    def from_source(self, value: object, facets: Facets) -> str:
        """Outer blanks are left out; else as `parse`."""
        return self.parse(trim(value), facets)

    def key(self, value: object) -> str:
        """The version, then the bytes of the address as hexadecimal digits."""
        address = ip_address(str(value))
        return f"{address.version}{address.packed.hex()}"


def _is_one_word(text: str) -> bool:
    return len(text) <= _MAX_URL and text.isprintable() and " " not in text


def _url(text: str) -> str | None:
    try:
        parts = urlsplit(text)  # refuses hosts that other software would read as another host
        parts = parts._replace(netloc=parts.netloc.lower())
        fits = parts.scheme in _SCHEMES and _has_host(parts)
    except ValueError:
        return None
    return parts.geturl() if fits else None


def _has_host(parts: SplitResult) -> bool:
    numbered = _NUMBERED_HOST.fullmatch(parts.netloc)
    if numbered:
        IPv6Address(numbered[1])
    # Looking at the port raises where there is none of that number.
    is_named = "@" not in parts.netloc and _NAMED_HOST.fullmatch(parts.netloc) is not None
    return (numbered is not None or is_named) and parts.port != 0


def _canonical(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return f"::ffff:{address.ipv4_mapped}"  # Python 3.13 writes it so, 3.11 doesn't
    return str(address)


def _no_ip() -> ValueError:
    return ValueError("expected an IP address such as 192.0.2.7 or 2001:db8::7")
