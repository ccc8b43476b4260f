import json
import stat
import subprocess
import sys

import pytest

from app.auth.authenticator import Authenticator
from app.auth.development import DevelopmentIssuer
from app.auth.errors import Unauthenticated
from app.auth.settings import AuthSettings, IssuerSettings
from app.keys import SecretUnusable
from policies.principal import Principal
from tests.app.auth.mint import Mint, Signer, an_elliptic_signer

PRINT_KEY_ID = """
import pathlib, sys
from app.auth.development import DevelopmentIssuer
print("ready", flush=True)
sys.stdin.readline()
print(DevelopmentIssuer.load_or_create(pathlib.Path(sys.argv[1])).kid)
"""


@pytest.fixture
def development(tmp_path, clock):
    return DevelopmentIssuer.load_or_create(tmp_path / "data", clock)


@pytest.fixture
def local(development, http, clock):
    return Authenticator(AuthSettings(), http, development, clock)


async def test_its_token_says_what_it_was_made_for(local, development, clock):
    token = development.token(
        ["reviewer", "agent"], "acme", subject="ada", lifetime_s=60, second_factor=True
    )

    principal = await local.principal(f"Bearer {token}")

    assert principal == Principal(
        "acme",
        "ada",
        frozenset({"agent", "reviewer"}),
        has_second_factor=True,
        client="development",
        authenticated_at=int(clock()),
    )


async def test_its_token_has_no_second_factor_unless_asked_for(local, development):
    principal = await local.principal("Bearer " + development.token(["admin"], "acme"))

    assert not principal.has_second_factor


async def test_its_token_ends(local, development, clock):
    token = development.token(["agent"], "acme", lifetime_s=10)
    clock.now += 41

    with pytest.raises(Unauthenticated, match="has expired"):
        await local.principal(f"Bearer {token}")


async def test_its_tokens_need_no_network(development, clock, http):
    await http.aclose()
    authenticator = Authenticator(AuthSettings(), http, development, clock)

    assert await authenticator.principal("Bearer " + development.token(["agent"], "acme"))
    await authenticator.aclose()


async def test_its_tokens_are_refused_where_the_settings_say_so(development, clock, http):
    authenticator = Authenticator(AuthSettings(development=False), http, development, clock)

    with pytest.raises(Unauthenticated, match="issuer isn't one of ours"):
        await authenticator.principal("Bearer " + development.token(["agent"], "acme"))


async def test_another_machines_development_token_is_refused(local, tmp_path, clock):
    other = DevelopmentIssuer.load_or_create(tmp_path / "other", clock)

    with pytest.raises(Unauthenticated, match="isn't one of its issuer's"):
        await local.principal("Bearer " + other.token(["admin"], "acme"))


async def test_a_forged_development_token_is_refused(local, development, clock):
    forger = Signer(development.kid, "ES256", an_elliptic_signer().key)
    mint = Mint("urn:profile-gateway:development", clock.now, forger)

    with pytest.raises(Unauthenticated, match="signature doesn't hold"):
        await local.principal(mint.bearer())


async def test_a_configured_issuer_cannot_speak_for_the_development_issuer(
    issuer, development, clock, http, signers
):
    settings = AuthSettings(issuers=(IssuerSettings(issuer=issuer.address),))
    authenticator = Authenticator(settings, http, development, clock)
    mint = Mint("urn:profile-gateway:development", clock.now, signers["ES256"])

    with pytest.raises(Unauthenticated, match="isn't one of its issuer's"):
        await authenticator.principal(mint.bearer())

    assert issuer.key_set_fetches == 0


def test_its_key_is_made_once_and_read_by_its_owner_alone(tmp_path):
    first = DevelopmentIssuer.load_or_create(tmp_path / "data")
    second = DevelopmentIssuer.load_or_create(tmp_path / "data")
    keys = tmp_path / "data" / "keys"

    assert first.kid == second.kid
    assert [path.name for path in keys.iterdir()] == ["development-issuer.pem"]
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert stat.S_IMODE((keys / "development-issuer.pem").stat().st_mode) == 0o600


def test_processes_that_start_together_share_one_key(tmp_path):
    command = [sys.executable, "-c", PRINT_KEY_ID, str(tmp_path / "data")]
    pipe = subprocess.PIPE
    starting = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    for process in starting:
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        process.stdin.write("\n")
        process.stdin.flush()

    key_ids = [process.communicate(timeout=30)[0] for process in starting]

    assert len(set(key_ids)) == 1
    assert key_ids[0].strip() == DevelopmentIssuer.load_or_create(tmp_path / "data").kid
    assert [path.name for path in (tmp_path / "data" / "keys").iterdir()] == [
        "development-issuer.pem"
    ]


@pytest.mark.parametrize("content", ["", "secret", "-----BEGIN PRIVATE KEY-----\nsecret\n"])
def test_a_spoilt_key_file_is_named_and_not_shown(tmp_path, content):
    DevelopmentIssuer.load_or_create(tmp_path)
    (tmp_path / "keys" / "development-issuer.pem").write_text(content)

    with pytest.raises(SecretUnusable) as trouble:
        DevelopmentIssuer.load_or_create(tmp_path)

    assert str(trouble.value) == (
        "auth.development: the secret in development-issuer.pem isn't an EC key."
    )


@pytest.mark.parametrize("tenant", ["", "Acme", "acme/globex", "acme\n", "a" * 64])
def test_a_token_for_no_tenant_is_not_made(development, tenant):
    with pytest.raises(ValueError, match="lower case letters"):
        development.token(["agent"], tenant)


def test_a_token_that_lives_no_second_is_not_made(development):
    with pytest.raises(ValueError, match="longer than 0 seconds"):
        development.token(["agent"], "acme", lifetime_s=0)


def test_its_private_key_does_not_show(development):
    shown = json.dumps([repr(development), repr(development.settings), str(vars(development))])

    assert "PRIVATE" not in shown
    assert not development.public_key.is_private
