import gzip
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.auth.discovery import UnusableAnswer, discover_key_set, fetch_json
from app.auth.errors import KeySetUnavailable
from app.auth.jwks import signing_keys
from policies.principal import Principal
from tests.app.auth.local_issuer import LocalIssuer, running
from tests.app.auth.mint import an_edwards_signer, an_elliptic_signer, an_rsa_signer

AGENT = Principal("acme", "agent-7", frozenset({"agent"}))
PACKED = gzip.compress(b'{"keys":[]}')


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response(status_code=404), "status 404"),
        (Response(status_code=204), "status 204"),
        (RedirectResponse("/elsewhere"), "status 307"),
        (Response("keys"), "the answer isn't JSON"),
        (Response("[" * 90_000), "the answer isn't JSON"),
        (JSONResponse([]), "the answer isn't a JSON object"),
        (Response("{" + " " * 100_000 + "}"), "the answer is longer than 100000 bytes"),
        (Response(PACKED, headers={"Content-Encoding": "gzip"}), "the answer is compressed"),
    ],
)
async def test_an_answer_that_is_no_key_set_is_an_outage(
    authenticator, issuer, mint, http, answer, why
):
    issuer.key_set_answer = answer

    with pytest.raises(UnusableAnswer) as trouble:
        await fetch_json(http, f"{issuer.address}/keys")
    with pytest.raises(KeySetUnavailable):
        await authenticator.principal(mint.bearer())

    assert str(trouble.value) == why
    assert issuer.other_fetches == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"issuer": "https://login.example.com"}, "the discovery document is another issuer's"),
        ({"issuer": None}, "the discovery document is another issuer's"),
        ({"jwks_uri": None}, "the discovery document names no https key set"),
        ({"jwks_uri": ["/keys"]}, "the discovery document names no https key set"),
        ({"jwks_uri": "/keys"}, "the discovery document names no https key set"),
        ({"jwks_uri": "http://10.0.0.1/keys"}, "the discovery document names no https key set"),
        ({"jwks_uri": "file:///etc/keys"}, "the discovery document names no https key set"),
        ({"jwks_uri": "http://[::1/keys"}, "the discovery document names no https key set"),
    ],
)
async def test_a_discovery_document_that_cannot_be_trusted_is_an_outage(
    authenticator, issuer, mint, http, changes, why
):
    issuer.discovery_changes = changes

    with pytest.raises(UnusableAnswer) as trouble:
        await discover_key_set(http, issuer.address)
    with pytest.raises(KeySetUnavailable):
        await authenticator.principal(mint.bearer())

    assert str(trouble.value) == why
    assert issuer.key_set_fetches == 0


async def test_a_key_set_address_in_the_settings_needs_no_discovery(authenticator_of, issuer, mint):
    authenticator = authenticator_of(jwks_uri=f"{issuer.address}/keys")

    assert await authenticator.principal(mint.bearer()) == AGENT
    assert (issuer.discovery_fetches, issuer.key_set_fetches) == (0, 1)


async def test_a_key_set_that_moved_is_discovered_anew(authenticator, issuer, mint, clock):
    await authenticator.principal(mint.bearer())
    issuer.key_set_answer = Response(status_code=410)
    issuer.discovery_changes = {"jwks_uri": f"{issuer.address}/moved"}
    clock.now += 600
    await authenticator.principal(mint.bearer(iat=int(clock.now), exp=int(clock.now) + 99))
    clock.now += 30

    await authenticator.principal(mint.bearer(iat=int(clock.now), exp=int(clock.now) + 99))

    assert (issuer.discovery_fetches, issuer.other_fetches) == (2, 1)


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "key.pem", tmp_path / "certificate.pem"
    files[0].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[1].write_bytes(certificate.public_bytes(Encoding.PEM))
    return files


async def test_an_https_issuer_may_not_lead_to_an_http_key_set(certificate, issuer):
    secure = LocalIssuer()
    trust = ssl.create_default_context(cafile=certificate[1])

    with running(secure, certificate):
        async with httpx2.AsyncClient(verify=trust, trust_env=False) as client:
            found = await discover_key_set(client, secure.address)
            secure.discovery_changes = {"jwks_uri": f"{issuer.address}/keys"}
            with pytest.raises(UnusableAnswer, match="leads from https to http"):
                await discover_key_set(client, secure.address)

    assert found == f"{secure.address}/keys"


def test_only_keys_that_sign_are_taken_from_a_key_set():
    elliptic, edwards = an_elliptic_signer(), an_edwards_signer()
    keys = [
        elliptic.jwk,
        edwards.jwk | {"key_ops": ["verify"]},
        elliptic.jwk | {"kid": "for encryption", "use": "enc"},
        elliptic.jwk | {"kid": "for signing only", "key_ops": ["sign"]},
        elliptic.jwk | {"kid": "with odd operations", "key_ops": "verify"},
        elliptic.jwk | {"kid": 7},
        {name: value for name, value in elliptic.jwk.items() if name != "kid"},
        an_rsa_signer("short", bits=1024).jwk,
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
    ]

    assert sorted(signing_keys({"keys": keys})) == ["edwards", "elliptic"]


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "EC", "kid": "odd", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "EC", "kid": "odd", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "kid": "odd", "crv": ["P-256"], "x": "AA", "y": "AA"},
        {"kty": "EC", "kid": "odd"},
        {"kty": "RSA", "kid": "odd", "n": "é", "e": "AQAB"},
        {"kty": "RSA", "kid": "odd", "n": 7, "e": "AQAB"},
        {"kty": "RSA", "kid": "odd", "n": "_" * 400, "e": "AQ"},
        {"kty": "OKP", "kid": "odd", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "kid": "odd", "crv": "Ed25519", "x": None},
        {"kty": "AKP", "kid": "odd", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": ["EC"], "kid": "odd"},
        {"kid": "odd"},
        "odd",
        None,
    ],
)
def test_a_key_that_nobody_can_read_does_not_cost_the_others(odd):
    assert list(signing_keys({"keys": [odd, an_elliptic_signer().jwk]})) == ["elliptic"]


def test_the_first_of_two_keys_with_one_id_counts():
    first, second = an_elliptic_signer(), an_elliptic_signer()

    keys = signing_keys({"keys": [first.jwk, second.jwk]})

    assert keys["elliptic"].as_dict()["x"] == first.jwk["x"]


def test_a_private_key_that_was_published_by_mistake_is_not_kept():
    keys = signing_keys({"keys": [an_elliptic_signer().jwk | {"d": "AQ"}]})

    assert not keys["elliptic"].is_private


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {"kid": "elliptic"}}])
def test_a_document_without_a_list_of_keys_is_no_key_set(document):
    with pytest.raises(UnusableAnswer, match="isn't a key set"):
        signing_keys(document)
