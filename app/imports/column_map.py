"""The file that says which column goes where."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.imports.errors import ImportTrouble

_MAX_BYTES: Final = 1_000_000


def read_column_map(path: Path | None) -> Mapping[str, str]:
    """The targets by column; "" for a column that is ignored; none without a file.

    Raises:
        ImportTrouble: it can't be understood.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            told = tomllib.loads(file.read(_MAX_BYTES).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ImportTrouble(f"{path} isn't TOML.") from None
    except OSError as error:
        raise ImportTrouble(f"{path} can't be read: {error.strerror}.") from None
    columns = told.pop("columns", None)
    if told or not isinstance(columns, dict):
        raise ImportTrouble(f"{path} must hold one table, [columns].")
    wrong = [name for name, target in columns.items() if not isinstance(target, str)]
    if wrong:
        raise ImportTrouble(f"{path}: the target of {wrong[0]!r} must be a text in quotes.")
    return columns
