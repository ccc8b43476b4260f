"""Node.js for tests of JavaScript clients: found, started with a time bound, its JSON read.

The scripts and the packages they import live in `tests/js`; `make test` installs the packages.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent.parent / "js"


async def run_script(name: str, environment: Mapping[str, str], *, timeout_s: float = 60) -> Any:
    """What `tests/js/NAME` printed, read as JSON.

    The script sees `environment` and PATH, nothing else of ours.  Skips the calling test on a
    machine without Node.js, unless CI is set; fails it when the packages are missing, when the
    script fails, and when it takes longer than `timeout_s`.
    """
    process = await asyncio.create_subprocess_exec(
        node(),
        str(SCRIPTS / name),
        env={"PATH": os.environ.get("PATH", ""), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaint = await asyncio.wait_for(process.communicate(), timeout_s)
    except TimeoutError:
        pytest.fail(f"{name} did not finish within {timeout_s} s")
    finally:
        await _end(process)
    if process.returncode != 0:
        pytest.fail(f"{name} ended with {process.returncode}: {complaint.decode()[-2000:]}")
    return json.loads(output)


def node() -> str:
    """Where Node.js is; skips or fails the calling test as `run_script` says."""
    found = shutil.which("node")
    if found is None and "CI" not in os.environ:
        pytest.skip("Node.js is not on this machine: install it to test JavaScript clients")
    if found is None:
        pytest.fail("Node.js is not on this machine, and CI may not skip its tests")
    if not (SCRIPTS / "node_modules").is_dir():
        pytest.fail("tests/js/node_modules is missing: run `make test`, which installs it")
    return found


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
