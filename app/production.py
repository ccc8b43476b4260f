"""What is fine on one's own machine and refused where `env` says production."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from urllib.parse import urlsplit

from app.auth.addresses import is_loopback, is_plain_http, is_trustworthy
from app.auth.settings import AuthSettings
from app.cache_settings import CacheSettings
from app.http.settings import HttpSettings
from app.keys import RefusedInProduction
from app.settings import Settings
from app.source_settings import SourceSettings


def refuse_in_production(settings: Settings) -> None:
    """Return when tokens and connections are fit for where this runs; always, in development.

    The store's connection is looked at where it is opened.

    Raises:
        RefusedInProduction: development tokens, an http issuer, or a plain connection that leaves
            the machine, in production; all are named.
    """
    if settings.env != "production":
        return
    reasons = [
        *_of_auth(settings.auth),
        *_of_http(settings.http),
        *_of_sources(settings.sources),
        *_of_cache(settings.cache),
    ]
    if reasons:
        raise RefusedInProduction("; ".join(reasons))


def _of_auth(auth: AuthSettings) -> Iterator[str]:
    if auth.development:
        yield "auth.development must be false: development tokens are for one's own machine"
    for issuer in auth.issuers:
        asked = issuer.introspection.uri if issuer.introspection else None
        for address in (issuer.issuer, issuer.jwks_uri, asked):
            if address is not None and is_plain_http(address):
                yield f"auth.issuers: {address} must be https"


def _of_http(http: HttpSettings) -> Iterator[str]:
    if http.tls.certificate is None and not (http.behind_proxy or is_loopback(http.host)):
        yield (
            "http.host is open to other machines, so http.tls.certificate must be set, or"
            " http.behind_proxy where TLS ends at a proxy on the way"
        )

    if any(ip_network(network).prefixlen == 0 for network in http.trusted_proxies):
        yield "http.trusted_proxies must not be everybody: name the networks of your own proxies"


def _of_sources(sources: Mapping[str, SourceSettings]) -> Iterator[str]:
    for name, source in sources.items():
        if not is_trustworthy(source.base_url):
            # The address isn't told: people put credentials into addresses.
            yield f"sources.{name}.base_url must be https, or http on this machine"


def _of_cache(cache: CacheSettings) -> Iterator[str]:
    if cache.uri and cache.uri.startswith("redis:"):
        host = urlsplit(cache.uri).hostname or ""
        if not is_loopback(host):
            yield "cache.uri must be rediss://, or redis:// on this machine"
