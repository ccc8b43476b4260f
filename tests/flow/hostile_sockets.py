"""What a hostile or broken client says on a WebSocket, and the code it must be closed with."""

import json
import struct
from dataclasses import dataclass
from typing import Any

CANARY = "CANARY-4711"

ASK = {"type": "subscribe", "id": CANARY, "payload": {"query": f"{{ viewer {{ {CANARY} }} }}"}}


@dataclass(frozen=True, slots=True)
class Sequence:
    """Messages in order; `is_signed_in`: after an acknowledged `connection_init`."""

    code: int
    messages: tuple[Any, ...]
    is_signed_in: bool = True


def _after(code: int, *messages: Any) -> Sequence:
    return Sequence(code, messages)


def _before(code: int, *messages: Any) -> Sequence:
    return Sequence(code, messages, is_signed_in=False)


def _init(payload: Any) -> dict[str, Any]:
    return {"type": "connection_init", "payload": payload}


def _asked(**changed: Any) -> dict[str, Any]:
    return {**ASK, **changed}


def _payload(**changed: Any) -> dict[str, Any]:
    return _asked(payload={"query": "{ viewer { tenant } }", **changed})


SEQUENCES = {
    "subscribe before init": _before(4401, ASK),
    "complete before init": _before(4401, {"type": "complete", "id": CANARY}),
    "unknown type before init": _before(4400, {"type": CANARY}),
    "init without a token": _before(4401, {"type": "connection_init"}),
    "init with a payload of null": _before(4401, _init(None)),
    "init with a token of nobody": _before(4401, _init({"authorization": f"Bearer {CANARY}"})),
    "init with another scheme": _before(4401, _init({"authorization": f"Basic {CANARY}"})),
    "init with a token of 9 KB": _before(4401, _init({"authorization": "Bearer " + "a" * 9000})),
    "init with an unsigned token": _before(
        4401, _init({"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x"})
    ),
    "init with a token in a list": _before(4400, _init({"authorization": [CANARY]})),
    "init with two tokens": _before(
        4400, _init({"authorization": CANARY, "Authorization": CANARY})
    ),
    "init with a list": _before(4400, _init([CANARY])),
    "init with a text": _before(4400, _init(CANARY)),
    "legacy start before init": _before(4400, {**ASK, "type": "start"}),
    "two inits": _after(4429, _init({"authorization": CANARY})),
    "unknown type": _after(4400, {"type": CANARY}),
    "legacy start": _after(4400, {**ASK, "type": "start"}),
    "legacy terminate": _after(4400, {"type": "connection_terminate"}),
    "what only a server says": _after(4400, {"type": "next", "id": CANARY, "payload": {}}),
    "no type": _after(4400, {"id": CANARY}),
    "a number for a type": _after(4400, {"type": 1}),
    "a list for a type": _after(4400, {"type": ["subscribe"]}),
    "not JSON": _after(4400, CANARY),
    "nothing at all": _after(4400, ""),
    "a list of messages": _after(4400, [ASK]),
    "a number": _after(4400, 4711),
    "null": _after(4400, "null"),
    "NaN": _after(4400, '{"type": "ping", "payload": {"x": NaN}}'),
    "a lone surrogate": _after(4400, '{"type": "ping", "payload": {"x": "\\ud800"}}'),
    "endless nesting": _after(4400, '{"type": "ping", "payload": ' + "[" * 30_000),
    "a binary message": _after(4400, json.dumps(ASK).encode()),
    "a message of 65 KB": _after(1009, "a" * 65_537),
    "a binary message of 15 MB": _before(1009, b"a" * 15_000_000),
    "no id": _after(4400, {"type": "subscribe", "payload": ASK["payload"]}),
    "an empty id": _after(4400, _asked(id="")),
    "a number for an id": _after(4400, _asked(id=1)),
    "a long id": _after(4400, _asked(id=CANARY * 20)),
    "no payload": _after(4400, {"type": "subscribe", "id": CANARY}),
    "a text for a payload": _after(4400, _asked(payload=CANARY)),
    "a batch": _after(4400, _asked(payload=[ASK["payload"]])),
    "no document": _after(4400, _asked(payload={})),
    "a number for a document": _after(4400, _payload(query=1)),
    "a list for variables": _after(4400, _payload(variables=[CANARY])),
    "a text for variables": _after(4400, _payload(variables=CANARY)),
    "a list for a name": _after(4400, _payload(operationName=[CANARY])),
    "an unknown entry": _after(4400, _payload(**{CANARY: 1})),
    "complete without an id": _after(4400, {"type": "complete"}),
    "complete of a number": _after(4400, {"type": "complete", "id": 1}),
    "a ping with a text": _after(4400, {"type": "ping", "payload": CANARY}),
    "a pong with a list": _after(4400, {"type": "pong", "payload": [CANARY]}),
    "a flood": _after(4429, *[{"type": "pong"}] * 200),
    "a flood before init": _before(4429, *[{"type": "pong"}] * 200),
}


def frame(opcode: int, data: bytes, *, is_final: bool = True, is_masked: bool = True) -> bytes:
    """A WebSocket frame, its mask made of zeros."""
    first = (0x80 if is_final else 0) | opcode
    mask = 0x80 if is_masked else 0
    if len(data) < 126:
        head = struct.pack("!BB", first, mask | len(data))
    else:
        head = struct.pack("!BBH", first, mask | 126, len(data))
    return head + (b"\0" * 4 if is_masked else b"") + data


_CONT, _TEXT, _CLOSE, _PING = 0, 1, 8, 9

# Frames that aren't WebSocket's, or only just are; the code, 0 where there can't be one.
FRAMES = {
    "text that isn't UTF-8": (1007, frame(_TEXT, b'{"type": "\xff' + CANARY.encode())),
    "text cut in a character": (1007, frame(_TEXT, "é".encode()[:1])),
    "a frame without a mask": (1002, frame(_TEXT, b"{}", is_masked=False)),
    "a reserved opcode": (1002, frame(3, b"{}")),
    "a reserved bit, as of compression": (1002, frame(0x40 | _TEXT, b"{}")),
    "a piece of nothing": (1002, frame(_CONT, b"{}")),
    "a message within a message": (1002, frame(_TEXT, b"{", is_final=False) + frame(_TEXT, b"{}")),
    "a ping of 126 bytes": (1002, frame(_PING, b"a" * 126)),
    "a ping in pieces": (1002, frame(_PING, b"a", is_final=False)),
    "a close of one byte": (1002, frame(_CLOSE, b"\x03")),
    "a close with a code that nobody may send": (1002, frame(_CLOSE, struct.pack("!H", 1005))),
    "a thousand pieces of nothing": (
        1009,
        frame(_TEXT, b"", is_final=False) + frame(_CONT, b"", is_final=False) * 1000,
    ),
    "66 pieces of a kilobyte": (
        1009,
        frame(_TEXT, b"", is_final=False) + frame(_CONT, b"a" * 1000, is_final=False) * 66,
    ),
    "a frame that says it holds 2^63 bytes": (1009, struct.pack("!BBQ", 0x81, 0xFF, 2**63 - 1)),
}

_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
_VERSION = "Sec-WebSocket-Version: 13\r\n"
_PROTOCOL = "Sec-WebSocket-Protocol: graphql-transport-ws\r\n"


def upgrade(*lines: str) -> bytes:
    """A request to upgrade with these header lines."""
    start = (
        "GET /graphql HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    )
    return (start + "".join(lines) + "\r\n").encode()


UPGRADE = upgrade(_KEY, _VERSION, _PROTOCOL)

# Requests to upgrade that get none, and the statuses they may get.
UPGRADES = {
    "without a key": (400, upgrade(_VERSION, _PROTOCOL)),
    "with a key that is too short": (400, upgrade("Sec-WebSocket-Key: YQ==\r\n", _VERSION)),
    "with two keys": (400, upgrade(_KEY, _KEY, _VERSION, _PROTOCOL)),
    "of an old version": (400, upgrade(_KEY, "Sec-WebSocket-Version: 8\r\n", _PROTOCOL)),
    "without a version": (400, upgrade(_KEY, _PROTOCOL)),
    "from a foreign page": (
        403,
        upgrade(_KEY, _VERSION, _PROTOCOL, "Origin: https://evil.test\r\n"),
    ),
    "from a page that almost is ours": (
        403,
        upgrade(_KEY, _VERSION, _PROTOCOL, "Origin: https://desk.test.evil.test\r\n"),
    ),
    "from our page in capitals": (
        403,
        upgrade(_KEY, _VERSION, _PROTOCOL, "Origin: https://DESK.test\r\n"),
    ),
    "from a page without a name": (403, upgrade(_KEY, _VERSION, _PROTOCOL, "Origin: null\r\n")),
    "from two pages": (
        400,
        upgrade(
            *(_KEY, _VERSION, _PROTOCOL),
            *("Origin: https://desk.test\r\n", "Origin: https://evil.test\r\n"),
        ),
    ),
}
