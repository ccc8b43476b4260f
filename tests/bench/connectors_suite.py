"""What live attributes cost the CRM and the gateway."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict

import httpx2

from tests.bench.cases import CRM_PAGE_25, TENANT
from tests.bench.load import drive, request_bytes
from tests.bench.rows import Row, compared
from tests.bench.usage import cpu_s
from tests.bench.world import CONTACTS, World, opened_world
from tests.support.live_readers import Task

SUITE = "connectors"
GATEWAY, ONE_EACH, APART, STORED = "profile-gateway", "one-call-each", "call-per-query", "stored"
_PAGE = 25
_STATS = "/_sandbox/stats"
_SECONDS = 3.0
_ROUNDS = 3
_CONNECTIONS = 8
_MANY = 500
_LATENCY_MS = 200
_PAGE_OF = "query {{ profiles(first: 25) {{ edges {{ node {{ id custom {{ {} }} }} }} }} }}"


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    async with opened_world() as world:
        progress("window: a page of 25 profiles")
        page = await _page(world)
        progress("window: 200 queries of 20 profiles at once")
        together = await _many(world)
        progress("cached-attribute: a page of 25 profiles, live or stored")
        cached = await _cached(world)
    return [*page, *together, *cached]


async def _page(world: World) -> list[Row]:
    async with world.gateway() as gateway:
        token = gateway.token("service", tenant=TENANT)
        [body] = CRM_PAGE_25.bodies(world.numbers)
        async with httpx2.AsyncClient(base_url=gateway.url, timeout=30) as http:
            http.headers["Authorization"] = f"Bearer {token}"
            together = await _calls(world, lambda: http.post("/graphql", json=body))
        each = await _calls(world, lambda: _one_by_one(world))
        request = request_bytes(gateway.url, token, body)
        cpu_us = await _cpu_us_per_profile(gateway.url, gateway.pid, request)
    calls = [
        Row(SUITE, "window", GATEWAY, "upstream_calls", together, "calls"),
        Row(SUITE, "window", ONE_EACH, "upstream_calls", each, "calls"),
    ]
    cost = Row(SUITE, "window", GATEWAY, "cpu_us_per_profile", round(cpu_us, 3), "µs")
    return [*compared(calls, ONE_EACH), cost]


async def _many(world: World) -> list[Row]:
    """200 operations at once over 500 profiles that nobody has asked for yet."""
    for start in range(0, _MANY, 100):
        numbers = range(start, start + 100)
        inputs = [{"properties": {"profile_id": f"P{one}", "nps": str(one)}} for one in numbers]
        await world.crm("POST", f"{CONTACTS}/batch/create", {"inputs": inputs})
    await world.crm("PUT", "/_sandbox/faults", {"latency_ms": _LATENCY_MS})
    found = [
        Row(SUITE, "window-200x20", subject, "upstream_calls", calls, "calls")
        for subject, calls in (
            (GATEWAY, await _read(world, is_apart=False)),
            (APART, await _read(world, is_apart=True)),
        )
    ]
    await world.crm("PUT", "/_sandbox/faults", {})
    return compared(found, APART)


async def _read(world: World, *, is_apart: bool) -> int:
    where = world.sandbox
    task = Task(where.base_url, where.token, _MANY, 1, time.time() + 4, "", "", None, is_apart)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.live_readers", json.dumps(asdict(task))),
        stdout=asyncio.subprocess.PIPE,
    )
    told = json.loads((await process.communicate())[0])
    assert told["right"] == 199, told  # the first of them hangs up
    return int(told["calls"])


async def _cached(world: World) -> list[Row]:
    """The same page with a live attribute that is known, and with a stored one, in turn."""
    found: dict[str, list[float]] = {GATEWAY: [], STORED: []}
    async with world.gateway(GATEWAY_SOURCES__CRM__FRESH_S="3600") as gateway:
        token = gateway.token("service", tenant=TENANT)
        for _ in range(_ROUNDS):
            for subject, field in ((GATEWAY, "tier"), (STORED, "note0")):
                request = request_bytes(gateway.url, token, {"query": _PAGE_OF.format(field)})
                spent = await _cpu_us_per_profile(gateway.url, gateway.pid, request)
                found[subject].append(spent)
    rows = [
        Row(SUITE, "cached-attribute", subject, "cpu_us_per_profile", round(min(spent), 3), "µs")
        for subject, spent in found.items()
    ]
    return compared(rows, STORED)


async def _calls(world: World, act: Callable[[], Awaitable[object]]) -> int:
    """How many calls the CRM gets while `act` runs."""
    await world.crm("DELETE", _STATS)
    await act()
    return (await world.crm("GET", _STATS))["calls"]


async def _one_by_one(world: World) -> None:
    """Ask for each customer of a page as a loader without a batch would."""
    for one in world.ids[:_PAGE]:
        await world.crm("GET", f"{CONTACTS}/{one}?idProperty=profile_id&properties=loyalty")


async def _cpu_us_per_profile(url: str, pid: int, request: bytes) -> float:
    await drive(url, [request], _SECONDS / 4, _CONNECTIONS)
    before_s = cpu_s(pid)
    tally = await drive(url, [request], _SECONDS, _CONNECTIONS)
    return (cpu_s(pid) - before_s) / len(tally.latencies_s) / _PAGE * 1e6
