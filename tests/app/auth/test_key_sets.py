import asyncio
import logging
import secrets

import pytest

from app.auth.authenticator import Authenticator
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.settings import AuthSettings, IssuerSettings
from policies.principal import Principal
from tests.app.auth.mint import Signer, an_elliptic_signer
from tests.app.auth.waiting import until

AGENT = Principal("acme", "agent-7", frozenset({"agent"}))


async def test_fifty_first_requests_at_once_are_one_fetch(authenticator, issuer, mint):
    bearers = [mint.bearer(jti=str(number)) for number in range(50)]

    principals = await asyncio.gather(*map(authenticator.principal, bearers))

    assert principals == [AGENT] * 50
    assert (issuer.discovery_fetches, issuer.key_set_fetches) == (1, 1)


async def test_a_cancelled_first_requester_harms_nobody(authenticator, issuer, mint):
    issuer.may_answer.clear()
    first = asyncio.create_task(authenticator.principal(mint.bearer(jti="first")))
    await until(lambda: issuer.discovery_fetches == 1)
    others = [
        asyncio.create_task(authenticator.principal(mint.bearer(jti=str(number))))
        for number in range(5)
    ]
    await asyncio.sleep(0)

    first.cancel()
    issuer.may_answer.set()

    assert await asyncio.gather(*others) == [AGENT] * 5
    assert first.cancelled()
    assert (issuer.discovery_fetches, issuer.key_set_fetches) == (1, 1)


async def test_when_every_requester_leaves_the_fetched_keys_still_serve(
    authenticator, issuer, mint
):
    issuer.may_answer.clear()
    only = asyncio.create_task(authenticator.principal(mint.bearer()))
    await until(lambda: issuer.discovery_fetches == 1)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    issuer.may_answer.set()
    await until(lambda: issuer.key_set_fetches == 1)

    assert await authenticator.principal(mint.bearer()) == AGENT
    assert (issuer.discovery_fetches, issuer.key_set_fetches) == (1, 1)


async def test_closing_ends_a_fetch_that_is_under_way(authenticator, issuer, mint):
    issuer.may_answer.clear()
    only = asyncio.create_task(authenticator.principal(mint.bearer()))
    await until(lambda: issuer.discovery_fetches == 1)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)

    await authenticator.aclose()
    issuer.may_answer.set()

    assert issuer.key_set_fetches == 0


async def test_a_new_key_is_found_by_one_fetch_however_many_ask(authenticator, issuer, mint):
    await authenticator.principal(mint.bearer())
    new = an_elliptic_signer("new")
    issuer.keys.append(new.jwk)
    bearers = [mint.bearer(new, jti=str(number)) for number in range(20)]

    principals = await asyncio.gather(*map(authenticator.principal, bearers))

    assert principals == [AGENT] * 20
    assert (issuer.discovery_fetches, issuer.key_set_fetches) == (1, 2)


async def test_a_hundred_random_key_ids_are_one_fetch_in_half_a_minute(
    authenticator, issuer, mint, clock
):
    await authenticator.principal(mint.bearer())
    for _ in range(100):
        stranger = Signer(secrets.token_hex(8), "ES256", mint.signer.key)
        with pytest.raises(Unauthenticated, match="isn't one of its issuer's"):
            await authenticator.principal(mint.bearer(stranger))
        clock.now += 0.25
    fetches_of_random_key_ids = issuer.key_set_fetches - 1

    clock.now += 6
    new = an_elliptic_signer("new")
    issuer.keys.append(new.jwk)
    principal = await authenticator.principal(mint.bearer(new))

    assert fetches_of_random_key_ids == 1
    assert principal == AGENT
    assert issuer.key_set_fetches == 3


async def test_random_key_ids_before_the_first_fetch_are_one_fetch(authenticator, issuer, mint):
    strangers = [Signer(secrets.token_hex(8), "ES256", mint.signer.key) for _ in range(20)]

    answers = await asyncio.gather(
        *(authenticator.principal(mint.bearer(stranger)) for stranger in strangers),
        return_exceptions=True,
    )

    assert {type(answer) for answer in answers} == {Unauthenticated}
    assert issuer.key_set_fetches == 1


async def test_a_withdrawn_key_ends_even_a_remembered_token(authenticator, issuer, mint):
    bearer = mint.bearer()
    await authenticator.principal(bearer)
    new = an_elliptic_signer("new")
    issuer.keys = [new.jwk]

    await authenticator.principal(mint.bearer(new))

    with pytest.raises(Unauthenticated, match="isn't one of its issuer's"):
        await authenticator.principal(bearer)


async def test_a_set_fetched_again_unchanged_keeps_remembered_tokens(
    authenticator, issuer, mint, clock
):
    clock.now += 590
    bearer = mint.bearer(exp=int(clock.now) + 600)
    first = await authenticator.principal(bearer)
    clock.now += 20
    with pytest.raises(Unauthenticated):
        await authenticator.principal(mint.bearer(an_elliptic_signer("stranger")))

    remembered = await authenticator.principal(bearer)

    assert issuer.key_set_fetches == 2
    assert remembered is first


@pytest.mark.parametrize(
    ("cache_control", "fresh_s"),
    [
        (None, 600),
        ("no-store", 600),
        ("max-age=0", 60),
        ("public, max-age=5", 60),
        ("public, max-age=3600, must-revalidate", 3600),
        ('Max-Age = "1800"', 1800),
        ("max-age=999999", 86_400),
        ("s-maxage=7", 600),
        ("max-age=-5", 600),
    ],
)
async def test_a_set_is_fresh_as_long_as_its_server_says_within_limits(
    authenticator, issuer, mint, clock, cache_control, fresh_s
):
    issuer.key_set_headers = {} if cache_control is None else {"Cache-Control": cache_control}
    await authenticator.principal(mint.bearer())
    clock.now += fresh_s - 1
    await authenticator.principal(mint.bearer(iat=int(clock.now), exp=int(clock.now) + 9))
    fetches_while_fresh = issuer.key_set_fetches
    clock.now += 1
    await authenticator.principal(mint.bearer(iat=int(clock.now), exp=int(clock.now) + 9))

    assert (fetches_while_fresh, issuer.key_set_fetches) == (1, 2)


async def test_the_last_good_set_serves_a_day_of_outage(authenticator, issuer, mint, clock, caplog):
    await authenticator.principal(mint.bearer())
    issuer.is_down = True
    clock.now += 86_000
    in_time = mint.bearer(iat=int(clock.now), exp=int(clock.now) + 900)
    too_late = mint.bearer(iat=int(clock.now), exp=int(clock.now) + 901)

    with caplog.at_level(logging.WARNING, logger="app.auth"):
        assert await authenticator.principal(in_time) == AGENT

    assert caplog.messages == [f"the key set of {issuer.address} can't be fetched: status 503"]
    clock.now += 400
    with pytest.raises(KeySetUnavailable):
        await authenticator.principal(too_late)


async def test_an_outage_is_asked_about_every_half_minute(authenticator, issuer, mint, clock):
    await authenticator.principal(mint.bearer())
    issuer.is_down = True
    clock.now += 700
    for number in range(20):
        await authenticator.principal(
            mint.bearer(jti=str(number), iat=int(clock.now), exp=int(clock.now) + 99)
        )
        clock.now += 2
    fetches_in_40_s = issuer.key_set_fetches + issuer.discovery_fetches - 2

    issuer.is_down = False
    clock.now += 30
    late = mint.bearer(iat=int(clock.now), exp=int(clock.now) + 99)

    assert fetches_in_40_s == 2
    assert await authenticator.principal(late) == AGENT


async def test_without_any_keys_the_answer_is_to_ask_later(authenticator, issuer, mint, clock):
    issuer.is_down = True
    for _ in range(10):
        with pytest.raises(KeySetUnavailable, match="can't be checked now"):
            await authenticator.principal(mint.bearer())
    fetches_of_ten_requests = issuer.discovery_fetches

    issuer.is_down = False
    clock.now += 5

    assert fetches_of_ten_requests == 1
    assert await authenticator.principal(mint.bearer()) == AGENT


async def test_a_server_that_nobody_answers_at_is_an_outage(http, mint, clock, unused_tcp_port):
    address = f"http://127.0.0.1:{unused_tcp_port}"
    settings = AuthSettings(issuers=(IssuerSettings(issuer=address),))
    authenticator = Authenticator(settings, http, None, clock)

    with pytest.raises(KeySetUnavailable):
        await authenticator.principal(mint.bearer(iss=address))


async def test_a_server_that_hangs_is_an_outage_when_the_deadline_ends(
    authenticator, issuer, mint, monkeypatch
):
    monkeypatch.setattr("app.auth.key_sets._DEADLINE_S", 0.05)
    issuer.may_answer.clear()

    with pytest.raises(KeySetUnavailable):
        await authenticator.principal(mint.bearer())
