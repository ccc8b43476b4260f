"""What protection costs: the same answers of the gateway, and of one without any."""

import statistics
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from app.store.embedded import EmbeddedServer
from tests.bench.load import drive, request_bytes
from tests.bench.rows import Row, compared
from tests.bench.usage import cpu_s
from tests.bench.world import UNLIMITED
from tests.support.gateway import Caller, a_profile, define
from tests.support.process import GatewayProcess, serving

SUITE = "access"
PROTECTED, UNPROTECTED = "profile-gateway", "unprotected"
_METRIC = "cpu_us_per_request"
_TENANT = "bench"
_FIELDS = 212
_CLASSES = ("IDENTITY", "DEMOGRAPHIC", "BEHAVIOURAL")
_PROFILES = 20
_ROUNDS = 9
_SECONDS = 1.5
_CONNECTIONS = 4
# Whose every field is read, and whose fields are partly masked.
_ASKERS = {"protected-212": "supervisor", "masked-212": "admin"}


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        async with AsyncExitStack() as stack:
            server = EmbeddedServer(data / "store")
            await server.start()
            stack.push_async_callback(server.stop)
            given = {"GATEWAY_STORE__URI": server.uri, **UNLIMITED}
            progress(f"{_PROFILES} profiles of {_FIELDS} fields")
            # By a gateway of its own: whoever defined so many fields has built as many schemas.
            async with serving(data, given) as filling:
                ids = await _filled(filling)
            gateways = {
                PROTECTED: await stack.enter_async_context(serving(data, given)),
                UNPROTECTED: await stack.enter_async_context(
                    serving(data, given, "tests.bench.unprotected")
                ),
            }
            rows = []
            for case, role in _ASKERS.items():
                progress(f"{case}: {_FIELDS} fields for a {role}")
                for subject, cost_us in (await _costs(gateways, role, ids)).items():
                    rows.append(Row(SUITE, case, subject, _METRIC, round(cost_us, 1), "µs"))
    return compared(rows, UNPROTECTED)


async def _filled(gateway: GatewayProcess) -> list[str]:
    """The tenant's fields, and customers with a value in each."""
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=60) as client:
        admin, service = (
            Caller(client, gateway.token(role, tenant=_TENANT)) for role in ("admin", "service")
        )
        given = [
            {"key": key, "kind": "STRING", "dataClass": _CLASSES[number % len(_CLASSES)]}
            for number, key in enumerate(_keys())
        ]
        await define(admin, given)
        values = {key: f"some text of {key}" for key in _keys()}
        return [await a_profile(service, custom=values) for _ in range(_PROFILES)]


def _keys() -> list[str]:
    return [f"field{number}" for number in range(_FIELDS)]


async def _costs(
    gateways: Mapping[str, GatewayProcess], role: str, ids: list[str]
) -> dict[str, float]:
    """The median cost of a request in CPU time, µs: in turn, so that all see the same machine."""
    document = f"query ($id: ID!) {{ profile(id: $id) {{ custom {{ {' '.join(_keys())} }} }} }}"
    costs: dict[str, list[float]] = {subject: [] for subject in gateways}
    asked = {
        subject: [
            request_bytes(
                gateway.url,
                gateway.token(role, tenant=_TENANT),
                {"query": document, "variables": {"id": one}},
            )
            for one in ids
        ]
        for subject, gateway in gateways.items()
    }
    for number in range(_ROUNDS + 1):
        for subject, gateway in gateways.items():
            before_s = cpu_s(gateway.pid)
            tally = await drive(gateway.url, asked[subject], _SECONDS, _CONNECTIONS)
            if number:  # the first round warms up
                spent_us = (cpu_s(gateway.pid) - before_s) / len(tally.latencies_s) * 1e6
                costs[subject].append(spent_us)
    return {subject: statistics.median(found) for subject, found in costs.items()}
