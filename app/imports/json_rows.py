"""JSON Lines, and JSON arrays of rows, read as a stream."""

import codecs
import json
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import BinaryIO, Final

import orjson

from app.imports.errors import ImportTrouble, RowRefused
from app.imports.source_rows import LONGEST_LINE, NOT_UTF8, REPLACED, SourceRow

Columns = Callable[[Mapping[str, object]], list[tuple[str, object]]]
"""From a row to its columns; raises `RowRefused`."""

_DEAD_LETTER: Final = frozenset({"row", "errors", "data"})
_CHUNK: Final = 65_536
_BLANK: Final = " \t\r\n"
_LATE: Final = "The file isn't a JSON array any more behind row {}."


class JsonRows:
    """The rows of JSON Lines or of one JSON array; the lines of a dead-letter file too."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._file = file
        self._columns = columns
        file.seek(0)
        start = file.read(_CHUNK).removeprefix(codecs.BOM_UTF8)
        self._is_array = start.lstrip().startswith(b"[")

    def rows(self, number: int, offset: int) -> Iterator[SourceRow]:
        """See `SourceRows`."""
        self._file.seek(offset)
        return (self._items if self._is_array else self._lines)(number, offset)

    def _lines(self, number: int, offset: int) -> Iterator[SourceRow]:
        while line := self._file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise ImportTrouble("A line is longer than 4 MB: is this JSON Lines?")
            offset += len(line)
            text = line.removeprefix(codecs.BOM_UTF8).strip()
            if text:
                number += 1
                yield self._line(number, offset, text)

    def _line(self, number: int, end: int, line: bytes) -> SourceRow:
        text = line.decode("utf-8", "replace")
        if REPLACED in text:
            return SourceRow(number, end, data=text, errors=(("", NOT_UTF8),))
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            return SourceRow(number, end, data=text, errors=(("", "this isn't JSON"),))
        return self._row(number, end, row)

    def _items(self, number: int, offset: int) -> Iterator[SourceRow]:
        items = _Items(self._file, offset)
        while True:
            try:
                row = items.next()
            except (ValueError, UnicodeDecodeError):
                raise ImportTrouble(_LATE.format(number)) from None
            if row is None:
                return
            number += 1
            yield self._row(number, items.end, row)

    def _row(self, number: int, end: int, row: object) -> SourceRow:
        if isinstance(row, dict) and row.keys() == _DEAD_LETTER:
            row = row["data"]
        if not isinstance(row, dict):
            return SourceRow(number, end, data=row, errors=(("", "expected an object"),))
        try:
            return SourceRow(number, end, self._columns(row), row)
        except RowRefused as refused:
            return SourceRow(number, end, data=row, errors=refused.errors)


class _Items:
    """The items of an array, one after the other; `end` is the byte offset behind the last one."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self.end = offset

    def next(self) -> object:
        """The next item, None behind the last; raises `ValueError` for what isn't an array."""
        mark = self._mark()
        if mark == "]":
            return None
        self._drop(1)
        if self._mark() == "]" and mark == "[":
            return None
        if mark not in "[,":
            raise ValueError("neither a comma nor an end")
        while True:
            try:
                item, length = json.JSONDecoder().raw_decode(self._text)
            except json.JSONDecodeError:
                if len(self._text) > LONGEST_LINE or not self._fill():
                    raise
                continue
            self._drop(length)
            return item if item is not None else ""

    def _mark(self) -> str:
        """The next character that isn't blank, which stays."""
        while True:
            bare = self._text.lstrip("\ufeff" + _BLANK)
            self._drop(len(self._text) - len(bare))
            if bare:
                return bare[0]
            if not self._fill():
                raise ValueError("it ends too early")

    def _drop(self, count: int) -> None:
        self.end += len(self._text[:count].encode())
        self._text = self._text[count:]

    def _fill(self) -> bool:
        chunk = self._file.read(_CHUNK)
        self._text += self._decoder.decode(chunk, final=not chunk)
        return bool(chunk)


def profile_columns(
    row: Mapping[str, object], mapped: AbstractSet[str] = frozenset()
) -> list[tuple[str, object]]:
    """The columns of a row that is flat, or nested as a profile is; those `mapped` stay whole.

    Raises:
        RowRefused: a nested part has another shape.
    """
    parts = ([(key, value)] if key in mapped else _part(key, value) for key, value in row.items())
    return list(chain.from_iterable(parts))


def _part(key: str, value: object) -> list[tuple[str, object]]:
    if key in {"name", "custom"} and isinstance(value, dict):
        return [(f"{key}.{part}", item) for part, item in value.items()]
    if key == "identities" and isinstance(value, dict):
        return [(f"identities.{channel}", item) for channel, item in value.items()]
    if key == "identities" and isinstance(value, list):
        return [_identity(item) for item in value]
    if key == "links" and isinstance(value, list):
        return [_link(item) for item in value]
    return [(key, value)]


def _identity(item: object) -> tuple[str, object]:
    if not isinstance(item, dict) or item.keys() != {"channel", "value"}:
        raise RowRefused(("identities", "expected objects with channel and value"))
    return f"identities.{item['channel']}", item["value"]


def _link(item: object) -> tuple[str, object]:
    if not isinstance(item, dict) or item.keys() != {"source", "object", "recordId"}:
        raise RowRefused(("links", "expected objects with source, object and recordId"))
    return f"link.{item['source']}.{item['object']}", item["recordId"]
