"""Tokens of a real OpenID Connect provider, from its sign-in to a customer's name."""

import asyncio
import re
import time
from urllib.parse import quote

import pytest
import pytest_asyncio

from app.http.settings import HttpSettings
from tests.flow.signing_in import PEOPLE, TENANT, WHO, caller, gateway_of, shown
from tests.support.certificates import Authority
from tests.support.provider import OPAQUE, Asked, running_provider

MASKED, CLEAR = "•••• 0143", "+12025550143"
HEADER = "x-client-cert"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provider():
    async with running_provider(PEOPLE) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def signing(provider, document_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("signing")
    http = HttpSettings(trusted_proxies=("127.0.0.1",), client_certificate_header=HEADER)
    async with gateway_of(provider, document_server.uri, path, "signing_in", http=http) as gateway:
        yield gateway


@pytest.fixture
async def own(document_server, tmp_path, tenant):
    """Makes a provider and a gateway that no other test uses."""
    uri = document_server.uri
    async with (
        running_provider(PEOPLE) as its_provider,
        gateway_of(its_provider, uri, tmp_path, tenant) as its_gateway,
    ):
        yield its_provider, its_gateway


async def test_a_program_signs_in_with_its_own_credentials(provider, signing):
    token = await provider.client_credentials()

    answer = await caller(signing, token).ask(WHO)

    assert answer["data"]["viewer"] == {
        "subject": "robot",
        "tenant": TENANT,
        "roles": ["service"],
        "hasSecondFactor": False,
    }
    assert shown(answer) == ([CLEAR], [])


async def test_many_tokens_at_once_cost_the_provider_one_discovery_and_one_key_set(own):
    provider, gateway = own
    tokens = [await provider.client_credentials() for _ in range(8)]

    answers = await asyncio.gather(*(caller(gateway, token).ask(WHO) for token in tokens * 2))

    assert [shown(answer) for answer in answers] == [([CLEAR], [])] * 16
    assert await provider.asked() == Asked(discovery=1, keys=1, introspection=0)


async def test_people_see_what_their_role_may_see(provider, signing):
    agent, partner = [caller(signing, await provider.signed_in(one)) for one in ("ada", "pat")]

    seen, unknown = await agent.ask(WHO), await partner.ask(WHO)

    assert seen["data"]["viewer"]["subject"] == "ada"
    assert shown(seen) == ([MASKED], [])
    assert "data" not in unknown  # to partners there are no identities
    assert (await partner.data("{ viewer { subject } }"))["viewer"] == {"subject": "pat"}


async def test_a_person_of_another_tenant_does_not_know_the_customer(provider, signing):
    token = await provider.signed_in("eve")

    answer = await caller(signing, token).ask(WHO)

    assert answer["data"]["identify"] == {"profile": None}


async def test_who_needs_a_second_factor_is_told_which_and_gets_in_with_it(provider, signing):
    first = await provider.signed_in("sue")

    refused = await caller(signing, first).post(
        '{ identify(channel: VOICE, value: "1") { outcome } }'
    )
    challenge = refused.headers["www-authenticate"]
    wanted = re.search(r'acr_values="([^"]*)"', challenge)
    second = await provider.signed_in("sue", wanted[1])
    answer = await caller(signing, second).ask(WHO)

    assert refused.status_code == 401
    assert challenge == (
        'Bearer error="insufficient_user_authentication", acr_values="second-factor"'
    )
    assert refused.json()["errors"][0]["extensions"]["code"] == "STEP_UP_REQUIRED"
    assert answer["data"]["viewer"]["hasSecondFactor"] is True
    assert shown(answer) == ([CLEAR], [])


async def test_keys_rotate_while_the_gateway_runs(own, monkeypatch):
    monkeypatch.setattr("app.auth.key_sets._UNKNOWN_KEY_PAUSE_S", 0)
    provider, gateway = own
    old = await provider.client_credentials()
    known = [await _is_served(gateway, old)]
    await provider.add_key()
    new = [await provider.client_credentials() for _ in range(5)]
    await asyncio.gather(*(_is_served(gateway, token) for token in new))
    after_rotation = await provider.asked()

    known.append(await _is_served(gateway, old))
    await provider.keep_newest_key()
    await provider.add_key()
    newest = await provider.client_credentials()
    fresh = await _is_served(gateway, newest)
    late = [await _is_served(gateway, token) for token in (old, *new)]

    assert known == [True, True]
    assert after_rotation == Asked(discovery=1, keys=2, introspection=0)
    assert (fresh, late) == (True, [False] + [True] * 5)
    # The second one of these is for the old token, whose key nobody knows any more.
    assert (await provider.asked()).since(after_rotation) == Asked(0, 2, 0)


async def test_an_opaque_token_is_asked_about_once_and_works_as_a_signed_one(provider, signing):
    before = await provider.asked()
    token = await provider.signed_in("ada", resource=OPAQUE)

    answers = await asyncio.gather(*(caller(signing, token).ask(WHO) for _ in range(20)))

    assert "." not in token
    assert [shown(answer) for answer in answers] == [([MASKED], [])] * 20
    assert (await provider.asked()).since(before).introspection == 1


async def test_an_opaque_token_that_was_revoked_at_the_provider_is_refused_soon(
    provider, signing, monkeypatch
):
    monkeypatch.setattr("app.auth.authenticator._OPAQUE_S", 0.5)
    token = await provider.signed_in("ada", resource=OPAQUE)
    before = await _is_served(signing, token)
    await provider.revoke(token)

    began = time.monotonic()
    while await _is_served(signing, token):
        assert time.monotonic() - began < 5, "it is still served after 5 s"
        await asyncio.sleep(0.05)

    assert before
    assert time.monotonic() - began < 1.5


async def test_without_the_provider_known_keys_serve_and_opaque_tokens_wait(
    document_server, tmp_path, tenant
):
    async with running_provider(PEOPLE) as provider:
        opaque = await provider.signed_in("ada", resource=OPAQUE)
        signed = [await provider.client_credentials() for _ in range(2)]
        uri = document_server.uri
        async with gateway_of(provider, uri, tmp_path, tenant) as gateway:
            assert await _is_served(gateway, signed[0])
            await provider.stop()

            with_known_key = await _is_served(gateway, signed[1])
            waiting = await caller(gateway, opaque).post(WHO)

    assert with_known_key
    assert waiting.status_code == 503
    assert waiting.json()["errors"][0] == {
        "message": "The token can't be checked now: its issuer doesn't answer.",
        "extensions": {"code": "UNAUTHENTICATED"},
    }


async def test_a_bound_token_counts_with_its_certificate_alone(provider, signing):
    authority = Authority("clients")
    mine, others = authority.issue("robot"), authority.issue("other")
    token = await provider.client_credentials("bound-robot", certificate=mine.chain)

    async def status(**headers: str) -> int:
        answer = await signing.client.post(
            "/graphql",
            json={"query": WHO},
            headers={"authorization": f"Bearer {token}", **headers},
        )
        return answer.status_code

    assert await status(**{HEADER: quote(mine.chain.decode(), safe="")}) == 200
    assert await status(**{HEADER: quote(others.chain.decode(), safe="")}) == 401
    assert await status() == 401


async def test_an_issuer_may_demand_that_its_tokens_are_bound(
    provider, document_server, tmp_path, tenant
):
    token = await provider.client_credentials()

    uri = document_server.uri
    async with gateway_of(provider, uri, tmp_path, tenant, certificate_bound=True) as gateway:
        refused = await caller(gateway, token).post(WHO)

    assert refused.status_code == 401
    assert refused.json()["errors"][0]["message"] == "The token isn't bound to a certificate."


async def _is_served(gateway, token) -> bool:
    response = await caller(gateway, token).post("{ viewer { tenant } }")
    assert response.status_code in {200, 401}, response.text
    return response.status_code == 200
