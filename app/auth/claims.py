from collections.abc import Mapping
from typing import Any

from joserfc.errors import ExpiredTokenError, InvalidClaimError, MissingClaimError
from joserfc.jwt import JWTClaimsRegistry

from app.auth.binding import bound_to
from app.auth.errors import Unauthenticated
from app.auth.session import Session
from app.auth.settings import AuthSettings, IssuerSettings
from app.setting_types import TENANT_NAME
from policies.principal import Principal

_SECOND_FACTORS = frozenset({"otp", "hwk", "swk", "mfa", "pop", "fpt"})  # RFC 8176
_LATEST_INSTANT_S = 2**53  # beyond it, seconds aren't exact in JSON any more
_MAX_TEXT = 256


def check_claims(
    claims: Mapping[str, Any], issuer: IssuerSettings, *, now: float, leeway_s: int
) -> None:
    """Return when the claims are complete, of this issuer, meant for us and valid at `now`.

    `now` is in seconds since 1970, as the claims are.

    Raises:
        Unauthenticated: naming the first claim that is missing or wrong, not its value.
    """
    for name in ("exp", "iat", "nbf", "auth_time"):
        if name in claims and not _is_instant(claims[name]):
            raise Unauthenticated(f"The token's {name} isn't an instant in seconds.")
    try:
        _registry(issuer, int(now), leeway_s).validate(dict(claims))
    except MissingClaimError as error:
        raise Unauthenticated(f"The token lacks {error.claim}.") from None
    except ExpiredTokenError:
        raise Unauthenticated("The token has expired.") from None
    except InvalidClaimError as error:
        raise Unauthenticated(f"The token's {error.claim} isn't acceptable.") from None
    if claims.get("auth_time", 0) > now + leeway_s:
        raise Unauthenticated("The token's auth_time isn't acceptable.")
    _check_use(claims)


def check_lifetime(claims: Mapping[str, Any], max_lifetime_s: int) -> None:
    """Return when a token with checked claims lives no longer than `max_lifetime_s` seconds.

    Raises:
        Unauthenticated: it does, or it ends before it begins.
    """
    if not 0 < claims["exp"] - claims["iat"] <= max_lifetime_s:
        raise Unauthenticated("The token's lifetime isn't acceptable.")


def principal_of(claims: Mapping[str, Any], issuer: IssuerSettings) -> Principal:
    """Who the checked claims speak of.

    Raises:
        Unauthenticated: subject, tenant, roles or client isn't of the expected form.
    """
    return Principal(
        tenant=issuer.tenant or _tenant(_find(claims, issuer.tenant_claim)),
        subject=_text(claims["sub"], "sub"),
        roles=_roles(_find(claims, issuer.roles_claim), issuer.role_names),
        has_second_factor=_has_second_factor(claims, issuer.second_factor_acr),
        client=_client(claims),
        authenticated_at=claims.get("auth_time"),
        scopes=_scopes(claims.get("scope")),
    )


def optional_text(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim that may be missing; raises `Unauthenticated` where it is no sensible text."""
    value = claims.get(name)
    return None if value is None else _text(value, name)


def session_of(
    claims: Mapping[str, Any], issuer: IssuerSettings, settings: AuthSettings, now: float
) -> Session:
    """What claims prove whose origin is certain: every rule about them, in one place.

    Raises:
        Unauthenticated: the first rule that they break.
    """
    check_claims(claims, issuer, now=now, leeway_s=settings.leeway_s)
    check_lifetime(claims, settings.max_lifetime_s)
    return Session(
        principal_of(claims, issuer),
        until=claims["exp"],
        acr_values=issuer.second_factor_acr,
        token_id=optional_text(claims, "jti"),
        session_id=optional_text(claims, "sid"),
        thumbprint=bound_to(claims, is_required=issuer.certificate_bound),
    )


def _registry(issuer: IssuerSettings, now: int, leeway_s: int) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        now=now,
        leeway=leeway_s,
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )


def _check_use(claims: Mapping[str, Any]) -> None:
    """Keycloak writes `typ` into the claims; a hash of another token stands in ID tokens alone."""
    if claims.get("typ", "Bearer") != "Bearer" or "at_hash" in claims or "c_hash" in claims:
        raise Unauthenticated("The token isn't an access token by its claims.")


def _is_instant(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _LATEST_INSTANT_S  # false for NaN too


def _find(claims: Mapping[str, Any], name: str) -> object:
    """The claim of this very name, else the one its dots lead to, else None."""
    if name in claims:
        return claims[name]
    found: object = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _text(value: object, name: str) -> str:
    # Printable keeps out line ends and lone surrogates, which break logs and stores.
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > _MAX_TEXT
        or not value.isprintable()
    ):
        raise Unauthenticated(f"The token's {name} isn't a text of 1 to {_MAX_TEXT} characters.")
    return value


def _tenant(value: object) -> str:
    if not isinstance(value, str) or not TENANT_NAME.fullmatch(value):
        raise Unauthenticated("The token's tenant isn't a tenant name.")
    return value


def _roles(value: object, names: Mapping[str, str]) -> frozenset[str]:
    given = _texts(value)
    return frozenset(names[name] for name in given if name in names) if names else given


def _texts(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    listed = value.split(" ") if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise Unauthenticated("The token's roles aren't a list of texts.")
    return frozenset(_text(name, "role") for name in listed if name != "")


def _scopes(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, str):
        raise Unauthenticated("The token's scope isn't a text.")
    return frozenset(_text(name, "scope") for name in value.split(" ") if name)


def _has_second_factor(claims: Mapping[str, Any], accepted_acr: tuple[str, ...]) -> bool:
    methods = claims.get("amr")
    listed = methods if isinstance(methods, list) else []
    is_sound = all(isinstance(method, str) for method in listed)
    used = is_sound and not _SECOND_FACTORS.isdisjoint(listed)
    return used or claims.get("acr") in accepted_acr


def _client(claims: Mapping[str, Any]) -> str | None:
    """RFC 9068 says `client_id`; OpenID Connect providers say `azp`."""
    value = claims.get("client_id", claims.get("azp"))
    return None if value is None else _text(value, "client")
