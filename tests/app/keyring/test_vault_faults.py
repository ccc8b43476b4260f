"""Servers that fail, hang or aren't Vault: told in time, by the setting, and without a secret."""

import logging
from contextlib import asynccontextmanager

import pytest

from app.keyring.errors import KeyDamaged, RootKeyMissing, RootKeyRefused, RootKeyUnavailable
from app.keys import KeyTrouble, SecretMissing, SecretUnusable
from tests.app.keyring.telling import SECRETS, told
from tests.support import scripted_http
from tests.support.transit import ROOT_TOKEN


@asynccontextmanager
async def playing(*answers):
    async with scripted_http.scripted_server() as server:
        server.play(*answers)
        yield server


def redirect():
    return scripted_http.status(307, Location="http://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize(
    ("answer", "trouble", "sentence"),
    [
        (scripted_http.hang, RootKeyUnavailable, "keys.vault: no answer within 0.3 s."),
        (scripted_http.drip, RootKeyUnavailable, "keys.vault: no answer within 0.3 s."),
        (
            scripted_http.reset,
            RootKeyUnavailable,
            "keys.vault: the connection failed (",
        ),
        (
            scripted_http.gibberish,
            RootKeyUnavailable,
            "keys.vault: the connection failed (",
        ),
        (scripted_http.endless, RootKeyUnavailable, "keys.vault: the answer is too long."),
        (scripted_http.html(), RootKeyUnavailable, "keys.vault: the answer isn't Vault's."),
        (scripted_http.json_of([]), RootKeyUnavailable, "keys.vault: the answer isn't Vault's."),
        (
            scripted_http.json_of({"data": {"type": "aes256-gcm96"}}),
            RootKeyUnavailable,
            "keys.vault: the answer isn't Vault's.",
        ),
        (
            scripted_http.status(500),
            RootKeyUnavailable,
            "keys.vault: Vault can't answer now (500).",
        ),
        (
            scripted_http.status(473),
            RootKeyUnavailable,
            "keys.vault: Vault can't answer now (473).",
        ),
        (
            scripted_http.status(429),
            RootKeyUnavailable,
            "keys.vault: Vault can't answer now (429).",
        ),
        (
            redirect(),
            RootKeyRefused,
            "keys.vault.address: it leads elsewhere (307): name the active node.",
        ),
        (
            scripted_http.status(405),
            RootKeyRefused,
            "keys.vault.key: Vault refuses transit/keys/gateway (405).",
        ),
    ],
)
async def test_what_is_no_good_answer_is_told_in_time_and_never_repeated(
    opened, in_vault, caplog, answer, trouble, sentence
):
    caplog.set_level(logging.DEBUG)
    async with playing(answer) as server:
        vault = in_vault(address=server.url, timeout_s=0.3)
        assert (await told(trouble, opened(vault=vault))).startswith(sentence)

    assert [secret for secret in SECRETS if secret in caplog.text] == []


DESCRIBED = scripted_http.json_of({"data": {"type": "aes256-gcm96", "latest_version": 1}})
ENCRYPTED = scripted_http.json_of({"data": {"ciphertext": "vault:v1:AAAA"}})


@pytest.mark.parametrize(
    "last",
    [
        scripted_http.json_of({"data": {}}),
        scripted_http.json_of({"data": {"plaintext": "no base64"}}),
        scripted_http.json_of({"data": {"plaintext": None}}),
        scripted_http.json_of({"data": {"plaintext": "AAAA"}}),
        scripted_http.status(400),
    ],
)
async def test_a_server_that_only_looks_like_vault_is_found_out_at_the_start(
    opened, in_vault, last
):
    async with playing(DESCRIBED, ENCRYPTED, last) as server:
        assert await told(RootKeyUnavailable, opened(vault=in_vault(address=server.url))) == (
            "keys.vault: the answer isn't Vault's."
        )


async def test_a_server_that_wraps_nothing_is_found_out_at_the_start(opened, in_vault):
    async with playing(DESCRIBED, scripted_http.json_of({"data": {}})) as server:
        assert await told(RootKeyUnavailable, opened(vault=in_vault(address=server.url))) == (
            "keys.vault: the answer isn't Vault's."
        )


async def test_a_request_says_whose_it_is_and_asks_for_no_compression(opened, in_vault):
    async with playing(scripted_http.status(503)) as server:
        vault = in_vault(address=f"{server.url}/", namespace="team-a")
        await told(RootKeyUnavailable, opened(vault=vault))

        [received] = server.received
        names = ("x-vault-token", "x-vault-namespace", "x-vault-request", "accept-encoding")
        assert received.path == "/v1/transit/keys/gateway"
        assert [received.headers[name] for name in names] == [
            ROOT_TOKEN,
            "team-a",
            "true",
            "identity",
        ]


@pytest.mark.parametrize(
    ("token", "trouble", "why"),
    [
        ("", SecretMissing, "no secret found in the environment variable VAULT_TOKEN"),
        (f"{ROOT_TOKEN}é", SecretUnusable, "the secret must be one line of ASCII"),
        (f"{ROOT_TOKEN}\nX-Evil: 1", SecretUnusable, "the secret must be one line of ASCII"),
    ],
)
@pytest.mark.parametrize("setting", ["vault", "former_vault"])
async def test_a_token_that_cannot_serve_is_refused_at_the_start(
    opened, in_vault, local_root, monkeypatch, setting, token, trouble, why
):
    monkeypatch.setenv("VAULT_TOKEN", token)

    sentence = await told(trouble, opened(**{"root": local_root, setting: in_vault()}))

    assert sentence == f"keys.{setting}.token: {why}."


async def test_every_error_of_root_keys_is_told_to_the_operator_as_a_key_trouble():
    for error in (RootKeyMissing, RootKeyRefused, RootKeyUnavailable, KeyDamaged):
        assert issubclass(error, KeyTrouble)
