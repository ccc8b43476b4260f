from collections.abc import Iterator

from app.auth.addresses import is_plain_http
from app.keys import RefusedInProduction
from app.settings import AuthSettings, Settings


def refuse_in_production(settings: Settings) -> None:
    """Return when the accepted tokens are fit for where this runs; always, in development.

    Raises:
        RefusedInProduction: development tokens or an http issuer in production; all are named.
    """
    if settings.env != "production":
        return
    reasons = list(_reasons(settings.auth))
    if reasons:
        raise RefusedInProduction("; ".join(reasons))


def _reasons(auth: AuthSettings) -> Iterator[str]:
    if auth.development:
        yield "auth.development must be false: development tokens are for one's own machine"
    for issuer in auth.issuers:
        for address in (issuer.issuer, issuer.jwks_uri):
            if address is not None and is_plain_http(address):
                yield f"auth.issuers: {address} must be https"
