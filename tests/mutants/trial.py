"""One breakage made in a copy of the tree, and what its tests say of it."""

import asyncio
import os
import re
import shutil
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from tests.house.tree import PACKAGES, ROOT
from tests.mutants.breakage import Breakage

_WITHIN_S: Final = 240.0
_CLIENTS: Final = Path("tests/js/node_modules")
_LEFT_OUT: Final = shutil.ignore_patterns("node_modules", ".*")
_FAILED: Final = re.compile(r"^\d+ failed\b|\b\d+ failed, ", re.MULTILINE)
_TESTS_FAILED: Final = 1
_TOLD_LINES: Final = 15


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


def copy_tree(to: Path) -> None:
    """Copy what tests need; npm's packages are linked."""
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, to / name, ignore=_LEFT_OUT)
    for file in ROOT.iterdir():
        if file.is_file() and not file.name.startswith("."):
            shutil.copy2(file, to / file.name)
    if (ROOT / _CLIENTS).is_dir():
        (to / _CLIENTS).symlink_to((ROOT / _CLIENTS).resolve(), target_is_directory=True)


async def tried(breakage: Breakage, tree: Path) -> Found:
    """Break the tree, run the tests that must notice, and mend it."""
    if not breakage.fits(tree):
        return Found(breakage.name, Verdict.BROKEN, 0.0, f"{breakage.file} has changed")
    whole = breakage.make(tree)
    try:
        return await run_tests(breakage.name, breakage.caught_by, tree)
    finally:
        (tree / breakage.file).write_text(whole, encoding="utf-8")


async def run_tests(
    name: str, tests: tuple[str, ...], tree: Path, within_s: float = _WITHIN_S
) -> Found:
    """Run tests until one fails."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"),
        *("--hypothesis-seed=0", *(f"tests/{one}" for one in tests)),
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within_s):
            output, _ = await process.communicate()
    except TimeoutError:
        return Found(name, Verdict.BROKEN, loop.time() - began, f"not done in {within_s:.0f} s")
    finally:
        if process.returncode is None:
            # Asked first, so that what its tests have started is stopped as well.
            process.terminate()
            await process.wait()
    text = output.decode(errors="replace")
    verdict = _verdict(process.returncode, text)
    return Found(name, verdict, loop.time() - began, _end_of(text))


def _verdict(code: int | None, text: str) -> Verdict:
    if code == 0:
        return Verdict.SURVIVED
    # A fixture that fails, or a module that can't be imported, is no test that noticed.
    is_caught = code == _TESTS_FAILED and _FAILED.search(text)
    return Verdict.CAUGHT if is_caught else Verdict.BROKEN


def _end_of(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_TOLD_LINES:])
