"""One run of the embedded server's process: launched, probed, ended."""

import asyncio
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.store.embedded_files import find_executable, open_log
from app.store.embedded_probe import HOST, knock, passes

_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")

# The kernel kills the server when the thread that started it ends, even by SIGKILL.  A small
# interpreter asks for that, because `preexec_fn` is unsafe in a process that has threads.
_LEASH = """
import ctypes, os, signal, sys
os.umask(0o077)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the gateway ended before its server began")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A process of the server, from its launch to its end.

    What it says is in the log from the byte `log_begins_at` on.
    """

    process: asyncio.subprocess.Process
    port: int
    log_begins_at: int

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.returncode

    async def until_ready(self, probe_within_s: float) -> None:
        """Return when it passes a probe, or has ended."""
        while self.code is None:
            if await self.is_well(probe_within_s):
                return
            await self.ends_within(0.02)

    async def is_well(self, within_s: float) -> bool:
        """Whether it passes a probe; False at once when it ends meanwhile."""
        probe = asyncio.create_task(passes(self.port, within_s))
        ended = asyncio.create_task(self.process.wait())
        try:
            await asyncio.wait({probe, ended}, return_when=asyncio.FIRST_COMPLETED)
            return probe.done() and probe.result()
        finally:
            probe.cancel()
            ended.cancel()
            await asyncio.gather(probe, ended, return_exceptions=True)

    async def ends_within(self, seconds: float) -> bool:
        """Whether it has ended before `seconds` are over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), seconds)
        return self.code is not None

    async def end(self, grace_s: float) -> None:
        """Ask it to end, and kill it after `grace_s`; return when it is gone."""
        with suppress(ProcessLookupError):
            if grace_s and self.code is None:
                self.process.terminate()
                await self._ends_when_woken(grace_s)
            if self.code is None:
                self.process.kill()
        await self.process.wait()

    async def _ends_when_woken(self, grace_s: float) -> None:
        """Connect until it has ended: its accepting thread sleeps 2 s unless somebody does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                while not await self.ends_within(0.05):
                    await knock(self.port)


async def launch(path: Path, port: int, *, test_commands: bool) -> Run:
    """A run of the server on the directory `path`, that listens at `port` before long.

    Nobody but us can read the files it makes, and it knows none of our secrets.
    """
    command = [str(find_executable()), *_arguments(port, test_commands=test_commands)]
    if sys.platform != "win32":
        command = [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *command]
    with open_log(path) as log:
        log_begins_at = log.tell()
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=path,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            start_new_session=True,  # Ctrl-C is for the gateway, which ends the server last
        )
        return Run(process, port, log_begins_at)


def _arguments(port: int, *, test_commands: bool) -> list[str]:
    return [
        *("--config", "server.toml", "--storage-path", "db", "--log-level", "WARNING"),
        *("--host", HOST, "--port", str(port)),
        # Of memory at most.  What one transaction writes must fit in a fifth of it, or it stands.
        *("--cache-size", "1G"),
        "--sync-on-commit",  # without it, a killed server loses acknowledged majority writes
        *(["--enable-test-commands"] if test_commands else []),
    ]


def uri(port: int) -> str:
    """The connection string of the server at `port`.

    Writes aren't retried: the server forgets in a crash which of them it has applied.
    """
    return (
        f"mongodb://{HOST}:{port}/?directConnection=true&retryWrites=false"
        "&maxPoolSize=16&maxIdleTimeMS=240000&timeoutMS=10000&w=majority&journal=true"
    )


def reserve_port() -> socket.socket:
    """A socket bound to a port that was free; on Linux nobody is given the port while it is open.

    There, two sockets may share a port as long as at most one of them listens, so this one, that
    never does, keeps the port for the server while the server is down.
    """
    reserved = socket.socket()
    if sys.platform == "linux":
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((HOST, 0))
    return reserved
