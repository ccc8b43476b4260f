"""Is the embedded server well?  Asked in its own protocol, on a connection of its own.

The driver isn't used: a client costs two more connections and a monitor, which outlives a probe
that is cancelled because the server has died.
"""

import asyncio
import struct
import time
import uuid
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import bson
from bson import Binary, Int64
from bson.errors import BSONError

HOST = "127.0.0.1"

_HEADER = struct.Struct("<iiii")  # length of all, request, response to, kind
_OP_MSG = 2013
_NO_FLAGS_ONE_BODY = bytes(5)
_DATABASE = "embedded_server"
_SESSION = {"id": Binary.from_uuid(uuid.UUID("6f1d5a52-7d0b-4b53-9d7e-0c6c3b1f2a90"))}


class _Unwell(Exception):
    """The server answered with an error."""


async def passes(port: int, within_s: float) -> bool:
    """Whether a ping, a durable write and a transaction succeed at `port` within `within_s`."""
    with suppress(OSError, TimeoutError, EOFError, struct.error, BSONError, _Unwell):
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                for command in _commands():
                    await _succeed(reader, writer, command)
            finally:
                writer.close()
            return True
    return False


def _commands() -> list[dict[str, Any]]:
    """What is asked.

    The transaction only reads, so it waits for nobody.  Its point is that the server clears away
    transactions whose clients have died, and with them their locks, when another one runs.
    """
    write = {"q": {"_id": "probe"}, "u": {"$set": {"at": time.time()}}, "upsert": True}
    durably = {"w": "majority", "j": True}
    # The number must rise for as long as the server runs.
    within = {"lsid": _SESSION, "txnNumber": Int64(time.monotonic_ns()), "autocommit": False}
    return [
        {"ping": 1, "$db": "admin"},
        {"update": "probes", "updates": [write], "writeConcern": durably, "$db": _DATABASE},
        {"find": "probes", "limit": 1, **within, "startTransaction": True, "$db": _DATABASE},
        {"commitTransaction": 1, **within, "$db": "admin"},
    ]


async def _succeed(reader: StreamReader, writer: StreamWriter, command: Mapping[str, Any]) -> None:
    body = _NO_FLAGS_ONE_BODY + bson.encode(command)
    writer.write(_HEADER.pack(_HEADER.size + len(body), 1, 0, _OP_MSG) + body)
    length, *_ = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    answer = await reader.readexactly(length - _HEADER.size)
    said = bson.decode(answer[len(_NO_FLAGS_ONE_BODY) :])
    if not said["ok"] or "writeErrors" in said or "writeConcernError" in said:
        raise _Unwell


async def knock(port: int) -> None:
    """Connect, and hang up."""
    with suppress(OSError):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.close()
        await writer.wait_closed()
