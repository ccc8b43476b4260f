"""What gateways tell each other of CRM records, over a real Redis."""

import asyncio
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from app.cache_settings import CacheSettings
from app.shared_cache import Server, SharedCache, opened_server
from connectors.base import Key, Record, SourceSettings
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.client import source_client
from connectors.runtime.gate import Gate
from connectors.runtime.kept import Kept, Seen
from connectors.runtime.live_cache import Answer, LiveCache
from connectors.runtime.pace import AS_USUAL, Freshness, Pace
from tests.support.card_index import CardIndex
from tests.support.certificates import Authority, TlsFiles
from tests.support.redis_server import running_redis
from tests.support.sealing import a_sealing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLACE = ("contacts", Key("email", "ada@example.org"))
KEPT = Kept(
    at=NOW,
    id="7",
    values={
        "tier": Seen(NOW, "a-private-tier"),
        "tags": Seen(NOW - timedelta(seconds=5), ["one", 2, None, {"deep": True}]),
        "gone": Seen(NOW, is_there=False),
    },
    modified_at=NOW - timedelta(days=1),
    etag='W/"7"',
)
TIER = frozenset({"tier"})
PACE = Pace(fresh_s=30, refresh_s=30, keep_s=600, absent_s=10, timeout_s=10)


@pytest.fixture(scope="module")
def redis_server():
    """A Redis for the tests here."""
    with running_redis() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def database(document_server):
    """A database for a keyring."""
    async with AsyncMongoClient(document_server.uri, tz_aware=True) as client:
        yield client[f"shared-{secrets.token_hex(4)}"]


@pytest.fixture
async def shared(redis_server, database):
    """A cache that gateways of `acme` share about their `crm`."""
    redis_server.client.flushall()
    async with opened_server(redis_server.settings()) as server:
        yield SharedCache(server, a_sealing(database), "acme", "crm", 30)


async def test_what_one_gateway_tells_another_knows(shared):
    await shared.keep({PLACE: KEPT})

    assert await shared.known([("contacts", Key("id", "7")), PLACE]) == {PLACE: KEPT}


async def test_what_changed_is_dropped(shared):
    await shared.keep({PLACE: KEPT})
    await shared.forget([PLACE])

    assert await shared.known([PLACE]) == {}


async def test_the_server_is_told_neither_a_value_nor_a_name(shared, redis_server):
    await shared.keep({PLACE: KEPT})

    with redis_server.client as client:
        [name] = client.keys()
        told = name + client.get(name)
        ttl_ms = client.pttl(name)

    for word in (b"private", b"ada", b"example.org", b"tier", b"contacts"):
        assert word not in told
    assert 25_000 < ttl_ms <= 30_000


async def test_what_is_put_under_another_name_or_changed_is_nothing(shared, redis_server):
    other = ("contacts", Key("email", "grace@example.org"))
    await shared.keep({PLACE: KEPT, other: KEPT})
    with redis_server.client as client:
        one, two = client.keys()
        client.set(one, client.get(two))
        changed = bytearray(client.get(two))
        changed[-1] ^= 1
        client.set(two, bytes(changed))

    assert await shared.known([PLACE, other]) == {}


async def test_another_tenant_and_another_source_know_nothing_of_it(shared, database):
    await shared.keep({PLACE: KEPT})
    sealing, server = a_sealing(database), shared._server

    for tenant, source in (("other", "crm"), ("acme", "erp")):
        assert await SharedCache(server, sealing, tenant, source, 30).known([PLACE]) == {}


async def test_a_value_that_can_not_be_told_is_kept_to_oneself(shared):
    huge = Kept(NOW, "8", {"number": Seen(NOW, 2**80)})
    other = ("contacts", Key("id", "8"))

    await shared.keep({other: huge, PLACE: KEPT})

    assert await shared.known([other, PLACE]) == {PLACE: KEPT}


async def test_a_server_that_hangs_costs_its_deadline_once_and_no_error(
    redis_server, database, caplog
):
    async with opened_server(redis_server.settings(deadline_s=0.05)) as server:
        shared = SharedCache(server, a_sealing(database), "acme", "crm", 30)
        await shared.known([PLACE])  # the tenant's keys are read, the connection is open
        redis_server.hang()
        try:
            began = time.monotonic()
            found = [await shared.known([PLACE]) for _ in range(100)]
            await shared.keep({PLACE: KEPT})
            took_s = time.monotonic() - began
        finally:
            redis_server.go_on()

    assert found == [{}] * 100
    assert took_s < 2  # one deadline, and not one for each
    assert caplog.text.count("The shared cache gives no answer") == 1


async def test_a_server_that_is_back_is_used_again(redis_server, database):
    seconds = [0.0]
    async with opened_server(redis_server.settings()) as opened:
        server = Server(opened.cache, 5.0, lambda: seconds[-1])
        shared = SharedCache(server, a_sealing(database), "acme", "crm", 30)

        async def broken():
            raise ConnectionError

        assert await server.tried(broken) is None
        await shared.keep({PLACE: KEPT})
        assert await shared.known([PLACE]) == {}
        seconds.append(6.0)
        await shared.keep({PLACE: KEPT})

        assert await shared.known([PLACE]) == {PLACE: KEPT}


async def test_nobody_is_needed_where_nobody_listens(database):
    settings = CacheSettings(uri="redis://127.0.0.1:1", deadline_s=1)
    async with opened_server(settings) as server:
        shared = SharedCache(server, a_sealing(database), "acme", "crm", 30)
        await shared.keep({PLACE: KEPT})

        assert await shared.known([PLACE]) == {}
        await shared.forget([PLACE])


async def test_no_address_is_no_server():
    async with opened_server(CacheSettings()) as server:
        assert server is None


async def test_a_server_is_reached_by_tls(database, tmp_path):
    authority, files, ca = Authority("a CA of tests"), TlsFiles(tmp_path), tmp_path / "ca.pem"
    files.hold(authority.issue("redis"))
    ca.write_bytes(authority.pem)
    told = {"cert": files.certificate, "key": files.key, "ca-cert": ca}
    tls = [str(word) for name, file in told.items() for word in (f"--tls-{name}-file", file)]
    with running_redis(*tls, "--tls-auth-clients", "no", ca=ca) as server_:
        async with opened_server(server_.settings()) as server:
            shared = SharedCache(server, a_sealing(database), "acme", "crm", 30)
            await shared.keep({PLACE: KEPT})

            assert await shared.known([PLACE]) == {PLACE: KEPT}


class Gateways:
    """Two gateways that share what one CRM told them, on one clock."""

    def __init__(self, http, shared):
        self.crm = CardIndex(SourceSettings("crm", "", ""))
        self.crm.drawer.cards = {"1": {"tier": "gold"}}
        self.seconds = 0.0
        self.caches = [
            LiveCache("crm", self.crm, Gate("crm", http, PACE), PACE, self.now, shared)
            for _ in range(2)
        ]

    def now(self):
        return NOW + timedelta(seconds=self.seconds)

    async def tier(self, number, freshness=AS_USUAL, key="1"):
        """What a reader at a gateway is answered."""
        cache = self.caches[number]
        asked = cache.ask("contacts", Key("id", key), TIER, freshness)
        answer = asked if isinstance(asked, Answer) else await cache.answer(asked, TIER, freshness)
        await asyncio.gather(*cache._under_way)  # what it tells the other is told
        return answer.kept.values["tier"].value if answer.kept.id else None


@pytest.fixture
async def gateways(shared):
    async with source_client(LOOPBACK) as http:
        yield Gateways(http, shared)


async def test_what_one_gateway_asked_the_other_does_not_ask(gateways):
    assert await gateways.tier(0) == "gold"
    gateways.seconds = 29

    assert await gateways.tier(1) == "gold"
    assert len(gateways.crm.drawer.asked) == 1


async def test_what_another_asked_long_ago_is_asked_again(gateways):
    await gateways.tier(0)
    gateways.seconds = 31

    await gateways.tier(1)

    assert len(gateways.crm.drawer.asked) == 2


async def test_who_wants_the_newest_asks_whatever_another_knows(gateways):
    await gateways.tier(0)
    gateways.seconds = 1

    await gateways.tier(1, Freshness(0))

    assert len(gateways.crm.drawer.asked) == 2


async def test_that_a_record_does_not_exist_is_believed_for_its_own_time(gateways):
    await gateways.tier(0, key="9")
    gateways.seconds = 9
    assert await gateways.tier(1, key="9") is None
    assert len(gateways.crm.drawer.asked) == 1
    gateways.caches[1]._records.forget("contacts", {"9"})
    gateways.seconds = 11

    await gateways.tier(1, key="9")

    assert len(gateways.crm.drawer.asked) == 2


async def test_what_changed_is_asked_anew_by_a_gateway_that_did_not_know_it(gateways):
    await gateways.tier(0)
    gateways.crm.drawer.cards = {"1": {"tier": "silver"}}
    await gateways.caches[0].forget("contacts", {"1"})

    assert await gateways.tier(1) == "silver"


async def test_what_changes_while_it_is_told_is_not_told(gateways, monkeypatch):
    telling, go_on = asyncio.Event(), asyncio.Event()
    keep = SharedCache.keep

    async def slowly(self, fresh):
        telling.set()
        await go_on.wait()
        await keep(self, fresh)

    monkeypatch.setattr(SharedCache, "keep", slowly)
    reading = asyncio.create_task(gateways.tier(0))
    await asyncio.wait_for(telling.wait(), 5)
    await gateways.caches[0].forget("contacts", {"1"})
    go_on.set()
    await reading
    gateways.crm.drawer.cards = {"1": {"tier": "silver"}}

    assert await gateways.tier(1) == "silver"


async def test_a_record_is_merged_with_what_another_gateway_knows_of_it(shared):
    cached = Kept(NOW, "7", {"tier": Seen(NOW, "gold")})
    await shared.keep({PLACE: cached.with_answer(Record("7", {"score": 3}), {"score"}, NOW)})

    found = await shared.known([PLACE])

    assert {name: one.value for name, one in found[PLACE].values.items()} == {
        "tier": "gold",
        "score": 3,
    }
