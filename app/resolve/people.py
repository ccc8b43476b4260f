"""Profiles as a table in memory, one row for each: what is compared, and blocking keys."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType

from app.store.matches import LARGEST_BLOCK
from graph.model.comparison import Measure, level_of, level_of_names
from graph.model.traits import BIRTH, FAMILY, GIVEN, Traits

COLUMNS: Final = {GIVEN: "given", FAMILY: "family", BIRTH: "birth"}
_TEXT: Final = "VARCHAR"


@dataclass(slots=True)
class People:
    """Who is compared: ids, traits and blocks in step, and how each attribute is compared."""

    measures: dict[str, Measure]
    ids: list[str] = field(default_factory=list)
    traits: list[Traits] = field(default_factory=list, repr=False)
    blocks: list[Sequence[str]] = field(default_factory=list, repr=False)

    def add(self, id: str, traits: Traits, blocks: Sequence[str]) -> None:
        """One more."""
        self.ids.append(id)
        self.traits.append(traits)
        self.blocks.append(blocks)

    @property
    def columns(self) -> dict[str, str]:
        """The column of each attribute that anybody has."""
        used = {name for traits in self.traits for name in traits.by_attribute}
        numbered = enumerate(name for name in self.measures if name in used)
        return {name: COLUMNS.get(name, f"c{number}") for number, name in numbered}

    def block_sizes(self) -> Counter[str]:
        """How many share each block."""
        return Counter(block for blocks in self.blocks for block in blocks)


def opened_table(people: People) -> duckdb.DuckDBPyConnection:
    """A database in memory with the table `people`, and our levels as functions of it.

    Nothing of it is ever written to a disk: where memory doesn't suffice, it fails.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET temp_directory = ''")
    _add_levels(connection)
    sizes = people.block_sizes()
    columns: dict[str, list[Any]] = {
        "unique_id": list(people.ids),
        "blocks": [
            [block for block in blocks if 1 < sizes[block] <= LARGEST_BLOCK]
            for blocks in people.blocks
        ],
    }
    for name in (GIVEN, FAMILY, *people.columns):
        column = people.columns.get(name, COLUMNS.get(name, name))
        columns[column] = [traits.text(name) or None for traits in people.traits]
    for name in (GIVEN, FAMILY):  # a column of its own: that of the attribute is what is compared
        columns[f"second_{COLUMNS[name]}"] = [traits.text(name) for traits in people.traits]
    schema = pa.schema(
        [(name, pa.list_(pa.string()) if name == "blocks" else pa.string()) for name in columns]
    )
    connection.register("given_people", pa.table(columns, schema=schema))
    connection.execute("CREATE TABLE people AS SELECT * FROM given_people")
    connection.unregister("given_people")
    return connection


def _add_levels(connection: duckdb.DuckDBPyConnection) -> None:
    def of_names(own: Any, other: Any, own_second: Any, other_second: Any) -> Any:  # noqa: ANN401
        return _each(level_of_names, own, other, own_second, other_second)

    connection.create_function(
        "level_name", of_names, [_TEXT] * 4, "INTEGER", type=PythonUDFType.ARROW
    )
    for measure in Measure:
        if measure is not Measure.NAME:
            of_values = _of_values(measure)
            name = f"level_{measure.value}"
            connection.create_function(
                name, of_values, [_TEXT] * 2, "INTEGER", type=PythonUDFType.ARROW
            )


def _of_values(measure: Measure) -> Any:  # noqa: ANN401 - a function of arrow's arrays
    def of_values(own: Any, other: Any) -> Any:  # noqa: ANN401
        return _each(lambda one, two: level_of(measure, one, two), own, other)

    return of_values


def _each(level: Any, *columns: Any) -> Any:  # noqa: ANN401
    rows: Iterable[tuple[Any, ...]] = zip(*(one.to_pylist() for one in columns), strict=True)
    levels = [int(level(*row)) if row[0] and row[1] else None for row in rows]
    return pa.array(levels, pa.int32())
