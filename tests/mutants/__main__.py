"""Breaks each guard in turn, in a copy of the tree, and asks whether a test notices.

python -m tests.mutants [NAME ...]
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.mutants.breakage import Breakage
from tests.mutants.breakages import BREAKAGES
from tests.mutants.trial import Found, Verdict, copy_tree, prepare, run_tests, tried

_WHAT = "Breaks each guard in turn, in a copy of the tree, and asks whether a test notices."
_UNBROKEN = "nothing is broken"
_UNBROKEN_WITHIN_S = 1_800.0
_COLOURS = {Verdict.CAUGHT: "green", Verdict.SURVIVED: "bold red", Verdict.BROKEN: "yellow"}


def main(arguments: Sequence[str]) -> int:
    """Try all breakages, or those that are named; the exit code."""
    prepare()
    given = _parser().parse_args(arguments)
    by_name = {one.name: one for one in BREAKAGES}
    errors = Console(stderr=True)
    if unknown := [name for name in given.names if name not in by_name]:
        errors.print(f"There are no such breakages: {', '.join(unknown)}.  --list names them.")
        return 2
    chosen = [by_name[name] for name in given.names] or list(BREAKAGES)
    if given.list:
        _list(chosen, is_json=given.json)
        return 0
    found = _try_all(chosen, given.jobs, errors, is_proved=given.skip_unbroken)
    if given.json:
        print(json.dumps([_as_json(one) for one in found], indent=2))  # noqa: T201 - the answer
    return _exit_code(found, errors)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.mutants", description=_WHAT)
    parser.add_argument("names", nargs="*", metavar="NAME", help="breakages to try; none: all")
    parser.add_argument("--list", action="store_true", help="only tell what there is to break")
    parser.add_argument("--json", action="store_true", help="tell it as JSON, on standard output")
    parser.add_argument(
        "--skip-unbroken", action="store_true", help="don't run the tests on the whole tree first"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many at once")
    return parser


def _list(breakages: Sequence[Breakage], *, is_json: bool) -> None:
    if is_json:
        named = [{"name": one.name, "file": one.file} for one in breakages]
        print(json.dumps(named, indent=2))  # noqa: T201 - the answer
        return
    for one in breakages:
        print(f"{one.name:50} {one.file}")  # noqa: T201 - the answer


def _try_all(
    chosen: Sequence[Breakage], jobs: int, errors: Console, *, is_proved: bool
) -> list[Found]:
    """What became of each; nothing is broken first, as tests that fail anyway notice nothing."""
    found: list[Found] = []
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        Progress(*columns, console=errors) as progress,
    ):
        trees = [Path(folder) / str(number) for number in range(min(max(1, jobs), len(chosen)))]
        for tree in trees:
            copy_tree(tree)
        task = progress.add_task(_UNBROKEN, total=len(chosen))
        if not is_proved and not _passes(chosen, trees[0], progress.console):
            return []
        for one in _trials(chosen, trees):
            found.append(one)
            _tell(one, progress.console)
            progress.update(task, advance=1, description=one.name)
    return found


def _trials(chosen: Sequence[Breakage], trees: Sequence[Path]) -> Iterator[Found]:
    """What became of each, as it is found; one at a time in each tree."""
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def trial(breakage: Breakage) -> Found:
        tree = free.get()
        try:
            return tried(breakage, tree)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        for future in as_completed([pool.submit(trial, one) for one in chosen]):
            yield future.result()


def _passes(chosen: Sequence[Breakage], tree: Path, console: Console) -> bool:
    """Whether the tests pass where nothing is broken."""
    found = run_tests(_UNBROKEN, _tests_of(chosen), tree, _UNBROKEN_WITHIN_S)
    if found.verdict is Verdict.SURVIVED:
        return True
    _tell(replace(found, verdict=Verdict.BROKEN), console)
    return False


def _tests_of(breakages: Sequence[Breakage]) -> tuple[str, ...]:
    """The tests of several breakages, without those of files that are among them as a whole."""
    named = {test for one in breakages for test in one.caught_by}
    return tuple(
        sorted(test for test in named if "::" not in test or test.partition("::")[0] not in named)
    )


def _tell(found: Found, console: Console) -> None:
    verdict = found.verdict
    console.print(f"[{_COLOURS[verdict]}]{verdict.value:8}[/] {found.name}  {found.took_s:.0f} s")
    told = f"         {found.noticed_by}" if verdict is Verdict.CAUGHT else found.told
    console.print(told, style="dim", markup=False, highlight=False, soft_wrap=True)


def _as_json(found: Found) -> dict[str, object]:
    return {
        "name": found.name,
        "verdict": found.verdict.value,
        "noticedBy": found.noticed_by or None,
        "tookS": round(found.took_s, 1),
    }


def _exit_code(found: Sequence[Found], errors: Console) -> int:
    counts = {verdict: sum(one.verdict is verdict for one in found) for verdict in Verdict}
    told = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    errors.print(f"{len(found)} breakages: {told}.")
    return 0 if found and counts[Verdict.CAUGHT] == len(found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
