"""What can go wrong at the store, beside what clients are told (graph/errors.py).

StoreMismatch         it can't be used with these settings
BackupError           a backup can't be made or restored
EmbeddedServerError   the embedded server can't be used; in embedded_files.py
"""


class StoreMismatch(Exception):
    """The database can't be used with these settings; the message says why and what to do."""


class BackupError(Exception):
    """A backup can't be made or restored; names the line of the file, never what it holds."""

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.line = line
