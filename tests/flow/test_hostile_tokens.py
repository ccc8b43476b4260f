"""The battery of hostile tokens against a whole gateway: refused, without an echo."""

import time

import pytest
import pytest_asyncio

from app.auth.settings import AuthSettings, IssuerSettings
from tests.app.auth.hostile_tokens import HOSTILE
from tests.app.auth.local_issuer import LocalIssuer, running
from tests.app.auth.mint import Mint, an_elliptic_signer, an_rsa_signer
from tests.support.gateway import running_gateway

QUERY = {"query": "{ viewer { subject tenant roles } }"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hostile(document_server, tmp_path_factory):
    """A gateway with one issuer, and what makes this issuer's tokens."""
    signer = an_elliptic_signer()
    shared = {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}
    local = LocalIssuer(signer.jwk, an_rsa_signer().jwk, shared)
    with running(local):
        auth = AuthSettings(issuers=(IssuerSettings(issuer=local.address),))
        path = tmp_path_factory.mktemp("hostile")
        async with running_gateway(
            document_server.uri, path, database="hostile_tokens", auth=auth
        ) as gateway:
            yield gateway, lambda: Mint(local.address, time.time(), signer)


async def sent(gateway, authorization: str | None):
    raw = [] if authorization is None else [(b"authorization", encoded(authorization))]
    return await gateway.client.post("/graphql", json=QUERY, headers=raw)


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


async def test_the_battery_is_large_and_a_good_token_is_not_in_it(hostile):
    gateway, minting = hostile
    mint = minting()

    answer = await sent(gateway, mint.bearer())

    assert len(HOSTILE) >= 45
    assert answer.json() == {
        "data": {"viewer": {"subject": "agent-7", "tenant": "acme", "roles": ["agent"]}}
    }


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.what)
async def test_a_hostile_token_is_refused_without_an_echo(hostile, case, caplog):
    gateway, minting = hostile
    mint = minting()
    authorization = case.make(mint)

    answer = await sent(gateway, authorization)

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]) == (401, {"code": "UNAUTHENTICATED"})
    assert answer.json().keys() == {"errors"}
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    for part in (authorization or "").removeprefix("Bearer ").split("."):
        if len(part) > len("billing"):
            assert part not in answer.text
            assert part not in str(answer.headers)
            assert part not in caplog.text
