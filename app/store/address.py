"""Where the store is: the connection string of the settings, looked at before it is used."""

from collections.abc import Mapping
from typing import Any

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri, split_options

from app.auth.addresses import is_loopback
from app.configuration import WrongSettings
from app.keys import RefusedInProduction
from app.settings import Settings

_SRV = "mongodb+srv://"

UNUSABLE = (
    "store.uri can't be used: it must be a connection string, mongodb://... or mongodb+srv://...,"
    " with user name and password percent-encoded, and with options that MongoDB's driver knows."
    " It isn't shown here, because it may hold a password."
)


def store_uri(settings: Settings) -> str | None:
    """The connection string of the store; None means the embedded server.

    Raises:
        WrongSettings: it isn't a connection string.
        RefusedInProduction: `env` is production, and what travels to the store can be read.
    """
    uri = settings.store.uri
    if uri is None:
        return None
    try:
        is_private = _is_private(uri)
    except (PyMongoError, ValueError):
        raise WrongSettings(UNUSABLE) from None  # the driver's own message may quote it
    if settings.env == "production" and not is_private:
        raise RefusedInProduction(
            "store.uri leads to another machine, so it must say tls=true and must not switch"
            " the check of certificates off"
        )
    return uri


def _is_private(uri: str) -> bool:
    """Whether nobody on the way can read along: it has no way to go, or TLS checks who is there."""
    # Options stay as they are written: the driver looks at them when it opens the client.
    if uri.startswith(_SRV):
        # Not parsed as a whole, because that asks the DNS.
        _, _, options = uri.partition("?")
        given = split_options(options, validate=False) if options else {}
        return _has_tls({"tls": "true", **given})
    parsed = parse_uri(uri, validate=False)
    hosts = [host for host, _ in parsed["nodelist"]]
    return all(map(_is_here, hosts)) or _has_tls(parsed["options"])


def _has_tls(options: Mapping[str, Any]) -> bool:
    named = {name.lower(): value for name, value in options.items()}
    return named.get("tls") == "true" and named.get("tlsallowinvalidcertificates") != "true"


def _is_here(host: str) -> bool:
    return is_loopback(host) or host.endswith(".sock")
