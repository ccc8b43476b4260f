"""All documents of a database in one file, and back.

`backup_file` tells what the file looks like.  Indexes, views and time series aren't in it: the
gateway declares what it needs.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import pymongo
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from app.store.backup_file import Document, Draft, Summary, check, parse
from app.store.errors import BackupError

Progress = Callable[[int, int], None]
"""Called with the number of documents done, and of all (an estimate while a backup runs)."""

_MARKER = "restore"
_BATCH = 500
# The gateway's own deadline is too short: the embedded server gathers all of a collection before
# it answers with the first of it, which takes seconds.
_BATCH_WITHIN_S = 300.0
_RAW = CodecOptions(document_class=RawBSONDocument)
_DUPLICATE_KEY = 11000


async def backup(
    database: AsyncDatabase[dict[str, Any]], path: Path, progress: Progress
) -> Summary:
    """Write all documents of `database` to the file `path`, readable by us alone.

    The file takes its name, from an older one too, when it is whole and on the disk.  Each
    document is as it was at a moment of the backup, not all at the same moment: to keep together
    what belongs together, let nothing write meanwhile.

    Raises:
        BackupError: the database holds half a restore, or the file can't be written.
        pymongo.errors.PyMongoError: the store failed.
    """
    if await restore_in_progress(database):
        raise BackupError("The database holds an unfinished restore. Finish that first.")
    try:
        draft = Draft(path, database.name)
        try:
            await _copy(database, draft, progress)
            return await asyncio.to_thread(draft.finish)
        finally:
            draft.discard()
    except OSError as error:
        raise BackupError(f"{path} can't be written: {error.strerror}.") from error


async def _copy(database: AsyncDatabase[dict[str, Any]], draft: Draft, progress: Progress) -> None:
    names = [name for name in await _collections(database) if name != _MARKER]
    total = sum([await database[name].estimated_document_count() for name in names])
    done = 0
    for name in names:
        # One cursor, not pages that begin after the last `_id`: a MongoDB walks its index on
        # `_id` either way, the embedded server reads the whole collection for every page.  And
        # such pages would pass over an `_id` of another type.
        collection = database[name].with_options(_RAW)
        async with collection.find(batch_size=_BATCH).sort("_id", pymongo.ASCENDING) as cursor:
            while documents := await _batch(cursor):
                await asyncio.to_thread(draft.add, name, documents)
                done += len(documents)
                progress(done, max(done, total))


async def restore(
    database: AsyncDatabase[dict[str, Any]], path: Path, progress: Progress
) -> Summary:
    """Write all documents of the file `path` into `database`, which must hold none.

    Nothing is written unless the whole file is as `backup` made it.  A restore that was
    interrupted is finished by running it again with the same file; until then,
    `restore_in_progress` is true.

    Raises:
        BackupError: the file isn't whole or can't be read, the database holds documents, or it
            refuses one.
        pymongo.errors.PyMongoError: the store failed.
    """
    try:
        with _opened(path) as file:
            summary = await asyncio.to_thread(check, file)
            await _begin(database, summary.sha256)
            await _fill(database, file, summary.documents, progress)
    except OSError as error:
        raise BackupError(f"{path} can't be read: {error.strerror}.") from error
    await database.drop_collection(_MARKER)
    return summary


async def restore_in_progress(database: AsyncDatabase[dict[str, Any]]) -> bool:
    """Whether a restore has begun and not ended, so that only a part of the data may be there."""
    return await database[_MARKER].find_one({"_id": _MARKER}) is not None


async def _begin(database: AsyncDatabase[dict[str, Any]], sha256: str) -> None:
    marker = await database[_MARKER].find_one({"_id": _MARKER})
    if marker is not None:
        if marker["sha256"] != sha256:
            raise BackupError(
                "The database holds an unfinished restore of another file."
                " Finish it with that file, or drop the database first."
            )
        return
    for name in await _collections(database):
        if await database[name].find_one({}, {"_id": 1}) is not None:
            raise BackupError(f"The database isn't empty: {name} holds documents.")
    await database[_MARKER].insert_one(
        {"_id": _MARKER, "sha256": sha256, "startedAt": datetime.now(UTC)}
    )


async def _fill(
    database: AsyncDatabase[dict[str, Any]], file: BinaryIO, total: int, progress: Progress
) -> None:
    file.seek(0)
    lines = islice(enumerate(file, 1), 1, total + 1)
    done = 0
    while batch := await asyncio.to_thread(lambda: parse(islice(lines, _BATCH))):
        for name, rows in groupby(batch, key=itemgetter(0)):
            with pymongo.timeout(_BATCH_WITHIN_S):
                await _insert(database, name, [document for _, document in rows])
        done += len(batch)
        progress(done, total)


async def _insert(
    database: AsyncDatabase[dict[str, Any]], name: str, documents: Sequence[Document]
) -> None:
    """Insert `documents`; one whose `_id` is there already came from the same file, earlier."""
    try:
        await database[name].insert_many(documents, ordered=False)
    except BulkWriteError as error:
        # The driver's own message would hold the documents.
        failures = error.details["writeErrors"] + error.details["writeConcernErrors"]
        refused = [failure for failure in failures if not _is_there_already(failure)]
        if refused:
            codes = sorted({failure["code"] for failure in refused})
            raise BackupError(
                f"The server refused {len(refused)} documents of {name} (codes {codes})."
            ) from None


def _is_there_already(failure: dict[str, Any]) -> bool:
    return failure["code"] == _DUPLICATE_KEY and failure.get("keyPattern") == {"_id": 1}


async def _collections(database: AsyncDatabase[dict[str, Any]]) -> list[str]:
    names = await database.list_collection_names(filter={"type": "collection"})
    return sorted(name for name in names if not name.startswith("system."))


async def _batch(cursor: AsyncCursor[RawBSONDocument]) -> list[RawBSONDocument]:
    with pymongo.timeout(_BATCH_WITHIN_S):
        return await cursor.to_list(_BATCH)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")
