"""A real Redis on a port of its own, with a password; stopped by its process."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from app.cache_settings import CacheSettings

PASSWORD_VARIABLE = "PROFILE_GATEWAY_TEST_REDIS"
_PASSWORD = "a-password-of-tests"
_START_S = 20


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A server that listens at `port` of this machine, by TLS where `ca` is its authority."""

    port: int
    pid: int
    ca: Path | None = None

    @property
    def client(self) -> redis.Redis:
        """A client nobody here wrote."""
        tls = {"ssl": True, "ssl_ca_certs": str(self.ca)} if self.ca else {}
        return redis.Redis(port=self.port, password=_PASSWORD, **tls)

    def settings(self, **changes: object) -> CacheSettings:
        """Settings that lead to it."""
        scheme = "rediss" if self.ca else "redis"
        uri = f"{scheme}://localhost:{self.port}/0" if self.ca else f"redis://127.0.0.1:{self.port}"
        given = {"uri": uri, "password": f"env:{PASSWORD_VARIABLE}", "tls_ca": self.ca}
        return CacheSettings(**given | {"deadline_s": 5.0} | changes)

    def hang(self) -> None:
        """Answer nobody from now on."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        os.kill(self.pid, signal.SIGCONT)


@contextmanager
def running_redis(*tls: str, ca: Path | None = None) -> Iterator[RedisServer]:
    """A Redis that forgets everything when it stops; the test is skipped where there is none."""
    command = shutil.which("redis-server")
    if command is None:
        pytest.skip("redis-server isn't installed: on Debian, apt install redis-server")
    os.environ[PASSWORD_VARIABLE] = _PASSWORD
    port = _free_port()
    ports = ["--port", "0", "--tls-port", str(port), *tls] if ca else ["--port", str(port)]
    told = [*ports, "--bind", "127.0.0.1", "--save", "", "--requirepass", _PASSWORD]
    process = subprocess.Popen([command, *told], stdout=subprocess.DEVNULL)
    server = RedisServer(port, process.pid, ca)
    try:
        _wait(server)
        yield server
    finally:
        server.go_on()
        process.terminate()
        process.wait(_START_S)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait(server: RedisServer) -> None:
    ends_at = time.monotonic() + _START_S
    with server.client as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                if time.monotonic() > ends_at:
                    raise
                time.sleep(0.02)
            else:
                return
