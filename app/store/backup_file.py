"""A backup's file: JSON lines that say themselves whether they are whole.

The first line is the header {format, version, createdAt, database}.  Then comes one line
{c: collection, d: document} for each document, in MongoDB's canonical extended JSON, which keeps
every type.  A document that it wouldn't keep to the bit (with a name like "$date" in it, or a
Decimal128 of minus NaN) is {c: collection, b: its BSON in base64} instead.  The last line is the
footer {counts, sha256}; its hash is over all lines before it.
"""

import hashlib
import os
import sys
import tempfile
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import bson
import orjson
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from app.store.errors import BackupError

_FORMAT = "profile-gateway-backup"
_VERSION = 1
# Dates as milliseconds, because a stored one may lie outside the years that Python has.
_TYPES = CodecOptions[dict[str, Any]](
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_MS
)
_JSON = json_util.JSONOptions(
    json_mode=json_util.JSONMode.CANONICAL,
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_MS,
)
_UNREADABLE = (ValueError, TypeError, KeyError, ArithmeticError, BSONError)

Document = dict[str, Any] | RawBSONDocument
"""A document to be stored; raw where its BSON was kept as it is."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a file holds: how many documents, in all and by collection; its hash, hexadecimal."""

    documents: int
    collections: Mapping[str, int]
    sha256: str


class Draft:
    """A file while it is written: beside its place, under another name, readable by us alone.

    Raises:
        OSError: the file can't be written; every method may raise it.
    """

    def __init__(self, path: Path, database: str) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._counts: Counter[str] = Counter()
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        self._draft = Path(name)
        self._file = os.fdopen(descriptor, "wb")
        created_at = datetime.now(UTC).isoformat(timespec="seconds")
        header = {"format": _FORMAT, "version": _VERSION, "createdAt": created_at}
        self._write({**header, "database": database})

    def add(self, collection: str, documents: Sequence[RawBSONDocument]) -> None:
        """Write `documents`, each so that it reads back the same to the bit."""
        for document in documents:
            raw = bytes(document.raw)
            text = _extended_json(raw)
            if text is None:
                self._write({"c": collection, "b": b64encode(raw).decode()})
            else:
                self._write({"c": collection, "d": orjson.Fragment(text)})
        self._counts[collection] += len(documents)

    def finish(self) -> Summary:
        """Add the footer, bring the file to the disk, and give it its name."""
        summary = Summary(self._counts.total(), dict(self._counts), self._hash.hexdigest())
        self._write({"counts": summary.collections, "sha256": summary.sha256})
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.replace(self._path)
        _sync_directory(self._path.parent)
        return summary

    def discard(self) -> None:
        """Leave nothing but a finished file."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def _write(self, line: Mapping[str, Any]) -> None:
        text = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        self._hash.update(text)
        self._file.write(text)


def _extended_json(raw: bytes) -> str | None:
    """The document in extended JSON; None where that wouldn't read back the same."""
    try:
        text = json_util.dumps(bson.decode(raw, _TYPES), json_options=_JSON)
        same = bson.encode(json_util.loads(text, json_options=_JSON)) == raw
    except _UNREADABLE:
        return None
    return text if same else None


def _sync_directory(path: Path) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check(file: BinaryIO) -> Summary:
    """What `file` holds, once all of it was found to be as `Draft` wrote it.

    Raises:
        BackupError: it isn't a backup, is of a newer kind, was cut short or was changed.
    """
    _check_header(_parsed(file.readline(), 1))
    file.seek(0)
    running = hashlib.sha256()
    counts: Counter[str] = Counter()
    for number, text in enumerate(file, 1):
        line = _parsed(text, number)
        if "sha256" in line:
            if file.read(1):
                raise BackupError("something follows the footer", line=number + 1)
            summary = Summary(counts.total(), dict(counts), running.hexdigest())
            if line != {"counts": summary.collections, "sha256": summary.sha256}:
                raise BackupError("the footer is another file's: a line was changed", line=number)
            return summary
        if number > 1:
            counts[_collection(line, number)] += 1
        running.update(text)
    raise BackupError("The file was cut short: its last line is no footer.")


def _parsed(text: bytes, number: int) -> dict[str, Any]:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BackupError("is not JSON: the file was cut short or changed", line=number) from None
    if not isinstance(line, dict):
        raise BackupError("is not an object", line=number)
    return line


def _check_header(header: Mapping[str, Any]) -> None:
    if header.get("format") != _FORMAT:
        raise BackupError("this is no backup of a profile gateway", line=1)
    if header.get("version") != _VERSION:
        raise BackupError("this backup is of a newer gateway; restore it with that one", line=1)


def _collection(line: Mapping[str, Any], number: int) -> str:
    document, name = line.get("d"), line.get("c")
    holds_one = isinstance(line.get("b"), str) or isinstance(document, dict)
    if not isinstance(name, str) or not holds_one:
        raise BackupError("holds no document", line=number)
    return name


def parse(lines: Iterable[tuple[int, bytes]]) -> list[tuple[str, Document]]:
    """The collections and documents in numbered lines of a file that was checked."""
    documents: list[tuple[str, Document]] = []
    for number, text in lines:
        try:
            line = json_util.loads(text, json_options=_JSON)
            document = RawBSONDocument(b64decode(line["b"])) if "b" in line else line["d"]
        except _UNREADABLE:
            raise BackupError("holds a value that is none", line=number) from None
        documents.append((line["c"], document))
    return documents
