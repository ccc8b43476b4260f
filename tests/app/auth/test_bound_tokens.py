"""Tokens that are bound to a certificate (RFC 8705), down to a real TLS handshake."""

import base64
import hashlib
import json
from datetime import timedelta

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.binding import thumbprint_of
from app.auth.errors import Unauthenticated
from app.auth.origin import Origin
from tests.app.auth.mint import base64url
from tests.support.certificates import Authority, TlsFiles, client_context
from tests.support.process import serving

AUTHORITY = Authority("clients")
MINE, OTHERS = AUTHORITY.issue("mine"), AUTHORITY.issue("other")
EXPIRED = AUTHORITY.issue("expired", lasting=timedelta(seconds=-60))
VIEWER = {"query": "{ viewer { subject } }"}


def der(pair) -> bytes:
    return pair.certificate.public_bytes(Encoding.DER)


def bound(mint, certificate: bytes) -> str:
    digest = hashlib.sha256(certificate).digest()
    return mint.bearer(cnf={"x5t#S256": base64url(digest)})


async def reason(authenticator, bearer, certificate) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await authenticator.principal(bearer, Origin(None, certificate))
    return refusal.value.reason


async def test_a_bound_token_counts_with_its_certificate(authenticator, mint):
    principal = await authenticator.principal(bound(mint, der(MINE)), Origin(None, der(MINE)))

    assert principal.subject == "agent-7"


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (None, "The token counts with its client's certificate alone."),
        (der(OTHERS), "The token is bound to another certificate."),
        (der(MINE)[:-1], "The token is bound to another certificate."),
        (der(MINE) + b"\0", "The token is bound to another certificate."),
        (MINE.chain, "The token is bound to another certificate."),
        (b"", "The token is bound to another certificate."),
    ],
)
async def test_with_another_certificate_it_is_refused_although_it_is_remembered(
    authenticator, mint, shown, told
):
    bearer = bound(mint, der(MINE))
    await authenticator.principal(bearer, Origin(None, der(MINE)))

    assert await reason(authenticator, bearer, shown) == told


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (b"", "The client's certificate can't be read."),
        (b"not a certificate", "The client's certificate can't be read."),
        (der(MINE)[:-1], "The client's certificate can't be read."),
        (der(MINE) + b"\0", "The client's certificate can't be read."),
        (MINE.chain, "The client's certificate can't be read."),
        (der(EXPIRED), "The client's certificate isn't valid now."),
    ],
)
async def test_what_is_no_valid_certificate_is_refused_although_the_token_is_bound_to_it(
    authenticator, mint, shown, told
):
    assert await reason(authenticator, bound(mint, shown), shown) == told


async def test_a_certificate_ends_while_its_token_goes_on(authenticator, mint, clock):
    short = AUTHORITY.issue("short", lasting=timedelta(seconds=30))
    bearer = bound(mint, der(short))
    origin = Origin(None, der(short))
    await authenticator.principal(bearer, origin)

    clock.now += 40

    assert await reason(authenticator, bearer, der(short)) == (
        "The client's certificate isn't valid now."
    )


async def test_an_issuer_may_accept_bound_tokens_alone(authenticator_of, mint):
    authenticator = authenticator_of(certificate_bound=True)

    with_it = await authenticator.principal(bound(mint, der(MINE)), Origin(None, der(MINE)))

    assert with_it.subject == "agent-7"
    assert await reason(authenticator, mint.bearer(), der(MINE)) == (
        "The token isn't bound to a certificate."
    )


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=64))
def test_a_thumbprint_is_the_digest_in_base64url_without_padding(content):
    digest = base64.urlsafe_b64decode(thumbprint_of(content) + "=")

    assert digest == hashlib.sha256(content).digest()


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, len(der(MINE)) - 1), bit=st.integers(0, 7))
async def test_any_bit_changed_in_a_certificate_makes_it_another_one(authenticator, mint, at, bit):
    changed = bytearray(der(MINE))
    changed[at] ^= 1 << bit

    assert await reason(authenticator, bound(mint, der(MINE)), bytes(changed)) == (
        "The token is bound to another certificate."
    )


async def test_over_tls_the_certificate_that_the_client_proves_counts(
    issuer, mint, document_server, tmp_path, tenant
):
    files = TlsFiles(tmp_path)
    files.hold(AUTHORITY.issue("gateway"))
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    variables = {
        **files.variables,
        "HTTP__TLS__CLIENT_CA": str(tmp_path / "ca.pem"),
        "STORE__URI": document_server.uri,
        "STORE__DATABASE": tenant,
        "AUTH__ISSUERS": json.dumps([{"issuer": issuer.address, "certificate_bound": True}]),
    }
    environment = {f"GATEWAY_{name}": value for name, value in variables.items()}
    bearer = bound(mint, der(MINE))

    async with serving(tmp_path / "data", environment) as gateway:

        async def statuses(shown) -> list[int]:
            context = client_context(tmp_path, AUTHORITY, shown)
            headers = {"authorization": bearer, "x-forwarded-for": "10.0.0.1"}
            async with httpx2.AsyncClient(base_url=gateway.url, verify=context) as client:
                # The second request goes over the same connection.
                return [
                    (await client.post("/graphql", json=VIEWER, headers=headers)).status_code
                    for _ in range(2)
                ]

        assert await statuses(MINE) == [200, 200]
        assert await statuses(OTHERS) == [401, 401]
