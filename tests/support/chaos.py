"""mitmproxy between a gateway and its CRM: installed once, in an environment of its own.

python -m tests.support.chaos install
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_HOME = Path(__file__).parents[2] / ".tools" / "mitmproxy"
_COMMAND = _HOME / "bin" / "mitmdump"
_PIN = "mitmproxy>=11.0.2,<13"
_START_S = 60
_STOP_S = 10


@dataclass(frozen=True, slots=True)
class Chaos:
    """A proxy that stands at `url` for the CRM behind it."""

    url: str
    rule: Path

    def begin(self, fault: str) -> None:
        """Spoil what comes from now on; "" lets it through as it is.

        Faults: `latency MS`, `reset`, `status CODE [RETRY_AFTER_S]`, `redirect`, `bomb`,
        `endless`, `truncate`, `garbage`.
        """
        beside = self.rule.with_suffix(".new")
        beside.write_text(fault, "utf-8")
        beside.replace(self.rule)


@contextmanager
def running_chaos(upstream: str) -> Iterator[Chaos]:
    """A proxy to `upstream`, stopped by its process; the test is skipped where there is none."""
    if not _COMMAND.exists():
        pytest.skip("mitmproxy isn't there: `make mitmproxy` installs it")
    with TemporaryDirectory() as folder:
        rule, port = Path(folder) / "fault", _free_port()
        chaos = Chaos(f"http://127.0.0.1:{port}", rule)
        chaos.begin("")
        told = ["--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1", "-p", str(port)]
        addon = Path(__file__).with_name("chaos_addon.py")
        process = subprocess.Popen(
            [_COMMAND, *told, "--quiet", "--set", f"confdir={folder}", "-s", addon],
            env={**_without_python(), "CHAOS": str(rule)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(port, process)
            yield chaos
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_S)


def install() -> None:
    """Make the environment, unless it is there."""
    if _COMMAND.exists():
        return
    shutil.rmtree(_HOME, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True)
    pip = [str(_HOME / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", _PIN], check=True)


def _without_python() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + _START_S
    while time.monotonic() < ends_at and process.poll() is None:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("mitmproxy did not start")


if __name__ == "__main__":
    install()
