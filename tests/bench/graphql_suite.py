"""The gateway beside the same thing by hand, and beside a server that does nothing."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2

from tests.bench.cases import CRM_50MS, STORE_IDENTIFY_30, STORE_PAGE_25, TENANT, Case
from tests.bench.contest import Contender, Plan, contest_rows, run_contest
from tests.bench.load import request_bytes
from tests.bench.process import server
from tests.bench.rows import Row, compared
from tests.bench.world import CRM_LATENCY_MS, World, opened_world

SUITE = "graphql"
GATEWAY, BY_HAND, CONSTANT = "profile-gateway", "handwritten-starlette", "constant"
_CASES = (STORE_IDENTIFY_30, STORE_PAGE_25, CRM_50MS)
_FAULTS = "/_sandbox/faults"


class Different(Exception):
    """Two subjects give different answers, so their times can't be compared."""


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    rows: list[Row] = []
    async with opened_world() as world:
        await world.crm("PUT", _FAULTS, {"latency_ms": CRM_LATENCY_MS})
        for case in _CASES:
            async with _contenders(world, case) as contenders:
                found = await run_contest(
                    contenders, Plan(), lambda told, case=case: progress(f"{case.name}: {told}")
                )
            rows += compared(contest_rows(SUITE, case.name, found), BY_HAND)
    return rows


@asynccontextmanager
async def _contenders(world: World, case: Case) -> AsyncIterator[list[Contender]]:
    """The three servers, answering alike."""
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(world.gateway())
        token = gateway.token("service", tenant=TENANT)
        given = {**world.environment, "BENCH_CASE": case.name}
        by_hand = await stack.enter_async_context(server("tests.bench.handwritten", given))
        body = case.bodies(world.numbers)[0]
        answer = await _answer(gateway.url, token, body)
        if answer["data"] != (await _answer(by_hand[0], token, body))["data"]:
            raise Different(f"{case.name}: {GATEWAY} and {BY_HAND} give different answers")
        file = world.keys / f"{case.name}.json"
        file.write_bytes(httpx2.Response(200, json=answer).content)
        floor = {**given, "BENCH_ANSWER": str(file)}
        constant = await stack.enter_async_context(server("tests.bench.constant", floor))
        addresses = {GATEWAY: (gateway.url, gateway.pid), BY_HAND: by_hand, CONSTANT: constant}
        yield [
            Contender(
                subject,
                url,
                pid,
                [request_bytes(url, token, one) for one in case.bodies(world.numbers)],
            )
            for subject, (url, pid) in addresses.items()
        ]


async def _answer(url: str, token: str, body: Mapping[str, Any]) -> dict[str, Any]:
    async with httpx2.AsyncClient(timeout=30) as http:
        headers = {"Authorization": f"Bearer {token}"}
        response = await http.post(f"{url}/graphql", json=body, headers=headers)
        return response.raise_for_status().json()
