import asyncio
import logging
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import RSAKey

from connectors.base import Call
from connectors.errors import RateLimited, Timeout, Unauthorized, Unavailable, WrongSettings
from connectors.runtime.budget import Budget
from connectors.runtime.call import Request, ask
from connectors.runtime.oauth import ClientCredentials, JwtBearer, RefreshToken, TokenAuth
from tests.support.scripted_http import body, hang, html, json_of, replied, reset, status

SECRET = "client-secret-9d1f"
GRANT = ClientCredentials("client-1", SECRET, "crm.read")


class Clock:
    def __init__(self):
        self.now_s = 1_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def auth(crm, clock):
    return TokenAuth("crm", f"{crm.url}/token", GRANT, clock=clock)


def call_with(http, seconds=5.0):
    return Call(http, Budget(seconds))


def token(value="token-1", **more):
    return json_of({"access_token": value, "token_type": "Bearer", **more})


def refused(error, code=400):
    return body(b'{"error": "%s", "error_description": "x"}' % error.encode(), status=code)


async def test_a_token_is_asked_for_by_a_form_and_sent_as_a_bearer(auth, crm, http):
    crm.play(token())

    headers = await auth.headers(call_with(http))

    assert headers == {"Authorization": "Bearer token-1"}
    [received] = crm.received
    assert (received.method, received.target) == ("POST", "/token")
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.body == (
        b"grant_type=client_credentials&client_id=client-1"
        b"&client_secret=client-secret-9d1f&scope=crm.read"
    )


async def test_what_else_the_answer_says_in_texts_can_be_read(auth, crm, http):
    crm.play(token(instance_url="https://one.example", issued_at="1", count=4))

    said = (await auth.token(call_with(http))).said

    assert (said["instance_url"], "count" in said) == ("https://one.example", False)


async def test_a_refresh_token_stands_for_somebody_who_allowed_it(crm, http):
    crm.play(token())
    auth = TokenAuth("crm", crm.url, RefreshToken("client-1", SECRET, "refresh-1"))

    await auth.token(call_with(http))

    assert crm.received[0].body == (
        b"grant_type=refresh_token&client_id=client-1"
        b"&client_secret=client-secret-9d1f&refresh_token=refresh-1"
    )


async def test_an_assertion_is_signed_for_three_minutes_and_never_twice_the_same(crm, http):
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    grant = JwtBearer("crm", pem_of(key), issuer="client-1", subject="ada", audience="https://a")
    crm.play(token())
    auth = TokenAuth("crm", crm.url, grant, now=lambda: 1_800_000_000.5)

    await auth.token(call_with(http))
    again = grant.form(0.0)["assertion"]

    fields = dict(pair.split("=") for pair in crm.received[0].body.decode().split("&"))
    assert fields["grant_type"] == "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
    read = jwt.decode(fields["assertion"], RSAKey.import_key(public), ["RS256"])
    others = jwt.decode(again, RSAKey.import_key(public), ["RS256"]).claims
    assert read.header["alg"] == "RS256"
    assert read.claims["jti"] != others["jti"]
    assert read.claims | {"jti": 0} == {
        "iss": "client-1",
        "sub": "ada",
        "aud": "https://a",
        "exp": 1_800_000_180,
        "jti": 0,
    }


def pem_of(key, encryption=None):
    held = encryption or NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, held).decode()


@pytest.mark.parametrize(
    "make",
    [
        lambda: "not a key",
        lambda: "",
        lambda: pem_of(ec.generate_private_key(ec.SECP256R1())),
        lambda: pem_of(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - that is the case
        lambda: pem_of(rsa.generate_private_key(65537, 2048), BestAvailableEncryption(b"x")),
        lambda: (
            rsa.generate_private_key(65537, 2048)
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode()
        ),
    ],
    ids=["text", "nothing", "not RSA", "too short", "locked", "public"],
)
def test_a_key_that_cannot_sign_is_refused_without_being_quoted(make):
    text = make()

    with pytest.raises(WrongSettings) as raised:
        JwtBearer("crm", text, issuer="i", subject="s", audience="a")

    told = "crm: the secret must be an RSA private key of at least 2048 bits, as PEM"
    assert str(raised.value) == told
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("told", "used_until_s", "asked_again_s"),
    [
        (3600, 3539.0, 3540.0),
        ("3600", 3539.0, 3540.0),
        (100, 49.0, 50.0),
        (None, 1e9, None),
    ],
)
async def test_a_token_is_kept_until_a_minute_before_its_end(
    auth, crm, http, clock, told, used_until_s, asked_again_s
):
    crm.play(token("token-1", expires_in=told), token("token-2"))
    await auth.token(call_with(http))

    clock.now_s = 1_000 + used_until_s
    assert (await auth.token(call_with(http))).value == "token-1"
    if asked_again_s is not None:
        clock.now_s = 1_000 + asked_again_s
        assert (await auth.token(call_with(http))).value == "token-2"


async def test_a_hundred_requests_ask_for_one_token(auth, crm, http):
    crm.play(token())

    given = await asyncio.gather(*(auth.headers(call_with(http)) for _ in range(100)))

    assert given == [{"Authorization": "Bearer token-1"}] * 100
    assert len(crm.received) == 1


async def test_who_asked_first_may_go_away_and_nobody_notices(auth, crm, http):
    crm.play(slow(token()))
    leader = asyncio.create_task(auth.token(call_with(http)))
    await asyncio.wait_for(crm.asked.wait(), 5)
    others = [asyncio.create_task(auth.token(call_with(http))) for _ in range(20)]
    await asyncio.sleep(0)

    leader.cancel()
    given = await asyncio.gather(*others)

    assert leader.cancelled() or leader.cancelling()
    assert {one.value for one in given} == {"token-1"}
    assert len(crm.received) == 1


def slow(answer, seconds=0.05):
    async def _slow(exchange):
        await asyncio.sleep(seconds)
        await answer(exchange)

    return _slow


async def test_who_has_no_time_stops_waiting_and_the_next_gets_the_token(auth, crm, http):
    crm.play(slow(token(), 0.2))

    with pytest.raises(Timeout, match="crm: no token within the time left"):
        await auth.token(call_with(http, 0.05))

    assert (await auth.token(call_with(http))).value == "token-1"
    assert len(crm.received) == 1


async def test_a_failure_is_not_kept(auth, crm, http):
    crm.play(status(503), token())

    with pytest.raises(Unavailable):
        await auth.token(call_with(http))

    assert (await auth.token(call_with(http))).value == "token-1"


FAILURES = {
    "wrong credentials": (refused("invalid_client", 401), Unauthorized),
    "a user who may not": (refused("invalid_grant"), Unauthorized),
    "a refusal without words": (status(400), Unauthorized),
    "a forbidden endpoint": (status(403), Unauthorized),
    "a scope that isn't one": (refused("invalid_scope"), WrongSettings),
    "a grant that isn't taken": (refused("unsupported_grant_type"), WrongSettings),
    "an endpoint that isn't there": (status(404), WrongSettings),
    "a redirect": (status(302, Location="https://elsewhere.example"), WrongSettings),
    "a passing failure": (refused("temporarily_unavailable"), Unavailable),
    "an outage": (status(503), Unavailable),
    "too many requests": (status(429, Retry_After="7"), RateLimited),
    "a broken connection": (reset, Unavailable),
    "a page": (html(), Unavailable),
    "no token": (json_of({"token_type": "Bearer"}), Unavailable),
    "a token of two lines": (token("a\nb"), Unavailable),
    "a token of another type": (token(token_type="mac"), Unavailable),
    "an end that isn't one": (token(expires_in="soon"), Unavailable),
    "an end before now": (token(expires_in=-5), Unavailable),
    "a list": (json_of([1]), Unavailable),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_every_failure_of_the_endpoint_has_its_error_and_shows_no_secret(
    auth, crm, http, failure, caplog
):
    answer, error_class = FAILURES[failure]
    crm.play(answer)

    with caplog.at_level(logging.DEBUG), pytest.raises(error_class) as raised:
        await auth.token(call_with(http))

    told = "".join(traceback.format_exception(raised.value)) + repr(auth) + caplog.text
    assert type(raised.value) is error_class
    assert len(crm.received) == 1
    assert SECRET not in told
    assert "elsewhere" not in told


async def test_neither_grants_nor_tokens_show_what_they_hold(auth, crm, http):
    crm.play(token("token-1", refresh_token="refresh-1"))

    shown = repr([GRANT, RefreshToken("c", SECRET, "refresh-1"), await auth.token(call_with(http))])

    for hidden in (SECRET, "refresh-1", "token-1"):
        assert hidden not in shown


class Api:
    """Answers for tokens and for an API that takes only the tokens in `good`."""

    def __init__(self, good):
        self.good, self.given = good, 0

    async def __call__(self, exchange):
        received = exchange.received
        if received.path == "/token":
            self.given += 1
            await token(f"token-{self.given}")(exchange)
        elif received.headers["authorization"].removeprefix("Bearer ") in self.good:
            await json_of({"fine": True})(exchange)
        else:
            await status(401)(exchange)


async def test_a_token_that_is_refused_is_renewed_once_for_all_who_had_it(auth, crm, http, clock):
    api = Api({"token-1"})
    crm.play(api)
    request = Request("GET", f"{crm.url}/things", auth=auth)
    await ask("crm", call_with(http), request)
    api.good, clock.now_s = {"token-2"}, 2_000.0

    answers = await asyncio.gather(*(ask("crm", call_with(http), request) for _ in range(30)))

    assert answers == [{"fine": True}] * 30
    assert api.given == 2


async def test_refusals_that_no_token_mends_cost_one_token_in_five_seconds(auth, crm, http, clock):
    api = Api(set())
    crm.play(api)
    request = Request("GET", f"{crm.url}/things", auth=auth)

    for after_s, tokens in [(0.0, 2), (1.0, 2), (4.9, 2), (5.1, 3)]:
        clock.now_s = 1_000 + after_s
        with pytest.raises(Unauthorized):
            await ask("crm", call_with(http), request)
        assert api.given == tokens


async def test_who_is_refused_by_the_endpoint_does_not_ask_it_again_at_once(auth, crm, http):
    crm.play(refused("invalid_client", 401))

    with pytest.raises(Unauthorized, match="the token endpoint refuses our credentials"):
        await ask("crm", call_with(http), Request("GET", f"{crm.url}/things", auth=auth))

    assert [received.path for received in crm.received] == ["/token"]


async def test_a_passing_failure_of_the_endpoint_is_not_noticed(auth, crm, http):
    crm.play(status(503), token(), json_of({"fine": True}))

    answer = await ask("crm", call_with(http), Request("GET", f"{crm.url}/things", auth=auth))

    assert answer == {"fine": True}


async def test_an_endpoint_that_hangs_costs_no_more_than_the_budget(auth, crm, http):
    crm.play(hang)
    patience = Budget(10.0)

    request = Request("GET", f"{crm.url}/things", auth=auth)
    with pytest.raises(Timeout):
        await ask("crm", call_with(http, 0.2), request)

    assert patience.remaining_s() > 8.0


async def test_a_token_lives_from_when_it_was_asked_for(auth, crm, http, clock):
    def given(_):
        clock.now_s += 30
        return {"access_token": f"token-{clock.now_s}", "expires_in": 3600}

    crm.play(replied(given))
    first = await auth.token(call_with(http))
    clock.now_s = 1_000 + 3_540

    assert (await auth.token(call_with(http))) != first
