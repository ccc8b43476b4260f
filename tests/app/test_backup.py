import asyncio
import json
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from app.store.backup import backup, restore, restore_in_progress
from app.store.backup_file import Summary
from app.store.client import open_client
from app.store.embedded import EmbeddedServer
from app.store.errors import BackupError

Database = AsyncDatabase[dict[str, Any]]

INT64 = st.integers(-(2**63), 2**63 - 1)
MILLISECONDS = st.integers(-62_135_596_800_000, 253_402_300_799_999)
SCALARS = st.one_of(
    st.text(),
    INT64,
    INT64.map(Int64),
    st.floats(),
    st.booleans(),
    st.none(),
    MILLISECONDS.map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)),
    st.binary(),
    st.binary().map(lambda data: Binary(data, 6)),
    st.uuids().map(Binary.from_uuid),
    st.decimals(-(10**25), 10**25, places=4).map(str).map(Decimal128),
    st.binary(min_size=16, max_size=16).map(Decimal128.from_bid),
)
NAMES = st.text(min_size=1).filter(lambda name: "\0" not in name and "$" not in name)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
)
DOCUMENTS = st.dictionaries(NAMES.filter(lambda name: name != "_id"), VALUES, max_size=6)


@given(st.lists(DOCUMENTS, min_size=1, max_size=50))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
async def test_what_is_restored_is_what_was_backed_up_to_the_bit(
    source: Database, target: Database, tmp_path: Path, documents: list[dict[str, Any]]
):
    for database in (source, target):
        await database.one.delete_many({})
        await database.two.delete_many({})
    await source.one.insert_many([{"_id": f"t:{n}", **one} for n, one in enumerate(documents)])
    await source.two.insert_one({"_id": Int64(7)})

    await backup(source, tmp_path / "all.jsonl", ignore)
    await restore(target, tmp_path / "all.jsonl", ignore)

    assert await contents(target) == await contents(source)


async def test_the_file_says_what_it_holds_and_is_ours_alone(source: Database, tmp_path: Path):
    await source.people.insert_many([{"_id": "b"}, {"_id": "a", "n": 1}])
    await source.notes.insert_one({"_id": "c"})

    summary = await backup(source, tmp_path / "all.jsonl", ignore)

    header, *lines, footer = map(json.loads, (tmp_path / "all.jsonl").read_text().splitlines())
    assert (header["format"], header["version"]) == ("profile-gateway-backup", 1)
    assert header["database"] == source.name
    assert datetime.fromisoformat(header["createdAt"]).tzinfo is not None
    assert lines == [
        {"c": "notes", "d": {"_id": "c"}},
        {"c": "people", "d": {"_id": "a", "n": {"$numberInt": "1"}}},
        {"c": "people", "d": {"_id": "b"}},
    ]
    assert footer == {"counts": {"notes": 1, "people": 2}, "sha256": summary.sha256}
    assert summary == Summary(3, {"notes": 1, "people": 2}, summary.sha256)
    assert stat.S_IMODE((tmp_path / "all.jsonl").stat().st_mode) == 0o600


async def test_both_ways_tell_how_far_they_are(source: Database, target: Database, tmp_path: Path):
    await source.people.insert_many([{"_id": str(n)} for n in range(1200)])
    out: list[tuple[int, int]] = []
    back: list[tuple[int, int]] = []

    await backup(source, tmp_path / "all.jsonl", lambda *step: out.append(step))
    await restore(target, tmp_path / "all.jsonl", lambda *step: back.append(step))

    assert out == [(500, 1200), (1000, 1200), (1200, 1200)]
    assert back == out


async def test_an_empty_database_makes_a_file_that_restores_to_nothing(
    source: Database, target: Database, tmp_path: Path
):
    summary = await backup(source, tmp_path / "all.jsonl", ignore)
    restored = await restore(target, tmp_path / "all.jsonl", ignore)

    assert summary.documents == 0
    assert restored == summary
    assert await contents(target) == {}


async def test_a_name_that_means_a_type_in_extended_json_is_kept_as_a_name(
    source: Database, target: Database, tmp_path: Path
):
    tricky = {"_id": "a", "x": {"$numberInt": "5"}, "y": {"$date": "soon"}, "z": {"$oid": []}}
    await source.people.insert_one(tricky)

    await backup(source, tmp_path / "all.jsonl", ignore)
    await restore(target, tmp_path / "all.jsonl", ignore)

    assert await target.people.find_one() == tricky


async def test_a_backup_that_fails_leaves_the_older_file_and_nothing_else(
    source: Database, tmp_path: Path
):
    await source.people.insert_one({"_id": "a"})
    await backup(source, tmp_path / "all.jsonl", ignore)
    older = (tmp_path / "all.jsonl").read_bytes()

    with pytest.raises(ZeroDivisionError):
        await backup(source, tmp_path / "all.jsonl", lambda done, total: done // (done - total))

    assert (tmp_path / "all.jsonl").read_bytes() == older
    assert files_in(tmp_path) == ["all.jsonl"]


async def test_a_damaged_file_is_refused_before_anything_is_written(
    source: Database, target: Database, tmp_path: Path
):
    await source.people.insert_many([{"_id": str(n)} for n in range(600)])
    await backup(source, tmp_path / "all.jsonl", ignore)
    whole = (tmp_path / "all.jsonl").read_bytes()
    (tmp_path / "all.jsonl").write_bytes(whole.replace(b'"_id": "599"', b'"_id": "598"'))

    with pytest.raises(BackupError):
        await restore(target, tmp_path / "all.jsonl", ignore)

    assert await target.list_collection_names() == []
    assert not await restore_in_progress(target)


async def test_a_database_with_documents_is_not_restored_into(
    source: Database, target: Database, tmp_path: Path
):
    await source.people.insert_one({"_id": "a", "from": "file"})
    await backup(source, tmp_path / "all.jsonl", ignore)
    await target.people.insert_one({"_id": "a", "from": "target"})

    with pytest.raises(BackupError, match="isn't empty: people"):
        await restore(target, tmp_path / "all.jsonl", ignore)

    assert await target.people.find().to_list() == [{"_id": "a", "from": "target"}]
    assert not await restore_in_progress(target)


async def test_an_interrupted_restore_is_known_and_can_be_finished(
    source: Database, target: Database, tmp_path: Path
):
    await source.people.insert_many([{"_id": str(n), "n": n} for n in range(1700)])
    await backup(source, tmp_path / "all.jsonl", ignore)
    await interrupt_restore(target, tmp_path / "all.jsonl")
    half = await target.people.count_documents({})
    assert await restore_in_progress(target)

    summary = await restore(target, tmp_path / "all.jsonl", ignore)

    assert 0 < half < 1700
    assert summary.documents == 1700
    assert await contents(target) == await contents(source)
    assert not await restore_in_progress(target)


async def test_half_a_restore_is_neither_backed_up_nor_finished_with_another_file(
    source: Database, target: Database, tmp_path: Path
):
    await source.people.insert_many([{"_id": str(n)} for n in range(700)])
    await backup(source, tmp_path / "one.jsonl", ignore)
    await source.people.delete_one({"_id": "0"})
    await backup(source, tmp_path / "two.jsonl", ignore)
    await interrupt_restore(target, tmp_path / "one.jsonl")

    with pytest.raises(BackupError, match="another file"):
        await restore(target, tmp_path / "two.jsonl", ignore)
    with pytest.raises(BackupError, match="unfinished restore"):
        await backup(target, tmp_path / "three.jsonl", ignore)

    assert await restore_in_progress(target)
    assert not (tmp_path / "three.jsonl").exists()


async def test_a_document_the_server_refuses_leaves_the_restore_unfinished(
    source: Database, target: Database, tmp_path: Path
):
    await source.people.insert_many([{"_id": "a", "k": "4711"}, {"_id": "b", "k": "4711"}])
    await backup(source, tmp_path / "all.jsonl", ignore)
    await target.people.create_index("k", unique=True)

    with pytest.raises(BackupError) as refused:
        await restore(target, tmp_path / "all.jsonl", ignore)

    assert str(refused.value) == "The server refused 1 documents of people (codes [11000])."
    assert refused.value.__suppress_context__
    assert await restore_in_progress(target)


async def test_a_place_that_cannot_be_written_or_read_is_named(
    source: Database, target: Database, tmp_path: Path
):
    nowhere = tmp_path / "none" / "all.jsonl"

    with pytest.raises(BackupError, match=r"all\.jsonl can't be written: No such file"):
        await backup(source, nowhere, ignore)
    with pytest.raises(BackupError, match=r"all\.jsonl can't be read: No such file"):
        await restore(target, nowhere, ignore)


@pytest.fixture
async def client(document_server: EmbeddedServer) -> AsyncIterator[AsyncMongoClient]:
    async with open_client(document_server.uri, 60) as client:
        yield client


@pytest.fixture
async def source(client: AsyncMongoClient) -> Database:
    await client.drop_database("backup_source")
    return client["backup_source"]


@pytest.fixture
async def target(client: AsyncMongoClient) -> Database:
    await client.drop_database("backup_target")
    return client["backup_target"]


def ignore(done: int, total: int) -> None:
    assert done <= total


def files_in(path: Path) -> list[str]:
    return [file.name for file in path.iterdir()]


async def contents(database: Database) -> dict[str, list[bytes]]:
    found = {}
    for name in await database.list_collection_names():
        raw = database[name].with_options(CodecOptions(document_class=RawBSONDocument))
        found[name] = [bytes(document.raw) async for document in raw.find().sort("_id", 1)]
    return found


async def interrupt_restore(database: Database, path: Path) -> None:
    """Cancel a restore after its first batch, and lose a document of that batch."""
    task = asyncio.ensure_future(restore(database, path, lambda *_: task.cancel()))
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.people.delete_one({"_id": "1"})
