"""What is to be imported, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from app.imports.errors import ImportTrouble
from graph.model.channel import Channel
from graph.model.identity import MAX_PER_CHANNEL
from graph.model.normalising import Normalising

# The embedded server holds what one transaction changes in its memory, each search key on a page of
# its own; larger batches are hardly faster there.
BATCH: Final = 200
SHOWN: Final = 20


class Format(Enum):
    """How a file's rows are written down."""

    CSV = "csv"
    JSONL = "jsonl"
    EXPERTFLOW = "expertflow"


_SUFFIXES: Final = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}


@dataclass(frozen=True, slots=True)
class Order:
    """One import: the file, whose customers they are, and how it is read.

    `columns` maps columns to targets, "" ignores one.  `matched` are the channels that find a
    profile; empty: all.  `max_identities` is of one channel.
    """

    file: Path
    tenant: str
    format: Format
    dead_letters: Path
    normalising: Normalising
    max_identities: int = MAX_PER_CHANNEL
    columns: Mapping[str, str] = field(default_factory=dict)
    matched: frozenset[Channel] = frozenset()
    batch: int = BATCH
    is_dry: bool = False
    is_restart: bool = False

    @property
    def reading(self) -> dict[str, Any]:
        """What decides how a row is understood."""
        return {"format": self.format.value, "columns": dict(self.columns)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, those runs of it counted in that were interrupted.

    `was_done`: the file had been imported before, and nothing was done now.  `bad` rows are in
    `dead_letters`; `told` says of the first of them why.
    """

    created: int
    updated: int
    bad: int
    seconds: float
    dead_letters: Path | None = None
    told: Sequence[str] = ()
    was_done: bool = False
    is_dry: bool = False

    def as_json(self) -> dict[str, Any]:
        """The outcome as --json prints it."""
        return {
            "created": self.created,
            "updated": self.updated,
            "bad": self.bad,
            "seconds": round(self.seconds, 3),
            "deadLetters": str(self.dead_letters) if self.dead_letters else None,
            "told": list(self.told),
            "wasDone": self.was_done,
            "dryRun": self.is_dry,
        }


def format_of(file: Path, named: Format | None) -> Format:
    """The format that was named, or the one that the file's name tells.

    Raises:
        ImportTrouble: neither does.
    """
    found = named or _SUFFIXES.get(file.suffix.lower())
    if found is None:
        raise ImportTrouble(f"{file}: say by --format whether this is csv, jsonl or expertflow.")
    return found
