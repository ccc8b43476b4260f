"""A run's rows as a person reads them: for each case, who took how much, and how many times."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from tests.bench.rows import Row

NOTE = (
    "Ratios count: absolute times are noisy and belong to this machine. CPU is that of the"
    " server's own process; what the store and the CRM use is not in it, and is the same for all."
)
_LARGE = 100
_SHARES = frozenset({"precision", "recall", "f1"})


def show(rows: Sequence[Row], console: Console) -> None:
    """One table for each case, the baseline marked, ratios below the values."""
    for (suite, case), group in groupby(rows, key=lambda row: (row.suite, row.case)):
        console.print(_table(f"{suite}: {case}", list(group)))
    console.print(NOTE)


def _table(title: str, rows: Sequence[Row]) -> Table:
    metrics = list(dict.fromkeys(row.metric for row in rows))
    units = {row.metric: row.unit for row in rows}
    cells = {(row.subject, row.metric): _cell(row) for row in rows}
    baselines = {row.baseline for row in rows}
    table = Table("", title=title, title_justify="left")
    for metric in metrics:
        table.add_column(f"{metric}\n{units[metric]}", justify="right")
    for subject in dict.fromkeys(row.subject for row in rows):
        name = f"{subject} (baseline)" if subject in baselines else subject
        table.add_row(name, *(cells.get((subject, metric), "") for metric in metrics))
    return table


def _cell(row: Row) -> str:
    digits = 0 if row.value >= _LARGE else 4 if row.metric in _SHARES else 2
    value = f"{row.value:,.{digits}f}"
    return value if row.ratio is None else f"{value}\n{row.ratio:.2f} x"
