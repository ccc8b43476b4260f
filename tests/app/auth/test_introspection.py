"""Opaque tokens: what their issuer is asked, how often, and what is believed of its answers."""

import asyncio
import base64
import gzip
import json
from urllib.parse import parse_qs

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.authenticator import Authenticator
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.settings import AuthSettings, IntrospectionSettings, IssuerSettings
from policies.principal import Principal
from tests.app.auth.mint import ABSENT, without_absent
from tests.app.auth.waiting import until
from tests.support.scripted_http import (
    body,
    broken_json,
    drip,
    endless,
    gibberish,
    gzip_bomb,
    hang,
    html,
    json_of,
    long_json,
    replied,
    reset,
    scripted_server,
    status,
    truncated,
)

TOKEN = "Zq7canary.opaque"
ADA = Principal("acme", "ada", frozenset({"agent"}), client="desk", scopes=frozenset({"read"}))


@pytest.fixture
async def asked():
    """The issuer's server."""
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def of(asked, http, clock):
    """An authenticator whose issuer is the scripted server; keywords are of its introspection."""
    made = []

    def make(**changes):
        own = {"uri": f"{asked.url}/introspect", "client_id": "gate way", "client_secret": "env:X"}
        issuer = IssuerSettings(
            issuer=asked.url, introspection=IntrospectionSettings(**own | changes)
        )
        made.append(
            Authenticator(
                AuthSettings(issuers=(issuer,)), http, None, clock, secrets={asked.url: "s:cret+"}
            )
        )
        return made[-1]

    yield make
    for authenticator in made:
        await authenticator.aclose()


@pytest.fixture
def claims(asked, clock):
    """An answer that is right but for what is given."""

    def make(**changes):
        now = int(clock.now)
        usual = {
            "active": True,
            "iss": asked.url,
            "aud": "profile-gateway",
            "sub": "ada",
            "iat": now,
            "exp": now + 600,
            "tenant": "acme",
            "roles": ["agent"],
            "client_id": "desk",
            "scope": "read",
        }
        return without_absent(usual | changes)

    return make


async def ask(authenticator, token=TOKEN):
    return await authenticator.principal(f"Bearer {token}")


async def test_the_issuer_is_asked_by_a_form_with_our_own_credentials(asked, of, claims):
    asked.play(json_of(claims()))

    principal = await ask(of())

    request = asked.received[0]
    assert principal == ADA
    assert (len(asked.received), request.method, request.target) == (1, "POST", "/introspect")
    assert parse_qs(request.body.decode()) == {
        "token": [TOKEN],
        "token_type_hint": ["access_token"],
    }
    scheme, _, credentials = request.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(credentials)) == ("Basic", b"gate+way:s%3Acret%2B")


async def test_the_address_is_discovered_where_it_is_not_set(asked, of, claims):
    def reply(received):
        if received.path == "/.well-known/openid-configuration":
            return {"issuer": asked.url, "introspection_endpoint": f"{asked.url}/found"}
        return claims()

    asked.play(replied(reply))
    authenticator = of(uri=None)

    await ask(authenticator, "one")
    await ask(authenticator, "two")

    paths = [received.path for received in asked.received]
    assert paths == ["/.well-known/openid-configuration", "/found", "/found"]


async def test_twenty_requests_with_one_token_are_one_question_in_half_a_minute(
    asked, of, claims, clock
):
    asked.play(json_of(claims()))
    authenticator = of()

    together = await asyncio.gather(*(ask(authenticator) for _ in range(20)))
    clock.now += 29.9
    await ask(authenticator)
    in_half_a_minute = len(asked.received)
    clock.now += 0.1
    await ask(authenticator)

    assert together == [ADA] * 20
    assert (in_half_a_minute, len(asked.received)) == (1, 2)


async def test_an_answer_is_not_remembered_for_longer_than_its_token_lives(
    asked, of, claims, clock
):
    asked.play(json_of(claims(exp=int(clock.now) + 10)), json_of({"active": False}))
    authenticator = of()
    await ask(authenticator)

    clock.now += 10

    with pytest.raises(Unauthenticated, match="isn't active"):
        await ask(authenticator)


async def test_that_a_token_is_not_active_is_remembered_for_five_seconds(asked, of, claims, clock):
    asked.play(json_of({"active": False}))
    authenticator = of()
    for _ in range(10):
        with pytest.raises(Unauthenticated, match="isn't active"):
            await ask(authenticator)
    clock.now += 4.9
    with pytest.raises(Unauthenticated):
        await ask(authenticator)
    in_five_seconds = len(asked.received)

    asked.play(json_of(claims()))
    clock.now += 0.1

    assert in_five_seconds == 1
    assert await ask(authenticator) == ADA


async def test_a_thousand_invented_tokens_do_not_push_out_one_that_is_good(
    asked, of, claims, monkeypatch
):
    monkeypatch.setattr("app.auth.introspection._MAX_INACTIVE", 10)
    asked.play(json_of(claims()), json_of({"active": False}))
    authenticator = of()
    await ask(authenticator)
    for number in range(1000):
        with pytest.raises(Unauthenticated):
            await ask(authenticator, f"invented-{number}")

    assert await ask(authenticator) == ADA
    assert len(asked.received) == 1001


async def test_sixteen_questions_are_under_way_at_most_and_nobody_waits_for_ever(
    asked, of, monkeypatch, caplog
):
    monkeypatch.setattr("app.auth.introspection._DEADLINE_S", 1.0)
    asked.play(hang)
    authenticator = of()
    waiting = [asyncio.create_task(ask(authenticator, f"token-{number}")) for number in range(40)]
    await until(lambda: len(asked.received) >= 16)
    await asyncio.sleep(0.2)
    under_way = len(asked.received)

    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert under_way == 16
    assert {type(answer) for answer in answers} == {KeySetUnavailable}
    assert caplog.messages == [f"{asked.url} doesn't tell about a token: TimeoutError"]


async def test_a_first_requester_that_leaves_harms_nobody(asked, of, claims):
    may_answer = asyncio.Event()

    async def later(exchange):
        await may_answer.wait()
        await json_of(claims())(exchange)

    asked.play(later)
    authenticator = of()
    first = asyncio.create_task(ask(authenticator))
    await until(lambda: asked.received)
    others = [asyncio.create_task(ask(authenticator)) for _ in range(5)]
    await asyncio.sleep(0)

    first.cancel()
    may_answer.set()

    assert await asyncio.gather(*others) == [ADA] * 5
    assert len(asked.received) == 1


async def test_closing_ends_a_question_that_is_under_way(asked, of):
    asked.play(hang)
    authenticator = of()
    only = asyncio.create_task(ask(authenticator))
    await until(lambda: asked.received)

    await authenticator.aclose()

    with pytest.raises(asyncio.CancelledError):
        await only


INACTIVE = [
    ("another issuer", {"iss": "https://login.example.com"}, "iss isn't acceptable"),
    ("no issuer", {"iss": ABSENT}, "lacks iss"),
    ("another audience", {"aud": "billing"}, "aud isn't acceptable"),
    ("no audience", {"aud": ABSENT}, "lacks aud"),
    ("no subject", {"sub": ABSENT}, "lacks sub"),
    ("no end", {"exp": ABSENT}, "lacks exp"),
    ("an end as text", {"exp": "9999999999"}, "exp isn't an instant"),
    ("an end long ago", {"exp": 1, "iat": 0}, "has expired"),
    ("no beginning", {"iat": ABSENT}, "lacks iat"),
    ("a beginning long ago", {"iat": 0}, "lifetime isn't acceptable"),
    ("a subject that is a list", {"sub": ["ada"]}, "sub isn't acceptable"),
    ("a tenant that is a query", {"tenant": {"$ne": None}}, "tenant isn't a tenant name"),
    ("roles that are an object", {"roles": {"admin": True}}, "roles aren't a list"),
    ("a binding that can't be checked", {"cnf": {"jkt": "x"}}, "something that can't be checked"),
]


@pytest.mark.parametrize(("what", "changes", "reason"), INACTIVE, ids=[row[0] for row in INACTIVE])
async def test_claims_are_held_to_the_rules_of_signed_tokens(
    asked, of, claims, what, changes, reason
):
    asked.play(json_of(claims(**changes)))

    with pytest.raises(Unauthenticated, match=reason) as refusal:
        await ask(of())

    assert type(refusal.value) is Unauthenticated, what
    assert "canary" not in str(refusal.value)


def _active(value: object):
    def make(claims):
        return json_of(claims(active=value))

    return make


def _fixed(answer):
    return lambda _: answer


HOSTILE = {
    "active as text": _active("true"),
    "active as a number": _active(1),
    "active null": _active(None),
    "active a list": _active([True]),
    "no active": _active(ABSENT),
    "a list": _fixed(json_of([{"active": True}])),
    "a text": _fixed(json_of("active")),
    "a page": _fixed(html()),
    "half a JSON": _fixed(broken_json()),
    "NaN": _fixed(body(b'{"active": true, "exp": NaN}')),
    "too long": _fixed(long_json(100_001)),
    "too long without saying so": _fixed(endless),
    "compressed": lambda claims: body(
        gzip.compress(json.dumps(claims()).encode()), headers={"Content-Encoding": "gzip"}
    ),
    "a bomb": _fixed(gzip_bomb()),
    "a redirect": _fixed(status(302, Location="/elsewhere")),
    "a redirect that keeps the form": _fixed(status(307, Location="/elsewhere")),
    "201": lambda claims: body(json.dumps(claims()).encode(), status=201),
    "our credentials refused": _fixed(status(401)),
    "refused": _fixed(status(403)),
    "too often": _fixed(status(429, Retry_After="1")),
    "an error": _fixed(status(500)),
    "silence": _fixed(hang),
    "a byte now and then": _fixed(drip),
    "a broken connection": _fixed(reset),
    "half an answer": _fixed(truncated),
    "gibberish": _fixed(gibberish),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_an_answer_that_is_none_refuses_and_asks_to_come_again(
    asked, of, claims, what, monkeypatch, caplog
):
    monkeypatch.setattr("app.auth.introspection._DEADLINE_S", 0.3)
    asked.play(HOSTILE[what](claims))

    with pytest.raises(KeySetUnavailable) as refusal:
        await ask(of())

    assert refusal.value.reason == "The token can't be checked now: its issuer doesn't answer."
    assert len(asked.received) == 1
    assert "canary" not in caplog.text
    assert "cret" not in caplog.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["active", "iss", "aud", "sub", "exp", "cnf", "roles", "scope", "amr"]),
    value=json_values,
)
async def test_any_value_anywhere_in_an_answer_is_accepted_or_refused_and_nothing_else(
    asked, of, claims, name, value
):
    asked.play(json_of(claims(**{name: value})))
    try:
        found = await ask(of())
    except Unauthenticated as refusal:
        found = refusal

    assert isinstance(found, Principal | Unauthenticated)
    assert not isinstance(found, Principal) or name != "active" or value is True


async def test_a_token_is_shown_to_the_issuer_of_its_prefix_alone(clock, http):
    async with scripted_server() as one, scripted_server() as other:
        servers = {"one_": one, "other_": other}
        issuers = tuple(
            IssuerSettings(
                issuer=server.url,
                introspection=IntrospectionSettings(
                    uri=server.url, client_id="x", client_secret="env:X", prefix=prefix
                ),
            )
            for prefix, server in servers.items()
        )
        secrets = {server.url: "secret" for server in servers.values()}
        for server in servers.values():
            server.play(json_of({"active": False}))
        authenticator = Authenticator(
            AuthSettings(issuers=issuers), http, None, clock, secrets=secrets
        )

        for token in ("other_abc", "stranger_abc", "on", "cpg_abc"):
            with pytest.raises(Unauthenticated):
                await ask(authenticator, token)

        assert (len(one.received), len(other.received)) == (0, 1)


async def test_without_introspection_nobody_is_asked_about_an_opaque_token(clock):
    async with httpx2.AsyncClient(trust_env=False) as http:
        settings = AuthSettings(issuers=(IssuerSettings(issuer="https://login.example.com"),))

        with pytest.raises(Unauthenticated, match="isn't a signed JSON Web Token"):
            await ask(Authenticator(settings, http, None, clock))
