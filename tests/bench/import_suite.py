"""What an import costs over the bare inserts that it can't do without."""

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.settings import Settings, StoreSettings
from app.store.attach import Store, attached_store
from app.store.documents import Document
from app.store.embedded import EmbeddedServer
from app.store.indexes import create_indexes
from app.store.names import IDENTITIES, PROFILES, key_of
from app.store.search import base_of, end_of, path_of
from graph.model.search import BY_CREATED_AT, instant_key
from tests.bench.rows import Row, compared
from tests.support.process import running

SUITE = "import"
CASE = "csv-100k"
GATEWAY, BARE = "profile-gateway", "insert_many"
# BENCH_IMPORT_ROWS=100000 and BENCH_WITHIN_S=5400 do what the case is named for.
ROWS = int(os.environ.get("BENCH_IMPORT_ROWS", "5000"))
_PARTS = 8
_BATCH = 200
_TENANT = "bench"


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of the case: part by part, imported and then inserted, so that all hits both."""
    imported_s = bare_s = 0.0
    cuts = [ROWS * part // _PARTS for part in range(_PARTS + 1)]
    with TemporaryDirectory() as folder:
        path = Path(folder)
        async with EmbeddedServer(path / "documents") as server:
            settings = Settings(store=StoreSettings(uri=server.uri, deadline_s=600))
            async with attached_store(settings) as store:
                bare = store.client[f"{settings.store.database}_bare"]
                await create_indexes(bare)
                for numbers in map(range, cuts, cuts[1:]):
                    progress(f"{CASE}: row {numbers.start:,} of {ROWS:,} on")
                    since = datetime.now(UTC)
                    imported_s += await _import_s(path, server.uri, numbers)
                    kept = await _kept(store, since)
                    assert len(kept[PROFILES]) == len(numbers)
                    bare_s += await _insert_s(bare, kept)
    rows = [
        Row(SUITE, CASE, GATEWAY, "rows_per_s", round(ROWS / imported_s, 1), "rows/s"),
        Row(SUITE, CASE, BARE, "rows_per_s", round(ROWS / bare_s, 1), "rows/s"),
        Row(SUITE, CASE, GATEWAY, "rows", ROWS, "rows"),
    ]
    return compared(rows, BARE)


async def _import_s(folder: Path, uri: str, numbers: range) -> float:
    (folder / "customers.csv").write_text(_customers(numbers), "utf-8")
    words = ("import", "customers.csv", "--tenant", _TENANT, "--json")
    async with running(*words, folder=folder, STORE__URI=uri) as it:
        out, err = await it.process.communicate()
    outcome = json.loads(out) if out else {}
    if outcome.get("created") != len(numbers):
        raise ChildProcessError(f"The import did not take every row: {err.decode()}")
    return outcome["seconds"]


async def _kept(store: Store, since: datetime) -> dict[str, list[Document]]:
    """What an import has kept since then, by collection."""
    base = base_of(_TENANT, BY_CREATED_AT)
    created = {"$gte": f"{base}{instant_key(since)}", "$lt": end_of(base)}
    profiles = await store.database[PROFILES].find({path_of(BY_CREATED_AT): created}).to_list()
    wanted = [
        key_of(_TENANT, entry["index"]) for profile in profiles for entry in profile["identities"]
    ]
    claims: list[Document] = []
    for at in range(0, len(wanted), 100):
        part = {"_id": {"$in": wanted[at : at + 100]}}
        claims += await store.database[IDENTITIES].find(part).to_list()
    return {IDENTITIES: claims, PROFILES: profiles}


async def _insert_s(bare: Any, kept: Mapping[str, list[Document]]) -> float:
    """Seconds for the same documents into a database with the same indexes."""
    taken_s = 0.0
    for name, documents in kept.items():
        for at in range(0, len(documents), _BATCH):
            taken_s += await _one_s(bare[name], documents[at : at + _BATCH])
    return taken_s


async def _one_s(collection: Any, documents: list[Document]) -> float:
    began = time.perf_counter()
    await collection.insert_many(documents)
    return time.perf_counter() - began


def _customers(numbers: range) -> str:
    lines = ["name.given,name.family,birthDate,gender,language,identities.EMAIL,identities.VOICE"]
    lines += [
        f"Given{number},Family{number},1985-12-10,f,en,a{number}@example.com,"
        f"+1{2_025_550_000 + number}"
        for number in numbers
    ]
    return "\n".join(lines) + "\n"
