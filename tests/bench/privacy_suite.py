"""What it costs to open sealed values: the same reads of tenants whose values are, and aren't."""

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from tests.bench.load import drive, request_bytes
from tests.bench.rows import Row, compared
from tests.bench.usage import cpu_s
from tests.bench.world import UNLIMITED
from tests.support.gateway import Caller, a_profile, define
from tests.support.process import GatewayProcess, serving

SUITE = "privacy"
SEALED, CLEAR = "profile-gateway", "unsealed"
_METRIC = "cpu_us_per_read"
_FIELDS = 30
_PROFILES = 50
_ROUNDS = 7
_SECONDS = 1.0
_CONNECTIONS = 4
_ONE = "query ($id: ID!) { profile(id: $id) { id custom { field0 field11 field22 } } }"
_PAGE = """
query ($id: ID!) { profiles(first: 25, where: {not: {id: {in: [$id]}}}) {
  edges { node { id custom { field0 field11 field22 } } }
} }
"""
_DOCUMENTS = {"open-3-of-30": _ONE, "open-3-of-30-page-25": _PAGE}


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    settings = {**UNLIMITED, "GATEWAY_SEALING__TENANTS": json.dumps({CLEAR: []})}
    with TemporaryDirectory() as folder:
        async with serving(Path(folder) / "data", settings) as gateway:
            requests = {}
            for tenant in (SEALED, CLEAR):
                progress(f"{tenant}: {_PROFILES} profiles of {_FIELDS} fields")
                requests[tenant] = await _requests(gateway, tenant)
            rows = []
            for case in _DOCUMENTS:
                progress(f"{case}: 3 of {_FIELDS} fields")
                costs = await _costs(gateway, {one: made[case] for one, made in requests.items()})
                for tenant, cost_us in costs.items():
                    rows.append(Row(SUITE, case, tenant, _METRIC, round(cost_us, 1), "µs"))
    return compared(rows, CLEAR)


async def _requests(gateway: GatewayProcess, tenant: str) -> dict[str, list[bytes]]:
    """Customers of a tenant, and the requests of each case that ask for them in turn."""
    keys = [f"field{number}" for number in range(_FIELDS)]
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=30) as client:
        admin, service = (
            Caller(client, gateway.token(role, tenant=tenant)) for role in ("admin", "service")
        )
        given = {"kind": "STRING", "dataClass": "CONTACT"}
        await define(admin, [{"key": key, **given} for key in keys])
        values = {key: f"some text of {key}" for key in keys}
        ids = [await a_profile(service, custom=values) for _ in range(_PROFILES)]
    return {
        case: [
            request_bytes(gateway.url, service.token, {"query": text, "variables": {"id": one}})
            for one in ids
        ]
        for case, text in _DOCUMENTS.items()
    }


async def _costs(gateway: GatewayProcess, requests: dict[str, list[bytes]]) -> dict[str, float]:
    """The median cost of a read in CPU time, µs: in turn, so that all see the same machine."""
    costs: dict[str, list[float]] = {tenant: [] for tenant in requests}
    for number in range(_ROUNDS + 1):
        for tenant, asked in requests.items():
            before_s = cpu_s(gateway.pid)
            tally = await drive(gateway.url, asked, _SECONDS, _CONNECTIONS)
            if number:  # the first round warms up
                costs[tenant].append((cpu_s(gateway.pid) - before_s) / len(tally.latencies_s) * 1e6)
    return {tenant: statistics.median(found) for tenant, found in costs.items()}
