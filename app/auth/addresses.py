from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an IP address, without brackets) is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_plain_http(address: str) -> bool:
    """Whether `address` is an http URL, wherever it leads."""
    return _scheme_and_host(address)[0] == "http"


def is_trustworthy(address: str) -> bool:
    """Whether keys that come from `address` can't be changed on the way.

    That is https from anywhere, and http from this machine.
    """
    scheme, host = _scheme_and_host(address)
    return scheme == "https" or (scheme == "http" and is_loopback(host))


def _scheme_and_host(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return "", ""
    return (parts.scheme, host) if host else ("", "")
