"""graphql-transport-ws: what clients may say, what the gateway says, and why it closes.

Every reason is a sentence of ours: nothing that a client sent is said back or logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

import orjson

from app.http.body import BadRequest, request_of
from graph.execution.request import Answer, Request

SUBPROTOCOL: Final = "graphql-transport-ws"
ACK: Final = '{"type":"connection_ack"}'
PONG: Final = '{"type":"pong"}'

_MAX_ID: Final = 128
_MAX_REASON_BYTES: Final = 123  # what a close frame holds beside its code


class Close(IntEnum):
    """Close codes of the protocol, and those of WebSocket that are used beside them."""

    GOING_AWAY = 1001
    INTERNAL = 1011
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE = 4409
    TOO_MANY = 4429


class Closing(Exception):
    """The connection must be closed.  `reason` is a sentence for the client, cut to 123 bytes."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Init:
    """The client says who it is: as in an `Authorization` header, or None."""

    authorization: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ping:
    """The client wants a pong."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The client is there."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The client asks for an operation of any kind; `id` names it on this connection."""

    id: str = field(repr=False)
    request: Request


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more answers to an operation."""

    id: str = field(repr=False)


Message = Init | Ping | Pong | Subscribe | Complete


def read_message(text: str | None) -> Message:
    """What a client says; None stands for a binary message.

    Raises:
        Closing: it isn't of the protocol.
    """
    if text is None:
        raise _bad("Messages must be text.")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _bad("The message is not valid JSON.") from None
    if not isinstance(document, dict):
        raise _bad("The message must be an object.")
    match document.get("type"):
        case "connection_init":
            return Init(_authorization(_payload(document)))
        case "ping":
            _payload(document)
            return Ping()
        case "pong":
            _payload(document)
            return Pong()
        case "subscribe":
            return Subscribe(_id(document), _request(document))
        case "complete":
            return Complete(_id(document))
        case _:
            raise _bad("The message has no known type.")


def next_text(id: str, answer: Answer) -> str:
    """The message that carries an answer: its result, or the errors that kept it from running."""
    if answer.is_request_error:
        return _text({"id": id, "type": "error", "payload": answer.body["errors"]})
    return _text({"id": id, "type": "next", "payload": answer.body})


def complete_text(id: str) -> str:
    """The message that says that an operation has no more answers."""
    return _text({"id": id, "type": "complete"})


def _text(document: Mapping[str, Any]) -> str:
    # Text, because clients can't read the protocol from binary frames.
    return orjson.dumps(document).decode()


def _bad(reason: str) -> Closing:
    return Closing(Close.BAD_REQUEST, reason)


def _id(document: Mapping[str, Any]) -> str:
    found = document.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= _MAX_ID:
        raise _bad(f"`id` must be text of 1 to {_MAX_ID} characters.")
    return found


def _payload(document: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = document.get("payload")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise _bad("`payload` must be an object.")
    return payload


def _request(document: Mapping[str, Any]) -> Request:
    try:
        return request_of(document.get("payload"), is_read_only=False)
    except BadRequest as error:
        raise _bad(str(error)) from None


def _authorization(payload: Mapping[str, Any]) -> str | None:
    given = [value for key, value in payload.items() if key.lower() == "authorization"]
    if not given:
        return None
    if len(given) > 1 or not isinstance(given[0], str):
        raise _bad("`authorization` must be one text.")
    return given[0]
