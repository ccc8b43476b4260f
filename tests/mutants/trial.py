"""One breakage made in a copy of the tree, and what its tests say of it."""

import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import pytest

from tests.house.tree import PACKAGES, ROOT
from tests.mutants.breakage import Breakage

_WITHIN_S: Final = 240.0
_MERCY_S: Final = 10.0
_CLIENTS: Final = Path("tests/js/node_modules")
_LEFT_OUT: Final = shutil.ignore_patterns("node_modules", ".*")
_OURS: Final = (*PACKAGES, "tests")
# What takes longest to import, and isn't ours: imported once, by the process that forks.
_PRELOADED: Final = (
    *("strawberry.printer", "graphql", "pymongo", "starlette.applications", "uvicorn", "httpx2"),
    *(
        "joserfc.jwt",
        "cryptography.x509",
        "pydantic_settings",
        "phonenumbers",
        "hypothesis.strategies",
    ),
    *("typer", "rich.console", "orjson", "cachetools"),
)
# The other plugins take longer to load than most of these tests to run.
_PLUGINS: Final = ("pytest_asyncio.plugin", "pytest_timeout", "_hypothesis_pytestplugin")
_FAILED: Final = re.compile(r"^\d+ failed\b", re.MULTILINE)
_NOTICED: Final = re.compile(r"^FAILED tests/(\S+)", re.MULTILINE)
_TESTS_FAILED: Final = 1
_TOLD_LINES: Final = 15

FORKS: Final = multiprocessing.get_context("forkserver")


class Verdict(Enum):
    """What became of a breakage.  BROKEN: it can't be made, or its tests can't be run."""

    CAUGHT = "CAUGHT"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Found:
    """What one trial found, in so many seconds; `told` is the end of what pytest said."""

    name: str
    verdict: Verdict
    took_s: float
    told: str

    @property
    def noticed_by(self) -> str:
        """The test that failed; empty where none did."""
        found = _NOTICED.search(self.told)
        return found[1] if found else ""


def prepare() -> None:
    """Have everything imported once that isn't ours.  Call it before the first trial."""
    FORKS.set_forkserver_preload(list(_PRELOADED))


def copy_tree(to: Path) -> None:
    """Copy what tests need; npm's packages are linked."""
    for name in _OURS:
        shutil.copytree(ROOT / name, to / name, ignore=_LEFT_OUT)
    for file in ROOT.iterdir():
        if file.is_file() and not file.name.startswith("."):
            shutil.copy2(file, to / file.name)
    if (ROOT / _CLIENTS).is_dir():
        (to / _CLIENTS).symlink_to((ROOT / _CLIENTS).resolve(), target_is_directory=True)


def tried(breakage: Breakage, tree: Path) -> Found:
    """Break the tree, run the tests that must notice, and mend it."""
    if not breakage.fits(tree):
        return Found(breakage.name, Verdict.BROKEN, 0.0, f"{breakage.file} has changed")
    whole = breakage.make(tree)
    try:
        return run_tests(breakage.name, breakage.caught_by, tree)
    finally:
        (tree / breakage.file).write_text(whole, encoding="utf-8")


def run_tests(name: str, tests: tuple[str, ...], tree: Path, within_s: float = _WITHIN_S) -> Found:
    """Run tests in a process of their own until one fails."""
    began = time.monotonic()
    with tempfile.NamedTemporaryFile(mode="r", encoding="utf-8", errors="replace") as told:
        process = FORKS.Process(target=_run, args=(tests, tree, told.name))
        process.start()
        process.join(within_s)
        is_late = process.exitcode is None
        if is_late:
            process.terminate()
            process.join(_MERCY_S)
            process.kill()
            process.join()
        text = told.read()
    took_s = time.monotonic() - began
    if is_late:
        return Found(name, Verdict.BROKEN, took_s, f"not done in {within_s:.0f} s")
    return Found(name, verdict_of(process.exitcode, text), took_s, _end_of(text))


def _run(tests: tuple[str, ...], tree: Path, told: str) -> None:
    """Run pytest in the tree, as if this process had been started there."""
    output = os.open(told, os.O_WRONLY)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    for known in [one for one in sys.modules if one.partition(".")[0] in _OURS]:
        del sys.modules[known]
    os.chdir(tree)
    sys.path[:] = [str(tree), *(one for one in sys.path if one not in {"", str(ROOT)})]
    os.environ |= {"PYTHONPATH": str(tree), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    plugins = [part for one in _PLUGINS for part in ("-p", one)]
    sys.exit(pytest.main([*options, *plugins, *(f"tests/{one}" for one in tests)]))


def verdict_of(code: int | None, text: str) -> Verdict:
    """What the exit code of pytest, and what it said, mean for a breakage."""
    if code == 0:
        return Verdict.SURVIVED
    # A fixture that fails, or a module that can't be imported, is no test that noticed.
    is_caught = code == _TESTS_FAILED and _FAILED.search(text)
    return Verdict.CAUGHT if is_caught else Verdict.BROKEN


def _end_of(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_TOLD_LINES:])
