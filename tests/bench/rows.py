"""What a benchmark found, as rows that outside checks read."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

OUTPUT = Path(__file__).parents[2] / ".bench" / "latest.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One number of one subject in one case.

    `baseline` names the subject it is compared with, and `ratio` is `value` over that subject's
    value in the same run; both are None where there is nothing to compare with.  `at` is when
    the run ended, ISO 8601 in UTC.
    """

    suite: str
    case: str
    subject: str
    metric: str
    value: float
    unit: str
    baseline: str | None = None
    ratio: float | None = None
    at: str = ""


def compared(rows: Iterable[Row], baseline: str) -> list[Row]:
    """The rows with their ratios to the subject `baseline` of the same case and metric."""
    rows = list(rows)
    known = {(row.case, row.metric): row.value for row in rows if row.subject == baseline}
    return [_with_ratio(row, known.get((row.case, row.metric)), baseline) for row in rows]


def _with_ratio(row: Row, reference: float | None, baseline: str) -> Row:
    if reference is None:
        return row
    ratio = round(row.value / reference, 4) if reference else None
    return replace(row, baseline=baseline, ratio=ratio)


def save(rows: Sequence[Row], path: Path = OUTPUT) -> None:
    """Write the rows of a run in place of those of the run before."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    path.parent.mkdir(exist_ok=True)
    text = json.dumps([asdict(replace(row, at=at)) for row in rows], indent=1)
    path.write_text(text + "\n", encoding="utf-8")
