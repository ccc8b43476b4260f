"""What all subjects stand on: one embedded store with customers, and one sandbox CRM."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from app.store.embedded import EmbeddedServer
from tests.bench.cases import DATABASE, LIVE, LOCAL, TENANT
from tests.support.gateway import Caller, a_profile, define
from tests.support.process import GatewayProcess, serving
from tests.support.sandbox import Sandbox, running_sandbox

CUSTOMERS = 100
CRM_LATENCY_MS = 50
# One caller asks as often as a gateway can answer.
UNLIMITED = {
    "GATEWAY_LIMITS__REQUESTS_PER_MINUTE": "100000000",
    "GATEWAY_LIMITS__BURST": "100000000",
}
_SECRET = "PROFILE_GATEWAY_BENCH_SECRET"
CONTACTS = "/crm/objects/2026-09/contacts"
JOINED = "2021-03-04"
_SEED = (
    {"object": "contacts", "property": {"name": "profile_id", "hasUniqueValue": True}},
    *(
        {"object": "contacts", "property": {"name": attribute, "label": attribute}}
        for _, attribute in LIVE.values()
    ),
)
_SETTINGS = """
[sources.crm]
connector = "hubspot"
tenant = "{tenant}"
base_url = "{base_url}"
secret = "env:{secret}"
match = "profile:profile_id"
rates = []
# Other subjects remember nothing of the CRM, so neither do we, unless a case is about that.
fresh_s = 0
refresh_s = 0
absent_s = 0
keep_s = 0
"""


@dataclass(frozen=True, slots=True)
class World:
    """A store at `uri` whose keys are under `keys`, a CRM, and the customers in both."""

    uri: str
    keys: Path
    sandbox: Sandbox
    ids: Sequence[str]
    numbers: Sequence[str]

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a gateway, or of anybody else who stands on this world."""
        return {
            "GATEWAY_CONFIG": str(self.keys / "gateway.toml"),
            "GATEWAY_STORE__URI": self.uri,
            "GATEWAY_STORE__PATH": str(self.keys),
            "GATEWAY_STORE__DATABASE": DATABASE,
            _SECRET: self.sandbox.token,
            **UNLIMITED,
            "BENCH_CRM_URL": self.sandbox.base_url,
            "BENCH_CRM_TOKEN": self.sandbox.token,
        }

    @asynccontextmanager
    async def gateway(self, **changes: str) -> AsyncIterator[GatewayProcess]:
        """`profile-gateway serve` on this world; `changes` are variables."""
        async with serving(self.keys, {**self.environment, **changes}) as process:
            yield process

    async def crm(self, method: str, path: str, body: object = None) -> Any:
        """What the CRM answers on one of its own paths."""
        headers = {"Authorization": f"Bearer {self.sandbox.token}"}
        async with httpx2.AsyncClient(base_url=self.sandbox.base_url, headers=headers) as http:
            response = await http.request(method, path, json=body)
            return response.raise_for_status().json() if response.content else None


@asynccontextmanager
async def opened_world() -> AsyncIterator[World]:
    """A world with `CUSTOMERS` customers; all of it is gone afterwards."""
    with TemporaryDirectory() as folder, running_sandbox(_SEED) as sandbox:
        path = Path(folder)
        keys = path / "keys"
        keys.mkdir()
        told = _SETTINGS.format(tenant=TENANT, base_url=sandbox.base_url, secret=_SECRET)
        (keys / "gateway.toml").write_text(told, "utf-8")
        async with EmbeddedServer(path / "documents") as server:
            yield await _settled(World(server.uri, keys, sandbox, (), ()))


async def _settled(empty: World) -> World:
    numbers = [f"+1202555{number:04}" for number in range(CUSTOMERS)]
    async with (
        empty.gateway() as process,
        httpx2.AsyncClient(base_url=process.url, timeout=30) as client,
    ):
        service = Caller(client, process.token("service", tenant=TENANT))
        await define(Caller(client, process.token("admin", tenant=TENANT)), _fields())
        ids = [await _customer(service, place, numbers[place]) for place in range(CUSTOMERS)]
    world = World(empty.uri, empty.keys, empty.sandbox, ids, numbers)
    await _introduce(world)
    return world


def _fields() -> list[dict[str, Any]]:
    local = [{"key": key, "kind": "STRING", "dataClass": "BEHAVIOURAL"} for key in LOCAL]
    live = [
        {
            "key": key,
            "kind": kind,
            "dataClass": "BEHAVIOURAL",
            "source": {
                "kind": "LIVE",
                "connector": "crm",
                "object": "contacts",
                "attribute": attribute,
            },
        }
        for key, (kind, attribute) in LIVE.items()
    ]
    return [*local, *live]


async def _customer(service: Caller, place: int, number: str) -> str:
    return await a_profile(
        service,
        name={"given": f"Given{place}", "family": f"Family{place}"},
        birthDate="1985-12-10",
        gender="female",
        language="en",
        identities=[{"channel": "VOICE", "value": number, "verified": True, "primary": True}],
        links=[{"source": "ledger", "object": "accounts", "recordId": str(place)}],
        custom={key: f"{key} of {place}" for key in LOCAL},
    )


async def _introduce(world: World) -> None:
    """Make the CRM know every customer."""
    inputs = [
        {"properties": {"profile_id": one, "loyalty": "gold", "nps": "9", "joined": JOINED}}
        for one in world.ids
    ]
    await world.crm("POST", f"{CONTACTS}/batch/create", {"inputs": inputs})
