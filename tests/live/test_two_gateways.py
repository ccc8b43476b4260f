"""Two gateways, 200 operations of 20 customers at once in each, and one CRM of 500 customers."""

import asyncio
import json
import secrets
import sys
import time
from dataclasses import asdict

import pytest

from tests.live.shop import SEED, Crm
from tests.support.live_readers import QUERIES, Task
from tests.support.redis_server import running_redis
from tests.support.sandbox import running_sandbox

CUSTOMERS = 500
START_S = 4.0


@pytest.fixture(scope="module")
async def crm():
    """A CRM that knows 500 customers by our ids, and takes a while to answer."""
    with running_sandbox(SEED) as sandbox:
        crm = Crm(sandbox)
        for start in range(0, CUSTOMERS, 100):
            numbers = range(start, start + 100)
            await crm.add([{"profile_id": f"P{one}", "nps": str(one)} for one in numbers])
        await crm.misbehave(latency_ms=200)
        yield crm
        await crm.aclose()


async def read_by_two(crm, store_uri, cache=None):
    """What two processes that begin together say, and how often they called the CRM."""
    await crm.forget()
    at, database = time.time() + START_S, f"readers-{secrets.token_hex(4)}"
    sandbox = crm.sandbox
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.live_readers"),
            json.dumps(asdict(Task(*where, seed, at, store_uri, database, cache))),
            stdout=asyncio.subprocess.PIPE,
        )
        for seed, where in enumerate([(sandbox.base_url, sandbox.token, CUSTOMERS)] * 2)
    ]
    told = [json.loads((await process.communicate())[0]) for process in processes]
    return told, await crm.calls()


@pytest.mark.parametrize("is_shared", [False, True], ids=["each alone", "sharing"])
async def test_two_gateways_ask_a_crm_few_times_for_all_their_readers(
    crm, document_server, is_shared
):
    if is_shared:
        with running_redis() as redis:
            told, calls = await read_by_two(crm, document_server.uri, cache_of(redis))
    else:
        told, calls = await read_by_two(crm, document_server.uri)

    assert [(one["hung_up"], one["right"]) for one in told] == [(True, QUERIES - 1)] * 2
    assert max(one["calls"] for one in told) <= 6
    assert calls == sum(one["calls"] for one in told) <= (10 if is_shared else 12)


async def test_a_cache_that_hangs_costs_no_reader_anything(crm, document_server):
    with running_redis() as redis:
        cache = cache_of(redis) | {"deadline_s": 0.05}
        redis.hang()
        told, _ = await read_by_two(crm, document_server.uri, cache)

    assert [(one["hung_up"], one["right"]) for one in told] == [(True, QUERIES - 1)] * 2
    assert max(one["calls"] for one in told) <= 6


def cache_of(redis):
    """Settings of a shared cache, as a process is told them."""
    return redis.settings().model_dump(exclude={"tls_ca"})
