"""Rows that could not be imported, kept so that they can be mended and imported again."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.imports.errors import ImportTrouble
from app.imports.source_rows import SourceRow

_MODE = 0o600


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row and what is wrong with it: pairs of field and reason."""

    row: SourceRow = field(repr=False)
    errors: Sequence[tuple[str, str]]

    def line(self) -> str:
        """Its line of JSON; what the row held is under `data`."""
        data = dict(self.row.columns) if self.row.data is None else self.row.data
        errors = [{"field": name, "reason": reason} for name, reason in self.errors]
        told = {"row": self.row.number, "errors": errors, "data": data}
        return json.dumps(told, ensure_ascii=False) + "\n"

    def told(self) -> str:
        """What is wrong with it in one line, without what it held."""
        reasons = [f"{name}: {reason}" if name else reason for name, reason in self.errors]
        return f"row {self.row.number}: {'; '.join(reasons)}"


class DeadLetters:
    """The file of an import, readable by us alone.  It is made with the first letter."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse_others(self) -> None:
        """Refuse a file that is there before the import begins: somebody may be mending it.

        Raises:
            ImportTrouble: there is one.
        """
        if self.path.exists() and self.path.stat().st_size:
            raise ImportTrouble(
                f"{self.path} is there already. Mend its rows and import them, move it away,"
                " or name another file by --dead-letters."
            )

    def check(self, length: int) -> None:
        """Refuse to go on without what was written so far.

        Raises:
            ImportTrouble: the file is shorter than `length` bytes.
        """
        present = self.path.stat().st_size if self.path.exists() else 0
        if present < length:
            raise ImportTrouble(
                f"{self.path} doesn't hold the rows that were refused so far any more."
                " Put it back, or begin again with --restart."
            )

    def put(self, length: int, letters: Sequence[DeadLetter]) -> int:
        """Write letters behind the first `length` bytes, in place of what is there; the new length.

        They are on the disk before it returns.
        """
        if not letters and not length:
            self.path.unlink(missing_ok=True)
            return 0
        opened = os.open(self.path, os.O_RDWR | os.O_CREAT, _MODE)
        with os.fdopen(opened, "r+b") as file:
            os.fchmod(file.fileno(), _MODE)
            file.truncate(length)
            file.seek(length)
            for letter in letters:
                file.write(letter.line().encode("utf-8", "surrogatepass"))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
