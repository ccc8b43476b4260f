"""The sandbox CRM for tests: in this process, or as one of its own that is stopped by its pid."""

import json
import select
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest

from app.demo.sandbox_crm import sandbox_app

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
TOKEN = "sandbox-token"
_READY = "sandbox CRM ready at "


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox CRM that answers at `base_url`."""

    base_url: str
    token: str


@asynccontextmanager
async def sandbox_client(records: Iterable[Mapping[str, Any]]) -> AsyncIterator[httpx2.AsyncClient]:
    """A client, with the right token, of a fresh sandbox CRM in this process."""
    transport = httpx2.ASGITransport(sandbox_app(TOKEN, records))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://crm.test", headers=headers
    ) as client:
        yield client


@contextmanager
def running_sandbox(
    records: Iterable[Mapping[str, Any]] = (), *, token: str = TOKEN
) -> Iterator[Sandbox]:
    """A sandbox CRM that begins with `records`, shaped like the lines of a seed file."""
    with TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.jsonl"
        seed.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
        command = [sys.executable, "-m", "app.demo.sandbox_crm", "--token", token]
        process = subprocess.Popen(
            [*command, "--seed", str(seed)], stdout=subprocess.PIPE, text=True
        )
        try:
            yield Sandbox(_base_url(process), token)
        finally:
            _stop(process)


def _base_url(process: subprocess.Popen[str]) -> str:
    readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_S)
    line = process.stdout.readline() if readable else ""
    if not line.startswith(_READY):
        pytest.fail("the sandbox CRM did not start; its complaint is above")
    return line.removeprefix(_READY).strip()


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
