"""A process that reads live attributes as 200 operations of a gateway do at once, and says how it
went: `python -m tests.support.live_readers '{...}'`, see `Task`."""

import asyncio
import json
import os
import random
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pymongo import AsyncMongoClient

from app.cache_settings import CacheSettings
from app.shared_cache import SharedCache, opened_server
from connectors.base import SourceSettings
from connectors.registry import connector_of
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client
from connectors.runtime.pace import Pace
from connectors.runtime.shared import NOTHING_SHARED
from graph.live import LiveReads
from graph.model.custom_field import FieldDefinition, FieldSource, SourceKind
from graph.sources import Source
from policies.classification import DataClass
from tests.support.sealing import a_sealing

QUERIES, EACH, BUDGET_S = 200, 20, 60.0
SCORE = FieldDefinition(
    id="SCORE",
    key="score",
    label="Score",
    kind="NUMBER",
    data_class=DataClass.BEHAVIOURAL,
    source=FieldSource(SourceKind.LIVE, "crm", "contacts", "nps"),
)


@dataclass(frozen=True, slots=True)
class Task:
    """Where the CRM is and which profiles it knows (number n has score n); the shared cache.

    The process begins at `begins_at`, by the clock, so that several begin together.  Where
    `is_apart`, each operation has a source of its own, as in a gateway that shares no calls.
    """

    crm_url: str
    token: str
    profiles: int
    seed: int
    begins_at: float
    store_uri: str
    database: str
    cache: dict[str, object] | None = None
    is_apart: bool = False


async def _run(task: Task) -> dict[str, object]:
    async with AsyncExitStack() as stack:
        shared = await _source(task, stack)
        sources = [replace(shared) if task.is_apart else shared for _ in range(QUERIES)]
        for source in sources:
            stack.push_async_callback(source.close)
        await asyncio.sleep(task.begins_at - time.time())
        chance, began = random.Random(task.seed), time.monotonic()  # noqa: S311 - no secret
        queries = [
            asyncio.create_task(_query(source, chance.sample(range(task.profiles), EACH)))
            for source in sources
        ]
        await asyncio.sleep(0)
        queries[0].cancel()  # who was the first to ask hangs up
        found = await asyncio.gather(*queries, return_exceptions=True)
        took_s = time.monotonic() - began
    hung_up, *others = found
    return {
        "calls": sum(gate.calls for gate in {id(one.gate): one.gate for one in sources}.values()),
        "hung_up": isinstance(hung_up, asyncio.CancelledError),
        "right": sum(one is True for one in others),
        "seconds": round(took_s, 3),
    }


async def _source(task: Task, stack: AsyncExitStack) -> Source:
    http = await stack.enter_async_context(source_client(LOOPBACK))
    connector = connector_of("hubspot")(SourceSettings("crm", task.crm_url, task.token))
    shared, pace = NOTHING_SHARED, Pace(fresh_s=600, timeout_s=BUDGET_S)
    if task.cache:
        client = await stack.enter_async_context(AsyncMongoClient(task.store_uri, tz_aware=True))
        server = await stack.enter_async_context(opened_server(CacheSettings(**task.cache)))
        assert server is not None
        sealing = a_sealing(client[task.database])
        await sealing.tenant("acme")
        shared = SharedCache(server, sealing, "acme", "crm", pace.fresh_s)
    return Source("crm", "acme", connector, http, "profile:profile_id", pace, shared)


async def _query(source: Source, numbers: list[int]) -> bool:
    """One operation; whether it was told of each profile what the CRM knows."""
    live = LiveReads({"crm": source}, [SCORE], Budget(BUDGET_S), lambda: datetime.now(UTC))
    try:
        found = await asyncio.gather(*(live.read(SCORE, f"P{one}", ()) for one in numbers))
    finally:
        live.close()
    return [(one.value, one.error) for one in found] == [(number, None) for number in numbers]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "error")
    sys.stdout.write(json.dumps(asyncio.run(_run(Task(**json.loads(sys.argv[1]))))))
