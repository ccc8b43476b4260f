"""Benchmarks side by side: prints ratios and writes .bench/latest.json.

python -m tests.bench [SUITE]
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

import uvloop
from rich.console import Console

from app.store.embedded_files import EmbeddedServerError
from tests.bench import (
    access_suite,
    connectors_suite,
    graphql_suite,
    import_suite,
    privacy_suite,
    recognition_suite,
    scale_suite,
    timeline_suite,
)
from tests.bench.graphql_suite import Different
from tests.bench.known_people import NotInstalled
from tests.bench.load import WrongAnswer
from tests.bench.rows import OUTPUT, Row, save
from tests.bench.table import show
from tests.bench.usage import is_counted_here

Suite = Callable[[Callable[[str], None]], Awaitable[list[Row]]]
SUITES: dict[str, Suite] = {
    graphql_suite.SUITE: graphql_suite.run,
    connectors_suite.SUITE: connectors_suite.run,
    scale_suite.SUITE: scale_suite.run,
    import_suite.SUITE: import_suite.run,
    privacy_suite.SUITE: privacy_suite.run,
    access_suite.SUITE: access_suite.run,
    timeline_suite.SUITE: timeline_suite.run,
    recognition_suite.SUITE: recognition_suite.run,
}
FAILURES = (EmbeddedServerError, NotInstalled, Different, WrongAnswer, ChildProcessError)
_WITHIN_S = int(os.environ.get("BENCH_WITHIN_S", "300"))
# It asks for the duplicates of ten thousand people, one after the other.
_LONGER_S = {recognition_suite.SUITE: 1_500}
_WIDTH_IN_A_FILE = 110


def main(arguments: Sequence[str]) -> int:
    """Run all suites, or the one that is named; the exit code."""
    errors = Console(stderr=True)
    unknown = [name for name in arguments if name not in SUITES]
    if unknown or len(arguments) > 1:
        errors.print(f"usage: python -m tests.bench [SUITE]; suites: {', '.join(SUITES)}")
        return 2
    if not is_counted_here():
        errors.print("The benchmarks read CPU times under /proc, which only Linux has.")
        return 1
    began = time.monotonic()
    try:
        rows = uvloop.run(_all(arguments or list(SUITES), errors))
    except FAILURES as error:
        errors.print(str(error))
        return 1
    except TimeoutError:
        within_s = _within_s(arguments or list(SUITES))
        errors.print(f"The benchmarks did not end within {within_s} s; nothing is written.")
        return 1
    save(rows)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_IN_A_FILE)
    show(rows, console)
    console.print(f"Took {time.monotonic() - began:.0f} s; the rows are in .bench/{OUTPUT.name}.")
    return 0


def _within_s(names: Sequence[str]) -> int:
    return _WITHIN_S + sum(_LONGER_S.get(name, 0) for name in names)


async def _all(names: Sequence[str], errors: Console) -> list[Row]:
    rows: list[Row] = []
    with errors.status("starting") as status:
        async with asyncio.timeout(_within_s(names)):
            for name in names:
                rows += await SUITES[name](lambda told, name=name: status.update(f"{name}: {told}"))
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
