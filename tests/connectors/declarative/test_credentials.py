"""Who we are to a source: headers that stay, or tokens that are asked for."""

import base64
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.base import Call, SourceSettings
from connectors.declarative.connector import declared
from connectors.errors import Unauthorized, WrongSettings
from connectors.runtime.budget import Budget
from tests.connectors.declarative.files import SMALL, connector_of_text, document_of
from tests.connectors.example import SECRET
from tests.support.scripted_http import json_of, status

BEARER = 'auth: {bearer: "${secret}"}'
OPTIONS = "options: {user: Who}\n"
TOKENS = """
auth:
  client_credentials:
    token_url: /oauth/token
    client_id: ${options.user}
    client_secret: ${secret}
    scope: read
"""


def with_auth(text):
    return OPTIONS + SMALL.replace(BEARER, text)


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ('bearer: "${secret}"', "authorization", f"Bearer {SECRET}"),
        (
            'basic: {user: "${options.user}/token", password: "${secret}"}',
            "authorization",
            "Basic " + base64.b64encode(f"ada/token:{SECRET}".encode()).decode(),
        ),
        ('header: {name: X-Key, value: "k ${secret}"}', "x-key", f"k {SECRET}"),
    ],
)
async def test_every_request_says_who_we_are(auth, header, value, call, crm):
    crm.play(json_of({}))

    await connector_of_text(with_auth(f"auth: {{{auth}}}"), crm.url, {"user": "ada"}).ping(call)

    assert crm.received[0].headers[header] == value


@pytest.mark.parametrize("secret", ["", "two words", "a\r\nX-Evil: 1", "ü"])
def test_a_secret_that_can_not_stand_in_a_header_is_refused(secret, crm):
    acme = declared("acme", document_of(SMALL))

    with pytest.raises(WrongSettings) as raised:
        acme(SourceSettings("acme", crm.url, secret))

    assert not secret or secret not in str(raised.value)


def test_a_colon_in_a_user_s_name_is_refused(crm):
    auth = 'auth: {basic: {user: "${options.user}", password: "${secret}"}}'

    with pytest.raises(WrongSettings, match="colon"):
        connector_of_text(with_auth(auth), crm.url, {"user": "a:b"})


async def test_a_token_is_asked_for_once_and_anew_when_it_is_refused(call, crm):
    token = json_of({"access_token": "t-1", "token_type": "Bearer"})
    crm.play(token, json_of({}), status(401), json_of({"access_token": "t-2"}), json_of({}))
    acme = connector_of_text(with_auth(TOKENS), crm.url, {"user": "ada"})

    await acme.ping(call)
    await acme.ping(call)

    asked, *_ = crm.received
    assert (asked.method, asked.path) == ("POST", "/oauth/token")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["ada"],
        "client_secret": [SECRET],
        "scope": ["read"],
    }
    sent = [received.headers.get("authorization") for received in crm.received]
    assert sent == [None, "Bearer t-1", "Bearer t-1", None, "Bearer t-2"]


async def test_a_refused_client_is_unauthorized(call, crm):
    crm.play(status(401))

    with pytest.raises(Unauthorized):
        await connector_of_text(with_auth(TOKENS), crm.url, {"user": "ada"}).ping(call)


@pytest.mark.parametrize("url", ["http://login.example/token", "ftp://x", "login.example"])
def test_a_token_is_asked_for_at_an_https_address_or_below_the_source_s_own(url, crm):
    text = with_auth(TOKENS.replace("/oauth/token", url))

    with pytest.raises(WrongSettings, match="token_url"):
        connector_of_text(text, crm.url, {"user": "ada"})


async def test_an_assertion_is_signed_for_a_user(call, crm):
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    auth = """
auth:
  jwt_bearer:
    token_url: /oauth/token
    key: ${secret}
    issuer: gateway
    subject: ${options.user}
    audience: https://login.example
"""
    acme = declared("acme", document_of(with_auth(auth)))
    crm.play(json_of({"access_token": "t-1"}), json_of({}))

    await acme(SourceSettings("acme", crm.url, key.decode(), {"user": "ada"})).ping(call)

    form = parse_qs(crm.received[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert form["assertion"][0].count(".") == 2
    assert crm.received[1].headers["authorization"] == "Bearer t-1"
