import time
from dataclasses import dataclass

import httpx2
import pytest

from app.auth.authenticator import Authenticator
from app.auth.settings import AuthSettings, IssuerSettings
from tests.app.auth.local_issuer import LocalIssuer, running
from tests.app.auth.mint import (
    Mint,
    an_edwards_signer,
    an_elliptic_signer,
    an_rsa_signer,
)


@dataclass
class Clock:
    now: float

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(time.time())


@pytest.fixture(scope="session")
def signers():
    return {
        "ES256": an_elliptic_signer(),
        "RS256": an_rsa_signer(),
        "PS256": an_rsa_signer("pss", "PS256"),
        "Ed25519": an_edwards_signer(),
        "EdDSA": an_edwards_signer("edwards-by-its-old-name", "EdDSA"),
        "short": an_rsa_signer("short", bits=1024),
    }


@pytest.fixture(scope="session")
def one_local_issuer():
    local = LocalIssuer()
    with running(local):
        yield local


@pytest.fixture
def issuer(one_local_issuer, signers):
    one_local_issuer.reset(*(signer.jwk for signer in signers.values()))
    return one_local_issuer


@pytest.fixture
async def http():
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def mint(issuer, signers, clock):
    return Mint(issuer.address, clock.now, signers["ES256"])


@pytest.fixture
async def authenticator_of(issuer, http, clock):
    """An authenticator of the local issuer; keywords change that issuer's settings."""
    made = []

    def make(**changes):
        settings = AuthSettings(issuers=(IssuerSettings(issuer=issuer.address, **changes),))
        made.append(Authenticator(settings, http, None, clock))
        return made[-1]

    yield make
    for authenticator in made:
        await authenticator.aclose()


@pytest.fixture
def authenticator(authenticator_of):
    return authenticator_of()


@pytest.fixture(scope="session")
def session_issuer(signers):
    """One issuer for many tokens: nobody switches anything there."""
    local = LocalIssuer(
        *(signer.jwk for signer in signers.values()),
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"},
    )
    with running(local):
        yield local


@pytest.fixture(scope="session")
async def session_authenticator(session_issuer, session_mint):
    settings = AuthSettings(issuers=(IssuerSettings(issuer=session_issuer.address),))
    async with httpx2.AsyncClient(trust_env=False) as client:
        authenticator = Authenticator(settings, client, None, lambda: session_mint.now)
        yield authenticator
        await authenticator.aclose()


@pytest.fixture(scope="session")
def session_mint(session_issuer, signers):
    return Mint(session_issuer.address, 1_800_000_000.0, signers["ES256"])
