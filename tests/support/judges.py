"""Clients that nobody here wrote, which judge our stand-ins for CRMs that can't be run here.

    python -m tests.support.judges install

simple-salesforce and Microsoft's client for Dataverse live in a virtual environment of their own
(233 MB, most of it pandas, which Microsoft's client wants) and run as processes of their own.
"""

import asyncio
import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PINS = ("simple-salesforce==1.12.10", "PowerPlatform-Dataverse-Client==1.1.0")

_TOOLS = Path(__file__).parents[2] / ".tools"
_HOME = _TOOLS / "judges"
_PYTHON = _HOME / "bin" / "python"
_STAMP = _HOME / "made-from"
_JUDGING_S = 60


async def verdict(name: str, *arguments: str) -> Any:
    """What the script tests/judges/NAME.py finds, as parsed JSON; skips where it can't be run."""
    if not _is_installed():
        pytest.skip("the clients that judge stand-ins are not here: make judges")
    process = await asyncio.create_subprocess_exec(
        _PYTHON,
        # Neither our own modules nor our packages are in its reach.
        "-I",
        Path(__file__).parents[1] / "judges" / f"{name}.py",
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(_JUDGING_S):
        out, err = await process.communicate()
    if process.returncode != 0:
        pytest.fail(f"the judge {name} gave up: {err.decode()[-2_000:]}")
    return json.loads(out)


def install() -> str | None:
    """Make the virtual environment unless it is there already; what failed, if something did."""
    _TOOLS.mkdir(exist_ok=True)
    with (_TOOLS / "judges.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_installed():
            return None
        shutil.rmtree(_HOME, ignore_errors=True)
        pip = (_PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
        for command in ((sys.executable, "-m", "venv", _HOME), (*pip, *PINS)):
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode != 0:
                lines = ended.stderr.strip().splitlines() or ["no reason was given"]
                return lines[-1]
        _STAMP.write_text("\n".join(PINS), "utf-8")
    return None


def _is_installed() -> bool:
    return _STAMP.is_file() and _STAMP.read_text("utf-8") == "\n".join(PINS)


def main() -> None:
    """Install; without a network tests of the judges are skipped, so that is no failure."""
    if sys.argv[1:] != ["install"]:
        sys.stderr.write("usage: python -m tests.support.judges install\n")
        sys.exit(2)
    if complaint := install():
        sys.stderr.write(f"Clients that judge stand-ins can't be had here: {complaint}\n")


if __name__ == "__main__":
    main()
