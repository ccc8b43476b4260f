"""Commands as users run them: `profile-gateway ...`, each in a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.auth.development import DevelopmentIssuer

_ROOT = Path(__file__).parents[2]
_CLI = "app.cli"
_START_S = 60
_DEADLINE_S = "60"  # a busy machine must not fail tests
_STOP_S = 20
_COMMAND_S = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code (negative for a signal) and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """A gateway that listens at `url` and keeps its data under `data`."""

    url: str
    data: Path
    pid: int

    def token(self, *roles: str, tenant: str = "demo", second_factor: bool = True) -> str:
        """A development token."""
        issuer = DevelopmentIssuer.load_or_create(self.data)
        return issuer.token(roles, tenant, second_factor=second_factor)


@dataclass(frozen=True, slots=True)
class Running:
    """A command that runs until it is told to stop."""

    process: asyncio.subprocess.Process

    async def says(self, words: str) -> str:
        """What it has printed, up to the line with these words."""
        return await asyncio.wait_for(_until(self.process, words), _START_S)

    async def stopped(self, number: signal.Signals) -> Ended:
        """How it ended after this signal; fails when that takes longer than 20 s."""
        self.process.send_signal(number)
        return await _ended(self.process, _STOP_S)

    @property
    def children(self) -> list[int]:
        """The process ids of what it has started and what still runs."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]


def has_ended(pid: int) -> bool:
    """Whether no such process runs; one that nobody has waited for has ended too."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in {"Z", "X"}


async def command(*words: str, folder: Path, **variables: str) -> Ended:
    """`profile-gateway` with these words, in `folder`; its data is in `folder`/data.

    Variables are named without `GATEWAY_`.  Fails when it takes longer than a minute.
    """
    process = await _start(words, folder, _named(variables))
    return await _ended(process, _COMMAND_S)


@asynccontextmanager
async def running(*words: str, folder: Path, **variables: str) -> AsyncIterator[Running]:
    """A command that is killed at the end if it still runs; the rest as for `command`."""
    process = await _start(words, folder, _named(variables))
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await _ended(process, _STOP_S)


@asynccontextmanager
async def serving(
    data: Path, environment: Mapping[str, str] | None = None, module: str = _CLI
) -> AsyncIterator[GatewayProcess]:
    """`profile-gateway serve` on a free port, stopped by its pid; `module` is what is run."""
    given = {
        "GATEWAY_STORE__PATH": str(data),
        "GATEWAY_HTTP__DEADLINE_S": _DEADLINE_S,
        **(environment or {}),
    }
    process = await _start(["serve", "--port", "0"], _ROOT, given, module)
    try:
        url = address_in(await Running(process).says("listening at "))
        yield GatewayProcess(url, data, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await _ended(process, _STOP_S)


def address_in(said: str) -> str:
    """The address of a gateway that said where it listens."""
    return said.rpartition("listening at ")[2].split()[0].removesuffix("/graphql")


async def _start(
    words: tuple[str, ...] | list[str],
    folder: Path,
    variables: Mapping[str, str],
    module: str = _CLI,
) -> asyncio.subprocess.Process:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words),
        cwd=folder,
        env={
            **own,
            "PYTHONPATH": str(_ROOT),
            "COLUMNS": "200",
            "GATEWAY_STORE__PATH": str(folder / "data"),
            **variables,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def _named(variables: Mapping[str, str]) -> dict[str, str]:
    return {f"GATEWAY_{name}": value for name, value in variables.items()}


async def _ended(process: asyncio.subprocess.Process, within_s: float) -> Ended:
    try:
        out, err = await asyncio.wait_for(process.communicate(), within_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode, out.decode(), err.decode())


async def _until(process: asyncio.subprocess.Process, words: str) -> str:
    said = ""
    async for line in process.stdout:
        said += line.decode()
        if words in said:
            return said
    raise AssertionError(said + (await process.stderr.read()).decode())
