"""The embedded document server: a process of its own that speaks MongoDB's wire protocol.

It is for trying out, development and tests.  The server is GPL: installed by the user, and never
imported.  All that is peculiar to it is in this file and in its neighbours `embedded_*`.
"""

import asyncio
import logging
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.store import embedded_process
from app.store.embedded_files import (
    EmbeddedServerError,
    claim,
    find_executable,
    installed_version,
    other_version,
    record_version,
    version_of_data,
)

_START_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.1

_log = logging.getLogger(__name__)


class _EndedEarly(EmbeddedServerError):
    """The process ended before it was ready; another attempt may do better."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How the server is watched, in seconds.

    It is probed every `probe_every_s`, and ten times as often once a probe has failed; after
    `failures_allowed` failed probes in a row it is killed and started again.  The first restart
    is immediate; the pause before the next ones doubles from 0.1 s to `longest_pause_s`, until a
    probe succeeds.
    """

    probe_every_s: float = 30.0
    probe_within_s: float = 10.0
    failures_allowed: int = 3
    ready_within_s: float = 60.0
    stop_within_s: float = 10.0
    longest_pause_s: float = 30.0


class EmbeddedServer:
    """A document server on the directory `path`, kept alive from `start` to `stop`.

    The `uri` outlives a crash of the server, and so does every write it has acknowledged.
    `test_commands` lets every client inject faults: for tests only.
    """

    def __init__(
        self, path: Path, *, test_commands: bool = False, timing: Timing | None = None
    ) -> None:
        self._path = path
        self._test_commands = test_commands
        self._timing = timing or Timing()
        self._made_by = ""
        self._installed = ""
        self._lock: int | None = None
        self._reserved: socket.socket | None = None
        self._port = 0
        self._run: embedded_process.Run | None = None
        self._restarts = 0
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def uri(self) -> str:
        """The connection string; it means something from `start` to `stop`."""
        return embedded_process.uri(self._port)

    @property
    def pid(self) -> int | None:
        """The process id of the server; None while it isn't running."""
        return self._run.process.pid if self._run and self._run.code is None else None

    async def start(self) -> None:
        """Start the server; return when it answers a ping and a write.

        Raises:
            EmbeddedServerError: it isn't installed, another gateway uses the directory, another
                version made the data, or it doesn't come up.
        """
        if self._lock is not None:
            raise EmbeddedServerError("This embedded server is started already.")
        self._installed = installed_version(find_executable())
        self._lock = claim(self._path)
        try:
            self._made_by = version_of_data(self._path, self._installed)
            await self._first_start()
            record_version(self._path, self._installed)
        except BaseException:
            await self.stop()
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name="embedded-server")

    async def stop(self) -> None:
        """End the server, by force when it takes long; nothing when it isn't started."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait({self._supervisor})
            self._supervisor = None
        if self._run is not None:
            await self._run.end(self._timing.stop_within_s)
        if self._reserved is not None:
            self._reserved.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _first_start(self) -> None:
        for attempts_left in reversed(range(_START_ATTEMPTS)):
            self._choose_port()
            try:
                await self._start_run()
            except _EndedEarly:
                if not attempts_left:
                    raise
            else:
                return

    def _choose_port(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
        self._reserved = embedded_process.reserve_port()
        self._port = self._reserved.getsockname()[1]
        if sys.platform != "linux":
            self._reserved.close()

    async def _start_run(self) -> None:
        """Launch a process and wait until it is ready; the process is gone when this raises."""
        self._run = run = await embedded_process.launch(
            self._path, self._port, test_commands=self._test_commands
        )
        try:
            async with asyncio.timeout(self._timing.ready_within_s):
                await run.until_ready(self._timing.probe_within_s)
        except TimeoutError:
            await run.end(0)
            raise EmbeddedServerError(
                f"The embedded server wasn't ready within {self._timing.ready_within_s:g} s;"
                f" see {self._path / 'server.log'}."
            ) from None
        except BaseException:
            await run.end(0)
            raise
        if run.code is not None:
            raise self._ended_early(run)

    def _ended_early(self, run: embedded_process.Run) -> EmbeddedServerError:
        log = self._path / "server.log"
        with log.open("rb") as words:
            words.seek(run.log_begins_at)
            if b"IncompatibleStorageFormatError" in words.read():
                return EmbeddedServerError(
                    other_version(self._path, self._made_by, self._installed)
                )
        return _EndedEarly(
            f"The embedded server ended with code {run.code} before it was ready; see {log}."
        )

    async def _supervise(self) -> None:
        while self._run is not None:
            trouble = await self._trouble(self._run)
            _log.warning("the embedded server %s; starting it again", trouble)
            await self._run.end(0)
            await self._start_again()

    async def _trouble(self, run: embedded_process.Run) -> str:
        """What is wrong with `run`, once something is."""
        failures = 0
        while failures < self._timing.failures_allowed:
            pause_s = self._timing.probe_every_s / (10 if failures else 1)
            if await run.ends_within(pause_s):
                return f"ended with code {run.code}"
            if await run.is_well(self._timing.probe_within_s):
                failures = self._restarts = 0
            else:
                failures += 1
        return f"failed {failures} probes in a row"

    async def _start_again(self) -> None:
        while True:
            if self._restarts:
                doubled_s = _FIRST_PAUSE_S * 2 ** min(self._restarts - 1, 20)
                await asyncio.sleep(min(doubled_s, self._timing.longest_pause_s))
            self._restarts += 1
            try:
                await self._start_run()
            except (EmbeddedServerError, OSError) as error:
                _log.error("attempt %d to start it failed: %s", self._restarts, error)
            else:
                return
