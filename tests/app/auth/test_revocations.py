"""Tokens, sessions and subjects that were revoked, over a real store."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from app.auth.authenticator import Authenticator
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.origin import Origin
from app.auth.settings import AuthSettings, IssuerSettings
from app.store.client import open_client
from app.store.failures import store_failures
from app.store.revocations import MongoRevocations

REVOKED = "The token was revoked."


class Counted:
    """Real revocations, and how often they were read; `is_away` is a store that doesn't answer."""

    def __init__(self, kept: MongoRevocations, away: MongoRevocations) -> None:
        self.kept, self.away = kept, away
        self.is_away = False
        self.begins: list[float] = []

    async def since(self, instant):
        self.begins.append(instant)
        return await (self.away if self.is_away else self.kept).since(instant)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clients(document_server):
    there = open_client(document_server.uri, 5.0)
    away = open_client("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100", 0.2)
    yield there, away
    await there.close()
    await away.close()


@pytest.fixture
def revoked(clients):
    there, away = (client[f"revoked-{secrets.token_hex(4)}"] for client in clients)
    return Counted(MongoRevocations(there), MongoRevocations(away))


@pytest.fixture
async def authenticator(issuer, http, clock, revoked):
    settings = AuthSettings(issuers=(IssuerSettings(issuer=issuer.address),))
    made = Authenticator(settings, http, None, clock, revoked=revoked)
    yield made
    await made.aclose()


@pytest.fixture
def revoke(revoked, clock):
    async def act(kind, value, tenant="acme", lasting_s=3600.0):
        now = datetime.fromtimestamp(clock.now, UTC)
        mark = (tenant, kind, value)
        await revoked.kept.add(mark, now + timedelta(seconds=lasting_s), now)

    return act


async def is_served(authenticator, bearer) -> bool:
    try:
        await authenticator.principal(bearer)
    except Unauthenticated as refusal:
        if refusal.reason != REVOKED:
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "value"), [("subject", "agent-7"), ("token", "t-1"), ("session", "s-1")]
)
async def test_what_is_revoked_is_refused_a_second_later_although_it_is_remembered(
    authenticator, mint, clock, revoke, kind, value
):
    bearer = mint.bearer(jti="t-1", sid="s-1")
    other = mint.bearer(jti="t-2", sid="s-2", sub="agent-8")
    served = [await is_served(authenticator, one) for one in (bearer, other)]
    await revoke(kind, value)

    clock.now += 1

    assert served == [True, True]
    assert not await is_served(authenticator, bearer)
    assert await is_served(authenticator, other)


async def test_new_tokens_of_a_revoked_subject_are_refused_too_until_the_time_is_over(
    authenticator, mint, clock, revoke
):
    await revoke("subject", "agent-7", lasting_s=60)
    now = int(clock.now)
    new = [await is_served(authenticator, mint.bearer(jti=name)) for name in ("a", "b")]

    clock.now += 60
    late = await is_served(authenticator, mint.bearer(iat=now, exp=now + 600))

    assert (new, late) == ([False, False], True)


async def test_a_revocation_is_ended_by_one_that_is_over(authenticator, mint, clock, revoke):
    await revoke("subject", "agent-7")
    before = await is_served(authenticator, mint.bearer())
    clock.now += 5
    await revoke("subject", "agent-7", lasting_s=0)

    clock.now += 1

    assert (before, await is_served(authenticator, mint.bearer())) == (False, True)


@pytest.mark.parametrize(
    ("kind", "value", "tenant"),
    [
        ("subject", "agent-7", "globex"),
        ("subject", "agent-77", "acme"),
        ("subject", "agent", "acme"),
        ("token", "agent-7", "acme"),
        ("session", "t-1", "acme"),
    ],
)
async def test_others_are_not_touched(authenticator, mint, revoke, kind, value, tenant):
    await revoke(kind, value, tenant)

    assert await is_served(authenticator, mint.bearer(jti="t-1"))


async def test_the_store_is_read_once_a_second_for_what_is_new_alone(
    authenticator, mint, clock, revoked, revoke
):
    await revoke("token", "long-gone")
    newest = clock.now
    for _ in range(3):
        await asyncio.gather(*(is_served(authenticator, mint.bearer()) for _ in range(20)))
        clock.now += 1

    assert len(revoked.begins) == 3
    assert revoked.begins[1:] == [pytest.approx(newest - 300, abs=0.002)] * 2


async def test_what_another_clock_wrote_a_while_ago_is_found(
    authenticator, mint, clock, revoke, revoked
):
    await revoke("token", "something")
    assert await is_served(authenticator, mint.bearer())
    late = datetime.fromtimestamp(clock.now - 240, UTC)
    await revoked.kept.add(("acme", "subject", "agent-7"), late + timedelta(hours=1), late)

    clock.now += 1

    assert not await is_served(authenticator, mint.bearer())


async def test_while_the_store_is_away_what_was_known_goes_on_counting(
    authenticator, mint, clock, revoked, revoke, caplog
):
    await revoke("subject", "agent-7")
    before = await is_served(authenticator, mint.bearer())
    revoked.is_away = True
    clock.now += 1

    during = [await is_served(authenticator, mint.bearer(sub=name)) for name in ("agent-7", "x")]

    assert (before, during) == (False, [False, True])
    assert caplog.messages[-1].startswith("revocations can't be read: ")


async def test_before_the_store_has_ever_answered_nobody_gets_in(
    authenticator, mint, clock, revoked
):
    revoked.is_away = True
    with pytest.raises(KeySetUnavailable, match="the store gives no answer"):
        await authenticator.principal(mint.bearer())

    revoked.is_away = False
    clock.now += 1

    assert await is_served(authenticator, mint.bearer())


async def test_what_has_long_expired_is_removed_by_the_next_revocation(revoked, clock):
    now = datetime.fromtimestamp(clock.now, UTC)
    for name, ended in (("old", 3601), ("just-over", 10), ("lasting", -10)):
        await revoked.kept.add(("acme", "token", name), now - timedelta(seconds=ended), now)
    await revoked.kept.add(("acme", "token", "new"), now + timedelta(hours=1), now)

    with store_failures():
        left = await revoked.kept._revocations.distinct("value")

    assert sorted(left) == ["just-over", "lasting", "new"]


async def test_a_client_that_leaves_does_not_stop_the_look_for_the_others(
    authenticator, mint, revoke
):
    await revoke("subject", "agent-7")
    bearer = mint.bearer()
    first = asyncio.create_task(authenticator.principal(bearer))
    others = [asyncio.create_task(is_served(authenticator, bearer)) for _ in range(5)]
    await asyncio.sleep(0)

    first.cancel()

    assert await asyncio.gather(*others) == [False] * 5


async def test_what_is_remembered_is_told_without_a_check_until_it_is_revoked(
    authenticator, mint, clock, revoke
):
    bearer, origin = mint.bearer(), Origin()
    unknown = authenticator.remembered(bearer, origin)
    session = await authenticator.session(bearer, origin)
    known = authenticator.remembered(bearer, origin)
    left_s = authenticator.remaining_s(session)

    await revoke("subject", "agent-7")
    clock.now += 1
    await is_served(authenticator, mint.bearer(sub="agent-8"))

    assert (unknown, known, authenticator.remembered(bearer, origin)) == (None, session, None)
    assert left_s == pytest.approx(600, abs=1)
    with pytest.raises(Unauthenticated):
        authenticator.remembered("Basic abc", origin)
