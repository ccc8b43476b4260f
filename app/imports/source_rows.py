"""Rows as files have them, whatever the format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

LONGEST_LINE: Final = 4_000_000  # bytes
REPLACED: Final = "\ufffd"
NOT_UTF8: Final = "this isn't UTF-8 text; what can't be read is shown as \ufffd"
NUL: Final = "a NUL can't be imported"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: its number (the first is 1) and the byte offset behind it.

    `columns` are pairs of column and value, `data` is the row as it was, to be kept where it is
    refused; `errors` are pairs of field and reason, empty where it could be read.
    """

    number: int
    end: int
    columns: Sequence[tuple[str, object]] = field(repr=False, default=())
    data: object = field(repr=False, default=None)
    errors: tuple[tuple[str, str], ...] = ()


class SourceRows(Protocol):
    """A file that is read row by row."""

    def rows(self, number: int, offset: int) -> Iterator[SourceRow]:
        """The rows behind row `number`, which ends at the byte `offset`; 0 and 0: all of them.

        Raises:
            ImportTrouble: the file can't be read any further.
        """
