"""What the embedded server needs on disk: its executable, and a directory that is ours alone.

In the directory:
  db/              the data
  server-version   the version that made the data, or the last one that opened it
  server.log       what the server says: warnings and worse
  server.toml      empty; told to read this one, the server looks for no other
  lock             held while a gateway uses the directory; its text is that gateway's process id
"""

import os
import shutil
import sys
from importlib.metadata import Distribution
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

_MAX_LOG_BYTES = 10_000_000


class EmbeddedServerError(Exception):
    """The embedded server can't be used; the message says why and what to do."""


class DirectoryInUse(EmbeddedServerError):
    """Another gateway uses the data directory."""


def find_executable() -> Path:
    """The server's executable: the one beside our interpreter, else the first on PATH.

    Raises:
        EmbeddedServerError: there is none.
    """
    beside = shutil.which("secantusd-py", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("secantusd-py")
    if found is None:
        raise EmbeddedServerError(
            "The embedded document server is not installed. Install it with"
            " `pip install 'secantusdb>=0.7.0b3,<0.8'`,"
            " or set GATEWAY_STORE__URI to the connection string of a MongoDB."
        )
    return Path(found).absolute()


def installed_version(executable: Path) -> str:
    """The version of the distribution that `executable` belongs to, read without running it.

    Raises:
        EmbeddedServerError: it belongs to none.
    """
    prefix = executable.resolve().parent.parent
    places = [
        str(place)
        for pattern in (
            "lib/python*/site-packages",
            "lib/python*/dist-packages",
            "Lib/site-packages",
        )
        for place in prefix.glob(pattern)
    ]
    for distribution in Distribution.discover(name="secantusdb", path=[*places, *sys.path]):
        return distribution.version
    raise EmbeddedServerError(
        f"Nothing tells the version of {executable}, so it isn't safe to open data with it."
        " Install it again with `pip install 'secantusdb>=0.7.0b3,<0.8'`."
    )


def claim(path: Path) -> int:
    """A descriptor that holds `path` for this process until it is closed or the process ends.

    The directory is made when it is missing, and is ours alone (mode 0700) from here on.

    Raises:
        DirectoryInUse: another gateway holds it.
        EmbeddedServerError: it can't be made or written.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        (path / "server.toml").touch(mode=0o600)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedServerError(
            f"The data directory {path} can't be used: {error.strerror}."
        ) from error
    try:
        _lock(lock, path)
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
    except BaseException:
        os.close(lock)
        raise
    return lock


def _lock(descriptor: int, path: Path) -> None:
    if sys.platform == "win32":
        return  # there, the server's own lock refuses the second gateway
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode().strip() or "unknown"
        raise DirectoryInUse(
            f"The data directory {path} is in use by another gateway (process {holder})."
            " Stop that one, or give this one a directory of its own with GATEWAY_STORE__PATH."
        ) from None


def version_of_data(path: Path, installed: str) -> str:
    """The version that made the data in `path`; `installed` where there is no data yet.

    Raises:
        EmbeddedServerError: it is of another series (0.7, 0.8) than `installed`.  Such versions
            can't read each other's files, and not all of them notice.
    """
    record = path / "server-version"
    if not (path / "db").exists():
        record_version(path, installed)
    made_by = record.read_text(encoding="utf-8").strip() if record.exists() else installed
    if made_by.split(".")[:2] != installed.split(".")[:2]:
        raise EmbeddedServerError(other_version(path, made_by, installed))
    return made_by


def record_version(path: Path, version: str) -> None:
    """Write down that `version` of the server has opened the data in `path`."""
    draft = path / "server-version.new"
    draft.touch(mode=0o600)
    draft.write_text(version + "\n", encoding="utf-8")
    draft.replace(path / "server-version")


def other_version(path: Path, made_by: str, installed: str) -> str:
    """What to tell somebody whose server can't open the data that another version made."""
    return (
        f"The data in {path} was made by secantusdb {made_by}, and the installed secantusdb"
        f" {installed} can't open it. To move it: install secantusdb {made_by}, run"
        f" `profile-gateway backup FILE`, install secantusdb {installed} again, move"
        f" {path / 'db'} away and run `profile-gateway restore FILE`."
    )


def open_log(path: Path) -> BinaryIO:
    """The server's log in `path`, to be appended to; a long one makes room for a new one."""
    log = path / "server.log"
    if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
        log.replace(path / "server.log.1")
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
