"""CSV, read as a stream: RFC 4180, UTF-8 with or without a byte order mark."""

import csv
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from app.imports.errors import ImportTrouble
from app.imports.source_rows import LONGEST_LINE, NOT_UTF8, NUL, REPLACED, SourceRow

_LONGEST_CELL: Final = 1_000_000  # characters
_DELIMITERS: Final = ",;\t"
_BROKEN: Final = "quotes don't match, or a cell is longer than 1 MB"


class CsvRows:
    """The rows of a CSV file whose first row names the columns."""

    def __init__(self, file: BinaryIO) -> None:
        csv.field_size_limit(_LONGEST_CELL)
        self._file = file
        lines = _Lines(file, 0)
        self._delimiter = _delimiter(file)
        self.header = self._header(lines)
        self._begin = lines.end

    def rows(self, number: int, offset: int) -> Iterator[SourceRow]:
        """See `SourceRows`."""
        lines = _Lines(self._file, max(offset, self._begin))
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            lines.taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = None
            if cells == []:
                continue
            number += 1
            yield self._row(number, lines, cells)

    def _row(self, number: int, lines: "_Lines", cells: list[str] | None) -> SourceRow:
        if cells is None:
            text = "".join(lines.taken)
            return SourceRow(number, lines.end, data=text, errors=(("", _BROKEN),))
        columns = list(zip(self.header, cells, strict=False))
        if len(cells) != len(self.header):
            told = f"expected {len(self.header)} cells, found {len(cells)}"
            data = dict(columns) | {"": cells[len(self.header) :]}
            return SourceRow(number, lines.end, data=data, errors=(("", told),))
        errors = _unreadable(lines.taken)
        return SourceRow(number, lines.end, columns, dict(columns) if errors else None, errors)

    def _header(self, lines: "_Lines") -> tuple[str, ...]:
        try:
            names = next(csv.reader(lines, delimiter=self._delimiter, strict=True), [])
        except csv.Error:
            names = []
        if not names or _unreadable(lines.taken):
            raise ImportTrouble("The file doesn't begin with a row of column names in UTF-8.")
        header = tuple(name.removeprefix("\ufeff").strip() for name in names)
        twice = [name for name, count in Counter(header).items() if count > 1]
        if twice:
            raise ImportTrouble(f"Two columns are called {twice[0]!r}.")
        return header


class _Lines:
    """The lines of a file from an offset; `end` is behind the last one, `taken` what was taken."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        file.seek(offset)
        self._file = file
        self.end = offset
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        if len(line) > LONGEST_LINE:
            raise ImportTrouble("A line is longer than 4 MB: is this a CSV file?")
        self.end += len(line)
        text = line.decode("utf-8", "replace")
        self.taken.append(text)
        return text


def _delimiter(file: BinaryIO) -> str:
    """Comma, or what spreadsheets write where the comma parts decimals."""
    file.seek(0)
    first = file.readline(LONGEST_LINE).decode("utf-8", "replace")
    file.seek(0)
    return max(_DELIMITERS, key=first.count)


def _unreadable(lines: list[str]) -> tuple[tuple[str, str], ...]:
    if any("\0" in line for line in lines):
        return (("", NUL),)
    return (("", NOT_UTF8),) if any(REPLACED in line for line in lines) else ()
