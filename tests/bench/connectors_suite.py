"""What a page of customers costs the CRM."""

from collections.abc import Awaitable, Callable

import httpx2

from tests.bench.cases import CRM_PAGE_25, TENANT
from tests.bench.load import drive, request_bytes
from tests.bench.rows import Row, compared
from tests.bench.usage import cpu_s
from tests.bench.world import CONTACTS, World, opened_world

SUITE = "connectors"
GATEWAY, ONE_EACH = "profile-gateway", "one-call-each"
_PAGE = 25
_STATS = "/_sandbox/stats"
_SECONDS = 2.0
_CONNECTIONS = 8


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    async with opened_world() as world, world.gateway() as gateway:
        progress("window: a page of 25 profiles")
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
