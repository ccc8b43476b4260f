"""Settings of who is asking: issuers of tokens, and what their tokens must be."""

from itertools import permutations
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from app.auth.addresses import is_trustworthy
from app.auth.key_form import KEY_PREFIX
from app.setting_types import SecretReference, Section, TenantName

# Signatures by a private key only: with a shared secret, whoever checks tokens could make them.
SignatureAlgorithm = Literal[
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
]
TokenPrefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~+/-]{0,64}$")]


class IntrospectionSettings(Section):
    """How an issuer is asked about tokens that aren't signed (RFC 7662)."""

    uri: str | None = Field(None, description="Introspection address; unset: found by discovery.")
    client_id: str = Field(min_length=1, description="Who we are to the issuer.")
    client_secret: SecretReference = Field(description="Our secret there, by reference.")
    prefix: TokenPrefix = Field(
        "",
        description="How this issuer's opaque tokens begin; others aren't sent to it. Needed where"
        " several issuers have introspection.",
    )


class IssuerSettings(Section):
    """An OpenID Connect issuer whose access tokens are accepted."""

    issuer: str = Field(description="Issuer identifier, exactly as in the token's `iss`.")
    audience: str = Field("profile-gateway", description="Required `aud`.")
    algorithms: tuple[SignatureAlgorithm, ...] = Field(
        ("ES256", "Ed25519", "EdDSA", "PS256", "RS256"),
        min_length=1,
        description="Accepted signature algorithms.",
    )
    jwks_uri: str | None = Field(None, description="Key set address; unset: found by discovery.")
    types: tuple[str, ...] = Field(
        ("at+jwt", "application/at+jwt"),
        min_length=1,
        description="Accepted `typ` headers of access tokens; an empty text accepts having none.",
    )
    introspection: IntrospectionSettings | None = Field(
        None, description="Set: opaque tokens of this issuer are accepted too."
    )
    certificate_bound: bool = Field(
        default=False, description="Accept only tokens that are bound to the client's certificate."
    )
    roles_claim: str = Field("roles", description="Claim with the roles; dots step into objects.")
    role_names: dict[str, str] = Field(
        default_factory=dict,
        description="Our role for each of the issuer's; the issuer's others then give nothing."
        " Empty: the names are the same.",
    )
    tenant_claim: str = Field(
        "tenant", description="Claim with the tenant; dots step into objects."
    )
    tenant: TenantName | None = Field(None, description="Fixed tenant of this issuer's tokens.")
    second_factor_acr: tuple[str, ...] = Field(
        (), description="Values of `acr` that prove a second factor, beside what `amr` says."
    )


class AuthSettings(Section):
    """Whose tokens are accepted."""

    issuers: tuple[IssuerSettings, ...] = Field((), description="Accepted issuers.")
    development: bool = Field(
        default=True, description="Accept tokens of the development issuer; refused in production."
    )
    leeway_s: int = Field(30, ge=0, le=300, description="Tolerated clock difference, seconds.")
    max_lifetime_s: int = Field(
        86_400, gt=0, description="Longest accepted token lifetime, seconds."
    )

    @field_validator("issuers")
    @classmethod
    def _check_issuers(cls, issuers: tuple[IssuerSettings, ...]) -> tuple[IssuerSettings, ...]:
        names = [issuer.issuer for issuer in issuers]
        if len(set(names)) != len(names):
            raise ValueError("an issuer is listed twice")
        for number, issuer in enumerate(issuers):
            for place, address in _addresses(issuer):
                if not is_trustworthy(address):
                    # The address isn't told: people put credentials into addresses.
                    raise ValueError(
                        f"{number}.{place} must be an https address, or http on this machine"
                    )
        _check_prefixes([one.introspection.prefix for one in issuers if one.introspection])
        return issuers


def _addresses(issuer: IssuerSettings) -> list[tuple[str, str]]:
    """What is fetched from an issuer, each with its setting."""
    found = [("jwks_uri", issuer.jwks_uri) if issuer.jwks_uri else ("issuer", issuer.issuer)]
    if issuer.introspection is not None:
        uri = issuer.introspection.uri
        found.append(("introspection.uri", uri) if uri else ("issuer", issuer.issuer))
    return found


def _check_prefixes(prefixes: list[str]) -> None:
    """A token must never be shown to an issuer that isn't its own."""
    if any(prefix.startswith(KEY_PREFIX) for prefix in prefixes):
        raise ValueError(f"introspection.prefix: {KEY_PREFIX} begins the gateway's own keys")
    if any(two.startswith(one) for one, two in permutations(prefixes, 2)):
        raise ValueError(
            "introspection.prefix must tell the issuers that have introspection apart: each needs"
            " one, and none may begin with another's"
        )
