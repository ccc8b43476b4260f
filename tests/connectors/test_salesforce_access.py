"""Who we are to Salesforce, where it is, and what its refusals mean."""

import base64
import json
from urllib.parse import parse_qsl

import pytest

from connectors.base import Call, Key, SourceSettings
from connectors.errors import (
    BadPayload,
    QuotaExhausted,
    RateLimited,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.runtime.budget import Budget
from connectors.salesforce.org import is_believed
from connectors.vendors.salesforce import Salesforce
from tests.connectors.example import SECRET
from tests.connectors.test_salesforce import ADA, OPTIONS, a_row, refused, token_for
from tests.support.scripted_http import json_of


@pytest.fixture(autouse=True)
def tokens(crm):
    crm.aside = token_for
    yield
    crm.aside = None


@pytest.fixture
async def fetch(crm, http):
    salesforce = Salesforce(SourceSettings("sf", crm.url, SECRET, OPTIONS))

    async def _fetch(keys):
        return await salesforce.fetch(Call(http, Budget(5.0)), "Contact", keys, ["Title"])

    return _fetch


ERRORS = {
    "a session that is over": (refused("INVALID_SESSION_ID", status=401), Unauthorized, 2),
    "the requests of a day": (
        refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403),
        QuotaExhausted,
        1,
    ),
    "an object that isn't there": (refused("INVALID_TYPE"), WrongSettings, 1),
    "an object that isn't there, by status": (refused("NOT_FOUND", status=404), WrongSettings, 1),
    "a query that makes no sense": (refused("MALFORMED_QUERY"), BadPayload, 1),
    "a field nobody names": (refused("INVALID_FIELD", "'ada@x.example'"), BadPayload, 1),
    "a server that sheds load": (refused("SERVER_UNAVAILABLE", status=503), Unavailable, 3),
    "a record that somebody holds": (refused("UNABLE_TO_LOCK_ROW"), Unavailable, 3),
    "two long requests": (
        refused("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", 403),
        RateLimited,
        3,
    ),
}


@pytest.mark.parametrize("trouble", ERRORS)
async def test_a_refusal_is_judged_by_its_body(fetch, crm, trouble):
    answer, error_class, requests = ERRORS[trouble]
    crm.play(answer)

    with pytest.raises(error_class) as raised:
        await fetch([Key("id", ADA)])

    assert type(raised.value) is error_class
    assert len(crm.received) == requests
    assert "ada@" not in str(raised.value)


async def test_a_session_that_is_over_is_renewed_once_and_nobody_notices(fetch, crm):
    crm.play(refused("INVALID_SESSION_ID", status=401), json_of([a_row(ADA)]))

    outcomes = await fetch([Key("id", ADA)])

    assert outcomes[Key("id", ADA)].id == ADA


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("https://acme.my.salesforce.com", True),
        ("https://acme--uat.sandbox.my.salesforce.com/", True),
        ("https://acme.my.salesforce.com:444", False),
        ("https://evil.example", False),
        ("https://salesforce.com.evil.example", False),
        ("https://evilsalesforce.com", False),
        ("http://acme.my.salesforce.com", False),
        ("https://a@acme.my.salesforce.com", False),
        ("https://acme.my.salesforce.com/path", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_an_address_of_salesforce_is_taken_from_an_answer(told, believed):
    assert is_believed(told, "https://login.salesforce.com") is believed


async def test_an_address_in_an_answer_is_not_taken_where_ours_is_not_salesforce_s(fetch, crm):
    crm.aside = lambda received: token_for(received, instance_url="https://acme.my.salesforce.com")
    crm.play(json_of([a_row(ADA)]))

    outcomes = await fetch([Key("id", ADA)])

    assert outcomes[Key("id", ADA)].id == ADA


async def test_the_client_shows_its_secret_for_a_token(fetch, crm):
    crm.aside = None
    crm.play(json_of({"access_token": "t-1"}), json_of([a_row(ADA)]))

    await fetch([Key("id", ADA)])

    asked = crm.received[0]
    assert (asked.method, asked.target) == ("POST", "/services/oauth2/token")
    assert dict(parse_qsl(asked.body.decode())) == {
        "grant_type": "client_credentials",
        "client_id": "client-1",
        "client_secret": SECRET,
    }
    assert crm.received[1].headers["authorization"] == "Bearer t-1"


async def test_a_user_is_signed_for_where_one_is_named(crm, http, rsa_key):
    options = {"client_id": "client-1", "user": "gateway@acme.example"}
    salesforce = Salesforce(SourceSettings("sf", crm.url, rsa_key, options))
    crm.aside = None
    crm.play(json_of({"access_token": "t-1"}), json_of({}))

    await salesforce.ping(Call(http, Budget(5.0)))

    form = dict(parse_qsl(crm.received[0].body.decode()))
    claims = form["assertion"].split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (said["iss"], said["sub"]) == ("client-1", "gateway@acme.example")
    assert said["aud"] == "https://login.salesforce.com"
    assert crm.received[1].target == "/services/data/v67.0/"


@pytest.mark.parametrize(
    ("secret", "options", "told"),
    [
        (SECRET, {}, "sf: the option `client_id` is missing"),
        ("", OPTIONS, "sf: the secret of the client is missing"),
        ("no key", OPTIONS | {"user": "u"}, "sf: the secret must be an RSA private key"),
        (SECRET, OPTIONS | {"api_version": "v67"}, "sf: the option `api_version` is a number"),
        (SECRET, OPTIONS | {"token_url": "/token"}, "sf: the option `token_url` must be https"),
        (SECRET, OPTIONS | {"usr": "u"}, "sf: no such option: `usr`; did you mean `user`?"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_start(secret, options, told):
    with pytest.raises(WrongSettings) as raised:
        Salesforce(SourceSettings("sf", "https://acme.my.salesforce.com", secret, options))

    assert str(raised.value).startswith(told)
