"""Where the store is: the connection string of the settings, looked at before it is used."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri, split_options

from app.auth.addresses import is_loopback
from app.certificates import PemFile, check_authorities, check_pair
from app.configuration import WrongSettings
from app.keys import RefusedInProduction
from app.settings import Settings, StoreSettings

_SRV = "mongodb+srv://"

UNUSABLE = (
    "store.uri can't be used: it must be a connection string, mongodb://... or mongodb+srv://...,"
    " with user name and password percent-encoded, and with options that MongoDB's driver knows."
    " It isn't shown here, because it may hold a password."
)


def store_uri(settings: Settings) -> str | None:
    """The connection string of the store, TLS files included; None means the embedded server.

    Raises:
        WrongSettings: it isn't a connection string, or a TLS file can't be used.
        RefusedInProduction: `env` is production, and what travels to the store can be read.
    """
    files = _tls_files(settings.store)
    if settings.store.uri is None:
        if files:
            raise WrongSettings("store.tls_ca and store.tls_certificate need a store.uri.")
        return None
    check_tls_files(settings.store)
    try:
        uri = _with_tls(settings.store.uri, files)
        is_private = _is_private(uri)
    except (PyMongoError, ValueError):
        raise WrongSettings(UNUSABLE) from None  # the driver's own message may quote it
    if settings.env == "production" and not is_private:
        raise RefusedInProduction(
            "store.uri leads to another machine, so it must say tls=true and must not switch"
            " the check of certificates off"
        )
    return uri


def check_tls_files(store: StoreSettings) -> None:
    """Return when the driver can load the TLS files of the settings.

    Raises:
        WrongSettings: one is missing or can't be used.
    """
    files = _tls_files(store)
    if ca := files.get("tlsCAFile"):
        check_authorities(ca)
    if certificate := files.get("tlsCertificateKeyFile"):
        check_pair(certificate, certificate)


def _tls_files(store: StoreSettings) -> dict[str, PemFile]:
    """The files of the settings, by the driver's name for each."""
    given = {
        "tlsCAFile": ("store.tls_ca", store.tls_ca),
        "tlsCertificateKeyFile": ("store.tls_certificate", store.tls_certificate),
    }
    return {name: PemFile(setting, path) for name, (setting, path) in given.items() if path}


def _with_tls(uri: str, files: Mapping[str, PemFile]) -> str:
    """`uri` with these files as options, and with the TLS that they are for."""
    if not files:
        return uri
    given = _options(uri)
    for name, file in files.items():
        if name.lower() in given:
            raise WrongSettings(f"{file.setting} and {name} in store.uri say the same: leave one.")
        if given.get("tls", "true") != "true":
            raise WrongSettings(f"{file.setting} is for TLS, which store.uri switches off.")
    added = [f"{name}={quote_plus(str(file.path))}" for name, file in files.items()]
    if "tls" not in given:
        added.append("tls=true")
    return uri + _joint(uri) + "&".join(added)


def _joint(uri: str) -> str:
    """What stands between a connection string and one more option."""
    if "?" in uri:
        return "" if uri.endswith("?") else "&"
    return "?" if "/" in uri.partition("://")[2] else "/?"


def _is_private(uri: str) -> bool:
    """Whether nobody on the way can read along: it has no way to go, or TLS checks who is there."""
    if uri.startswith(_SRV):
        return _has_tls({"tls": "true", **_options(uri)})
    hosts = [host for host, _ in parse_uri(uri, validate=False)["nodelist"]]
    return all(map(_is_here, hosts)) or _has_tls(_options(uri))


def _options(uri: str) -> dict[str, Any]:
    """The options of a connection string, with their names in lower case."""
    # Options stay as they are written: the driver looks at them when it opens the client.
    if uri.startswith(_SRV):
        # Not parsed as a whole, because that asks the DNS.
        _, _, options = uri.partition("?")
        given = split_options(options, validate=False) if options else {}
    else:
        given = parse_uri(uri, validate=False)["options"]
    return {name.lower(): value for name, value in given.items()}


def _has_tls(options: Mapping[str, Any]) -> bool:
    return options.get("tls") == "true" and options.get("tlsallowinvalidcertificates") != "true"


def _is_here(host: str) -> bool:
    return is_loopback(host) or host.endswith(".sock")
