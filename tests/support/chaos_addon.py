"""Runs inside mitmproxy: every answer on the way is spoilt as the file that CHAOS names says."""

import asyncio
import gzip
import os
from collections.abc import Iterator
from pathlib import Path

from mitmproxy import http  # type: ignore[import-not-found]  # only in its own environment

_RULE = Path(os.environ["CHAOS"])
_CHUNK = b" " * 65_536
_HUGE = 300_000_000
_BOMB = gzip.compress(b" " * 200_000_000, 9)
_ELSEWHERE = "http://169.254.169.254/latest/meta-data"


def _rule() -> str:
    return _RULE.read_text("utf-8")


def _endless(data: bytes) -> Iterator[bytes]:
    """A megabyte a second or so, for five minutes, after what was said."""
    yield data
    for _ in range(_HUGE // len(_CHUNK)):
        yield _CHUNK


class Chaos:
    """One fault at a time."""

    async def request(self, flow: http.HTTPFlow) -> None:
        """Wait, hang up, or answer in the CRM's place."""
        match _rule().split():
            case ["latency", milliseconds]:
                await asyncio.sleep(int(milliseconds) / 1000)
            case ["reset"]:
                flow.kill()
            case ["status", status, *seconds]:
                head = {"content-type": "application/json"}
                head |= {"retry-after": seconds[0]} if seconds else {}
                flow.response = http.Response.make(int(status), b'{"status":"error"}', head)
            case ["redirect"]:
                flow.response = http.Response.make(302, b"", {"location": _ELSEWHERE})
            case ["bomb"]:
                head = {"content-type": "application/json"}
                flow.response = http.Response.make(200, b"", head)
                flow.response.headers["content-encoding"] = "gzip"
                flow.response.raw_content = _BOMB

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Go on without an end."""
        if _rule() == "endless":
            flow.response.headers.pop("content-length", None)
            flow.response.stream = _endless

    def response(self, flow: http.HTTPFlow) -> None:
        """Cut the answer off, or say something else."""
        match _rule():
            case "truncate":
                whole = flow.response.raw_content
                flow.response.raw_content = whole[: len(whole) // 2]
                flow.response.headers["content-length"] = str(len(whole))
            case "garbage":
                flow.response.text = "<html>We are busy</html>"


addons = [Chaos()]
