"""What an import costs over the bare inserts that it can't do without."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.settings import Settings, StoreSettings
from app.store.attach import Store, attached_store
from app.store.embedded import EmbeddedServer
from app.store.indexes import create_indexes
from tests.bench.rows import Row, compared
from tests.support.process import running

SUITE = "import"
CASE = "csv-100k"
GATEWAY, BARE = "profile-gateway", "insert_many"
# BENCH_IMPORT_ROWS=100000 and BENCH_WITHIN_S=3600 do what the case is named for.
ROWS = int(os.environ.get("BENCH_IMPORT_ROWS", "5000"))
_BATCH = 500
_COLLECTIONS = ("identities", "profiles")


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of the case."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "customers.csv").write_text(_customers(ROWS), "utf-8")
        async with EmbeddedServer(path / "documents") as server:
            progress(f"{CASE}: {ROWS} rows by profile-gateway import")
            imported_s = await _import_s(path, server.uri)
            progress(f"{CASE}: the same documents by insert_many")
            settings = Settings(store=StoreSettings(uri=server.uri, deadline_s=600))
            async with attached_store(settings) as store:
                bare_s = await _insert_s(store, settings.store.database)
    rows = [
        Row(SUITE, CASE, GATEWAY, "rows_per_s", round(ROWS / imported_s, 1), "rows/s"),
        Row(SUITE, CASE, BARE, "rows_per_s", round(ROWS / bare_s, 1), "rows/s"),
        Row(SUITE, CASE, GATEWAY, "rows", ROWS, "rows"),
    ]
    return compared(rows, BARE)


async def _import_s(folder: Path, uri: str) -> float:
    words = ("import", "customers.csv", "--tenant", "bench", "--json")
    async with running(*words, folder=folder, STORE__URI=uri) as it:
        out, err = await it.process.communicate()
    outcome = json.loads(out) if out else {}
    if outcome.get("created") != ROWS:
        raise ChildProcessError(f"The import did not take every row: {err.decode()}")
    return outcome["seconds"]


async def _insert_s(store: Store, database: str) -> float:
    """Seconds for the same documents into a database with the same indexes."""
    target = store.client[f"{database}_bare"]
    await create_indexes(target)
    taken_s = 0.0
    for name in _COLLECTIONS:
        documents = await store.database[name].find({}).to_list()
        for at in range(0, len(documents), _BATCH):
            taken_s += await _one_s(target[name], documents[at : at + _BATCH])
    return taken_s


async def _one_s(collection: Any, documents: list[dict[str, Any]]) -> float:
    began = time.perf_counter()
    await collection.insert_many(documents)
    return time.perf_counter() - began


def _customers(count: int) -> str:
    lines = ["name.given,name.family,birthDate,gender,language,identities.EMAIL,identities.VOICE"]
    lines += [
        f"Given{number},Family{number},1985-12-10,f,en,a{number}@example.com,"
        f"+1{2_025_550_000 + number}"
        for number in range(count)
    ]
    return "\n".join(lines) + "\n"
