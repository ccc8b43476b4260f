"""A real Tryton to test against: installed and filled once, started once per test session.

    python -m tests.support.tryton install

Tryton is GPL-3: it lives in a virtual environment of its own and runs as a process of its own.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.counting_proxy import CountingProxy

PINS = ("trytond==8.2.1", "trytond_party==8.2.0", "proteus==8.2.0")
DATABASE = "crm"
PARTIES = 200
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10

_TOOLS = Path(__file__).parents[2] / ".tools"
_HOME = _TOOLS / "tryton"
_VENV = _HOME / "venv"
_TEMPLATE = _HOME / "template"
_SEED = Path(__file__).with_name("tryton_seed.py")
_LISTENS = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")
_CONFIG = """[web]
listen = 127.0.0.1:0
[database]
uri = sqlite://
path = {databases}
"""


class TrytonMissing(Exception):
    """Tryton can't be had here; the message says what failed."""


@dataclass(frozen=True, slots=True)
class Party:
    """A party as it was seeded; `phone` is E.164, `language` a code, `code` is unique."""

    id: int
    code: str
    name: str
    language: str
    category: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Tryton:
    """A running Tryton: `{base_url}/{database}/rest/model/...`, with `key` as bearer token.

    It is shared by a whole session: what a test changes it changes back.
    """

    base_url: str
    database: str
    key: str
    parties: tuple[Party, ...]
    proxy: CountingProxy
    folder: Path

    @property
    def calls(self) -> int:
        """HTTP requests since the last `reset_calls`."""
        return len(self.proxy.requests)

    @property
    def requests(self) -> list[str]:
        """Each of those requests, as "METHOD target"."""
        return list(self.proxy.requests)

    def replace(self, party: str, by: str) -> None:
        """Merge a party into another one, as a person does in Tryton's client."""
        script = Path(__file__).with_name("tryton_replace.py")
        config = _config(self.folder, self.folder)
        _run("a merge", _VENV / "bin" / "python", script, config, self.database, party, by)

    def reset_calls(self) -> None:
        """Count from zero again."""
        self.proxy.reset()


@pytest.fixture(scope="session")
def tryton() -> Iterator[Tryton]:
    """A running Tryton with `PARTIES` parties; what it takes is installed when it is missing."""
    complaint = _install_or_complain()
    if complaint:
        pytest.fail(complaint, pytrace=False)
    with running_tryton() as running:
        yield running


def install() -> None:
    """Make the virtual environment and the template database, each unless it is there already.

    Raises:
        TrytonMissing: a step failed, for instance because there is no network.
    """
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_TOOLS / "tryton.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _once(_VENV, "\n".join(PINS), _make_venv)
        _once(_TEMPLATE, "\n".join([*PINS, str(PARTIES), _SEED.read_text("utf-8")]), _make_template)


def _install_or_complain() -> str | None:
    try:
        install()
    except TrytonMissing as error:
        return f"Tryton is not here, and tests that need it fail: {error}"
    return None


@contextmanager
def running_tryton() -> Iterator[Tryton]:
    """Tryton on a copy of the template database, behind a proxy that counts its requests."""
    seeded = json.loads((_TEMPLATE / "seeded.json").read_text("utf-8"))
    parties = tuple(Party(**party) for party in seeded["parties"])
    with TemporaryDirectory() as folder:
        shutil.copytree(_TEMPLATE, folder, dirs_exist_ok=True)
        with _server(Path(folder)) as port, CountingProxy("127.0.0.1", port) as proxy:
            yield Tryton(proxy.base_url, DATABASE, seeded["key"], parties, proxy, Path(folder))


def _once(folder: Path, made_from: str, make: Callable[[], None]) -> None:
    """Have `make` fill `folder` unless it was made from the same before."""
    stamp = folder / "made-from"
    if stamp.is_file() and stamp.read_text("utf-8") == made_from:
        return
    shutil.rmtree(folder, ignore_errors=True)
    make()
    stamp.write_text(made_from, "utf-8")


def _make_venv() -> None:
    _run("a virtual environment", sys.executable, "-m", "venv", _VENV)
    pip = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    _run(" ".join(PINS), _VENV / "bin" / "python", *pip, *PINS)


def _make_template() -> None:
    _TEMPLATE.mkdir()
    database = _TEMPLATE / f"{DATABASE}.sqlite"
    database.touch()
    with TemporaryDirectory() as folder:
        config, password = _config(Path(folder), _TEMPLATE), Path(folder) / "password"
        password.write_text(secrets.token_urlsafe(), "utf-8")
        admin = (
            "-c",
            config,
            "-d",
            DATABASE,
            "-u",
            "ir",
            "res",
            "party",
            "--activate-dependencies",
        )
        _run(
            "a Tryton database",
            *(_VENV / "bin" / "trytond-admin", *admin, "--email", "admin@example.com"),
            environment={"TRYTONPASSFILE": str(password)},
        )
        arguments = (_SEED, config, DATABASE, PARTIES)
        seeded = _run("the parties of Tryton", _VENV / "bin" / "python", *arguments)
    (_TEMPLATE / "seeded.json").write_text(seeded, "utf-8")
    _settle(database)


def _settle(database: Path) -> None:
    """Move what SQLite keeps beside the database into it, so that it can be copied."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    """The port of a Tryton on the databases in `folder`."""
    command = [_VENV / "bin" / "trytond", "-v", "-c", _config(folder, folder), "-d", DATABASE]
    log = folder / "trytond.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=_environment({}))
    try:
        yield _port(process, log)
    finally:
        _stop(process)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port Tryton chose, which it tells its log."""
    ends_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < ends_at and process.poll() is None:
        if told := _LISTENS.search(log.read_text("utf-8")):
            return int(told[1])
        time.sleep(0.02)
    raise TrytonMissing(f"Tryton did not start: {_last_line(log.read_text('utf-8'))}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _config(folder: Path, databases: Path) -> Path:
    config = folder / "trytond.conf"
    config.write_text(_CONFIG.format(databases=databases), "utf-8")
    return config


def _run(what: str, *command: object, environment: Mapping[str, str] = {}) -> str:
    """The output of a command that makes `what`."""
    ended = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        check=False,
        env=_environment(environment),
    )
    if ended.returncode != 0:
        raise TrytonMissing(f"{what} could not be had: {_last_line(ended.stderr)}")
    return ended.stdout


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would lead another Python or another Tryton astray."""
    misleading = ("PYTHON", "TRYTON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(misleading)}
    return {**kept, **more}


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason was given"


def main() -> None:
    """Install, and say so; say what could not be had and exit 1 otherwise."""
    if sys.argv[1:] != ["install"]:
        sys.stderr.write("usage: python -m tests.support.tryton install\n")
        sys.exit(2)
    sys.exit(_install_or_complain())


if __name__ == "__main__":
    main()
