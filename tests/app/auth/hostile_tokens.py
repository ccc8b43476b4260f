"""Authorization headers that must be refused: what each one tries, why it fails, how it is made."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.app.auth.mint import (
    ABSENT,
    Mint,
    an_elliptic_signer,
    part,
    signed,
    signed_with_secret,
)

NO_TOKEN = "No bearer token was sent."
NOT_BEARER = "The Authorization header doesn't hold a bearer token."
NOT_SIGNED = "The bearer token isn't a signed JSON Web Token."
KEY = "The key isn't one of ours."
TOO_LONG = "The bearer token is longer than 8 KB."
NOT_STRICT = "A part of the bearer token isn't strict JSON."
NOT_AN_OBJECT = "A part of the bearer token isn't a JSON object."
ISSUER = "The token's issuer isn't one of ours."
ALGORITHM = "The token's algorithm isn't accepted."
TYPE = "The token isn't an access token by its type."
EXTENSIONS = "The token asks for extensions that aren't supported."
NO_KEY_ID = "The token doesn't name its key."
UNKNOWN_KEY = "The token's key isn't one of its issuer's."
SIGNATURE = "The token's signature doesn't hold."
EXPIRED = "The token has expired."
LIFETIME = "The token's lifetime isn't acceptable."
TENANT = "The token's tenant isn't a tenant name."
ROLES = "The token's roles aren't a list of texts."
USE = "The token isn't an access token by its claims."
UNPROVABLE = "The token is bound to something that can't be checked."
THUMBPRINT = "The token's cnf isn't the thumbprint of a certificate."
NO_CERTIFICATE = "The token counts with its client's certificate alone."
X5T = "x5t#S256"

ATTACKER = an_elliptic_signer("attacker")
TAKEN = an_elliptic_signer("elliptic")  # the key id of the issuer's key, and another key


def no_instant(name: str) -> str:
    return f"The token's {name} isn't an instant in seconds."


def not_acceptable(name: str) -> str:
    return f"The token's {name} isn't acceptable."


def a_text(name: str) -> str:
    return f"The token's {name} isn't a text of 1 to 256 characters."


def lacks(name: str) -> str:
    return f"The token lacks {name}."


@dataclass(frozen=True)
class Case:
    what: str
    reason: str
    make: Callable[[Mint], str | None]


def header_case(what: str, reason: str, **changes: object) -> Case:
    return Case(what, reason, lambda mint: mint.bearer(header=mint.header(**changes)))


def claim_case(what: str, reason: str, **changes: object) -> Case:
    return Case(what, reason, lambda mint: mint.bearer(**changes))


def time_case(what: str, reason: str, **offsets_s: float) -> Case:
    """Claims given as seconds from now."""

    def make(mint: Mint) -> str:
        return mint.bearer(**{name: int(mint.now + by) for name, by in offsets_s.items()})

    return Case(what, reason, make)


def raw_claims_case(what: str, reason: str, edit: Callable[[str], str | bytes]) -> Case:
    """The claims as JSON text, edited, then signed by the issuer's own key."""

    def make(mint: Mint) -> str:
        return "Bearer " + signed(mint.header(), edit(json.dumps(mint.claims())), mint.signer)

    return Case(what, reason, make)


def stolen_payload(mint: Mint) -> str:
    """The signature of one token under the claims of another."""
    header, _, signature = mint.token().split(".")
    return f"Bearer {header}.{part(mint.claims(roles=['admin']))}.{signature}"


def flipped_signature(mint: Mint) -> str:
    message, _, signature = mint.token().rpartition(".")
    return f"Bearer {message}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def unsigned(mint: Mint, algorithm: object, signature: str) -> str:
    return f"Bearer {part(mint.header(alg=algorithm))}.{part(mint.claims())}.{signature}"


ENVELOPE = [
    Case("no header", NO_TOKEN, lambda _: None),
    Case("an empty header", NOT_BEARER, lambda _: ""),
    Case("Basic", NOT_BEARER, lambda _: "Basic YWRtaW46YWRtaW4="),
    Case("a wrong scheme with a good token", NOT_BEARER, lambda mint: "DPoP " + mint.token()),
    Case("a good token without a scheme", NOT_BEARER, lambda mint: mint.token()),
    Case("nothing after the scheme", NOT_SIGNED, lambda _: "Bearer "),
    Case("one part", NOT_SIGNED, lambda _: "Bearer abc"),
    Case("two parts", NOT_SIGNED, lambda mint: mint.bearer().rpartition(".")[0]),
    Case("four parts", NOT_SIGNED, lambda mint: mint.bearer() + ".abc"),
    Case("five parts, as if encrypted", NOT_SIGNED, lambda _: "Bearer a.b.c.d.e"),
    Case("two tokens", NOT_SIGNED, lambda mint: f"{mint.bearer()}, {mint.bearer()}"),
    Case("non-ASCII text", NOT_SIGNED, lambda mint: mint.bearer() + "é"),
    Case("a lone surrogate", NOT_SIGNED, lambda mint: mint.bearer() + "\ud800"),
    Case("a line end", NOT_SIGNED, lambda mint: mint.bearer() + "\n"),
    Case("a NUL", NOT_SIGNED, lambda mint: mint.bearer() + "\0"),
    Case("a key of a partner, as far as it looks", KEY, lambda _: "Bearer cpg_" + "a" * 16),
    Case("200 KB", TOO_LONG, lambda _: "Bearer " + "a" * 200_000),
    Case("200 KB of claims", TOO_LONG, lambda mint: mint.bearer(note="x" * 150_000)),
    Case("a truncated signature", SIGNATURE, lambda mint: mint.bearer()[:-10]),
    Case("a flipped signature", SIGNATURE, flipped_signature),
    Case("another token's signature", SIGNATURE, stolen_payload),
]

JSON = [
    Case("a header that is no base64", NOT_STRICT, lambda _: "Bearer a.e30.AA"),
    Case("a header that is no JSON", NOT_STRICT, lambda _: f"Bearer {part('alg')}.e30.AA"),
    Case("a header that is a list", NOT_AN_OBJECT, lambda _: f"Bearer {part(['alg'])}.e30.AA"),
    Case("claims that are a number", NOT_AN_OBJECT, lambda _: f"Bearer e30.{part('7')}.AA"),
    raw_claims_case("claims that are text", NOT_AN_OBJECT, lambda _: '"alg"'),
    raw_claims_case("claims in UTF-16", NOT_STRICT, lambda text: text.encode("utf-16")),
    raw_claims_case("claims that are no UTF-8", NOT_STRICT, lambda _: b'{"sub":"\xff"}'),
    raw_claims_case("text after the claims", NOT_STRICT, lambda text: text + "{}"),
    raw_claims_case("deep claims", NOT_STRICT, lambda _: "[" * 5800),
    raw_claims_case(
        "a claim named twice", NOT_STRICT, lambda text: text[:-1] + ',"roles":["admin"]}'
    ),
    raw_claims_case(
        "a nested name twice", NOT_STRICT, lambda text: text[:-1] + ',"act":{"sub":1,"sub":2}}'
    ),
    raw_claims_case("exp Infinity", NOT_STRICT, lambda text: text[:-1] + ',"exp":Infinity}'),
    raw_claims_case("a NaN anywhere", NOT_STRICT, lambda text: text[:-1] + ',"note":NaN}'),
    raw_claims_case(
        "a number of 5000 digits", NOT_STRICT, lambda text: f'{text[:-1]},"n":{"9" * 5000}}}'
    ),
    Case(
        "a header name twice",
        NOT_STRICT,
        lambda mint: (
            "Bearer "
            + signed('{"alg":"none",' + json.dumps(mint.header())[1:], mint.claims(), mint.signer)
        ),
    ),
]

HEADER = [
    Case("alg none without a signature", NOT_SIGNED, lambda mint: unsigned(mint, "none", "")),
    Case("alg none", ALGORITHM, lambda mint: unsigned(mint, "none", "AA")),
    Case("alg NONE", ALGORITHM, lambda mint: unsigned(mint, "NONE", "AA")),
    Case("alg a list", ALGORITHM, lambda mint: unsigned(mint, ["ES256"], "AA")),
    Case("alg an object", ALGORITHM, lambda mint: unsigned(mint, {"ES256": 1}, "AA")),
    header_case("no alg", ALGORITHM, alg=ABSENT),
    header_case("alg ES384, which the issuer doesn't use", ALGORITHM, alg="ES384"),
    header_case("another algorithm for the same key", SIGNATURE, alg="RS256"),
    Case(
        "HS256 signed with the public key as PEM",
        ALGORITHM,
        lambda mint: (
            "Bearer " + signed_with_secret(mint.header(alg="HS256"), mint.claims(), mint.signer.pem)
        ),
    ),
    Case(
        "ES256 by name, HMAC with the public key as PEM by nature",
        SIGNATURE,
        lambda mint: "Bearer " + signed_with_secret(mint.header(), mint.claims(), mint.signer.pem),
    ),
    header_case("a symmetric key of the key set", UNKNOWN_KEY, kid="shared"),
    Case(
        "its own key in jwk",
        SIGNATURE,
        lambda mint: mint.bearer(TAKEN, mint.header(jwk=TAKEN.jwk)),
    ),
    Case(
        "its own key in jwk under its own key id",
        UNKNOWN_KEY,
        lambda mint: mint.bearer(ATTACKER, mint.header(jwk=ATTACKER.jwk, kid="attacker")),
    ),
    Case(
        "its own key set in jku",
        SIGNATURE,
        lambda mint: mint.bearer(TAKEN, mint.header(jku=f"{mint.issuer}/attacker")),
    ),
    Case(
        "its own certificate in x5u",
        SIGNATURE,
        lambda mint: mint.bearer(TAKEN, mint.header(x5u=f"{mint.issuer}/attacker")),
    ),
    Case(
        "its own certificate in x5c",
        SIGNATURE,
        lambda mint: mint.bearer(TAKEN, mint.header(x5c=["MIIB"])),
    ),
    Case("another key under the issuer's key id", SIGNATURE, lambda mint: mint.bearer(TAKEN)),
    Case("an unknown key id", UNKNOWN_KEY, lambda mint: mint.bearer(ATTACKER)),
    header_case("no key id", NO_KEY_ID, kid=ABSENT),
    header_case("an empty key id", NO_KEY_ID, kid=""),
    header_case("a key id that is a number", NO_KEY_ID, kid=7),
    header_case("a key id that is a list", NO_KEY_ID, kid=["elliptic"]),
    header_case("a key id that is a path", UNKNOWN_KEY, kid="../../etc/passwd"),
    header_case("an unknown extension in crit", EXTENSIONS, crit=["exp"]),
    header_case("an empty crit", EXTENSIONS, crit=[]),
    header_case("crit that is a number", EXTENSIONS, crit=1),
    header_case("b64 false with crit", EXTENSIONS, b64=False, crit=["b64"]),
    header_case("b64 false", SIGNATURE, b64=False),
    header_case("an ID token by type", TYPE, typ="JWT"),
    header_case("a DPoP proof by type", TYPE, typ="dpop+jwt"),
    header_case("no type", TYPE, typ=ABSENT),
    header_case("a type that is a list", TYPE, typ=["at+jwt"]),
]

CLAIMS = [
    *(claim_case(f"no {name}", lacks(name), **{name: ABSENT}) for name in ("exp", "iat", "aud")),
    claim_case("no sub", lacks("sub"), sub=ABSENT),
    claim_case("sub null", lacks("sub"), sub=None),
    claim_case("no iss", ISSUER, iss=ABSENT),
    claim_case("another iss", ISSUER, iss="https://login.example.com"),
    claim_case("iss a list", ISSUER, iss=["https://login.example.com"]),
    claim_case("iss an object", ISSUER, iss={}),
    Case("iss with a slash more", ISSUER, lambda mint: mint.bearer(iss=mint.issuer + "/")),
    Case("iss in capitals", ISSUER, lambda mint: mint.bearer(iss=mint.issuer.upper())),
    Case(
        "iss of the development issuer",
        ISSUER,
        lambda mint: mint.bearer(iss="urn:profile-gateway:development"),
    ),
    claim_case("another aud", not_acceptable("aud"), aud="billing"),
    claim_case("aud in capitals", not_acceptable("aud"), aud="PROFILE-GATEWAY"),
    claim_case("aud a part of ours", not_acceptable("aud"), aud="profile"),
    claim_case("other auds", not_acceptable("aud"), aud=["billing", "mail"]),
    claim_case("no aud in the list", not_acceptable("aud"), aud=[]),
    claim_case("an empty aud", not_acceptable("aud"), aud=""),
    claim_case("aud an object", not_acceptable("aud"), aud={"profile-gateway": 1}),
    claim_case("aud a mixed list", not_acceptable("aud"), aud=["profile-gateway", 7]),
    time_case("expired beyond the leeway", EXPIRED, iat=-600, exp=-31),
    time_case("expired at the leeway", EXPIRED, iat=-600, exp=-30),
    time_case("iat in the future", not_acceptable("iat"), iat=60, exp=600),
    time_case("nbf in the future", not_acceptable("nbf"), nbf=60),
    time_case("a lifetime of more than a day", LIFETIME, iat=-1, exp=86_400),
    time_case("an end before its beginning", LIFETIME, iat=20, exp=10),
    claim_case("exp as text", no_instant("exp"), exp="9999999999"),
    claim_case("exp true", no_instant("exp"), exp=True),
    claim_case("exp null", no_instant("exp"), exp=None),
    claim_case("exp a list", no_instant("exp"), exp=[9_999_999_999]),
    claim_case("exp negative", no_instant("exp"), exp=-1),
    claim_case("exp huge", no_instant("exp"), exp=10**400),
    claim_case("exp a huge exponent", no_instant("exp"), exp=1e308),
    raw_claims_case(
        "exp beyond floats",
        no_instant("exp"),
        lambda text: text.replace('"exp": ', '"exp": 1e999, "was": '),
    ),
    claim_case("iat negative", no_instant("iat"), iat=-5),
    claim_case("iat as text", no_instant("iat"), iat="0"),
    claim_case("iat zero, so that it lives too long", LIFETIME, iat=0),
    claim_case("nbf as text", no_instant("nbf"), nbf="0"),
    claim_case("an empty sub", not_acceptable("sub"), sub=""),
    claim_case("a blank sub", a_text("sub"), sub="   "),
    claim_case("sub an object", not_acceptable("sub"), sub={"id": 7}),
    claim_case("sub a list", not_acceptable("sub"), sub=["agent-7"]),
    claim_case("sub a number", not_acceptable("sub"), sub=7),
    claim_case("sub false", not_acceptable("sub"), sub=False),
    claim_case("a sub with a line end", a_text("sub"), sub="agent-7\nadmin"),
    claim_case("a sub with a NUL", a_text("sub"), sub="agent-7\0"),
    claim_case("a sub with a lone surrogate", a_text("sub"), sub="agent-\ud800"),
    claim_case("a sub of 257 characters", a_text("sub"), sub="a" * 257),
    claim_case("no tenant", TENANT, tenant=ABSENT),
    claim_case("a tenant with a slash", TENANT, tenant="acme/globex"),
    claim_case("a tenant with a dot", TENANT, tenant="../globex"),
    claim_case("a tenant in capitals", TENANT, tenant="Acme"),
    claim_case("a tenant with a line end", TENANT, tenant="acme\n"),
    claim_case("a tenant of 64 characters", TENANT, tenant="a" * 64),
    claim_case("a tenant that is a list", TENANT, tenant=["acme"]),
    claim_case("a tenant that is a query", TENANT, tenant={"$ne": None}),
    claim_case("an empty tenant", TENANT, tenant=""),
    claim_case("roles an object", ROLES, roles={"admin": True}),
    claim_case("roles a number", ROLES, roles=1),
    claim_case("roles true", ROLES, roles=True),
    claim_case("a role that is an object", a_text("role"), roles=["agent", {"name": "admin"}]),
    claim_case("a role that is a list", a_text("role"), roles=[["admin"]]),
    claim_case("a role that is null", a_text("role"), roles=[None]),
    claim_case("a role with a line end", a_text("role"), roles=["agent\n"]),
    claim_case(
        "a client that is a list",
        a_text("client"),
        client_id=["web"],
    ),
]

_PRINT = "A" * 43

SIGN_IN = [
    claim_case("auth_time as text", no_instant("auth_time"), auth_time="0"),
    claim_case("auth_time true", no_instant("auth_time"), auth_time=True),
    claim_case("auth_time null", no_instant("auth_time"), auth_time=None),
    claim_case("auth_time negative", no_instant("auth_time"), auth_time=-1),
    claim_case("auth_time a list", no_instant("auth_time"), auth_time=[0]),
    time_case("auth_time in the future", not_acceptable("auth_time"), auth_time=60),
    claim_case("scope a list", "The token's scope isn't a text.", scope=["profiles"]),
    claim_case("scope a number", "The token's scope isn't a text.", scope=7),
    claim_case("a scope with a line end", a_text("scope"), scope="profiles\nadmin"),
    claim_case("jti a number", not_acceptable("jti"), jti=7),
    claim_case("an empty jti", a_text("jti"), jti=""),
    claim_case("sid a list", a_text("sid"), sid=["s"]),
    claim_case("an ID token by its hash of an access token", USE, at_hash="x"),
    claim_case("an ID token by its hash of a code", USE, c_hash="x"),
    claim_case("a Keycloak ID token", USE, typ="ID"),
    claim_case("a Keycloak refresh token", USE, typ="Refresh"),
    claim_case("a Keycloak logout token", USE, typ="Logout"),
    claim_case("a typ that is a list", USE, typ=["Bearer"]),
]

BINDING = [
    claim_case("bound to a certificate that nobody shows", NO_CERTIFICATE, cnf={X5T: _PRINT}),
    claim_case("bound to a key (DPoP)", UNPROVABLE, cnf={"jkt": _PRINT}),
    claim_case("bound to a key and a certificate", UNPROVABLE, cnf={X5T: _PRINT, "jkt": _PRINT}),
    claim_case("bound to nothing", UNPROVABLE, cnf={}),
    claim_case("cnf a text", UNPROVABLE, cnf=_PRINT),
    claim_case("cnf false", UNPROVABLE, cnf=False),
    claim_case("a thumbprint that is a list", THUMBPRINT, cnf={X5T: [_PRINT]}),
    claim_case("an empty thumbprint", THUMBPRINT, cnf={X5T: ""}),
    claim_case("a thumbprint that is null", THUMBPRINT, cnf={X5T: None}),
    claim_case("a thumbprint too short", THUMBPRINT, cnf={X5T: _PRINT[1:]}),
    claim_case("a thumbprint with padding", THUMBPRINT, cnf={X5T: _PRINT + "="}),
]

HOSTILE = [*ENVELOPE, *JSON, *HEADER, *CLAIMS, *SIGN_IN, *BINDING]
