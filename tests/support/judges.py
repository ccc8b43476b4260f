"""Clients that nobody here wrote, which judge our stand-ins for CRMs that can't be run here.

    python -m tests.support.judges install

simple-salesforce and Microsoft's client for Dataverse live in a virtual environment of their own
(233 MB, most of it pandas, which Microsoft's client wants), and zenpy, which is GPL-3, in another;
all run as processes of their own.
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

PINS = {
    "judges": ("simple-salesforce==1.12.10", "PowerPlatform-Dataverse-Client==1.1.0"),
    "zenpy": ("zenpy==2.0.57",),
}

_TOOLS = Path(__file__).parents[2] / ".tools"
_JUDGING_S = 60


async def verdict(name: str, *arguments: str, venv: str = "judges") -> Any:
    """What the script tests/judges/NAME.py finds, as parsed JSON; skips where it can't be run."""
    if not _is_installed(venv):
        pytest.skip("the clients that judge stand-ins are not here: make judges")
    process = await asyncio.create_subprocess_exec(
        _python(venv),
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
    """Make the virtual environments that aren't there; what failed, if something did."""
    _TOOLS.mkdir(exist_ok=True)
    with (_TOOLS / "judges.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complaints = [_made(venv) for venv in PINS if not _is_installed(venv)]
    return next((complaint for complaint in complaints if complaint), None)


def _made(venv: str) -> str | None:
    shutil.rmtree(_TOOLS / venv, ignore_errors=True)
    pip = (_python(venv), "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    for command in ((sys.executable, "-m", "venv", _TOOLS / venv), (*pip, *PINS[venv])):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            lines = ended.stderr.strip().splitlines() or ["no reason was given"]
            return lines[-1]
    _stamp(venv).write_text("\n".join(PINS[venv]), "utf-8")
    return None


def _is_installed(venv: str) -> bool:
    stamp = _stamp(venv)
    return stamp.is_file() and stamp.read_text("utf-8") == "\n".join(PINS[venv])


def _python(venv: str) -> Path:
    return _TOOLS / venv / "bin" / "python"


def _stamp(venv: str) -> Path:
    return _TOOLS / venv / "made-from"


def main() -> None:
    """Install; without a network tests of the judges are skipped, so that is no failure."""
    if sys.argv[1:] != ["install"]:
        sys.stderr.write("usage: python -m tests.support.judges install\n")
        sys.exit(2)
    if complaint := install():
        sys.stderr.write(f"Clients that judge stand-ins can't be had here: {complaint}\n")


if __name__ == "__main__":
    main()
