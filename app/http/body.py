"""Reads a GraphQL request off HTTP: byte cap first, then JSON, then its shape."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

_LENGTH = re.compile(r"[0-9]{1,18}")
_KEYS = frozenset({"query", "documentId", "id", "operationName", "variables", "extensions"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PREFIX = "sha256:"


class BadRequest(Exception):
    """Not a GraphQL request.  `status` is the HTTP status, the text a sentence for the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was sent: with its document's text, its document's hash, or both.

    `is_automatic`: the hash came as Apollo's clients send it, who register texts by it.
    """

    query: str | None = field(repr=False)
    sha256: str | None = None
    is_automatic: bool = False
    operation_name: str | None = field(repr=False, default=None)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_read_only: bool = False
    purpose: str | None = None


async def posted(http: HttpRequest, max_bytes: int) -> Asked:
    """The request in a POST body.

    Raises:
        BadRequest: too large (413), not JSON by its headers (415), or not a request (400).
    """
    media_type, _, parameters = http.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise BadRequest(415, "Send the request as application/json.")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in {"", "utf-8", "utf8"}:
        raise BadRequest(415, "Send the request in UTF-8.")
    if "content-encoding" in http.headers:
        raise BadRequest(415, "Send the request without compression.")
    try:
        document = orjson.loads(await read_body(http, max_bytes))
    except orjson.JSONDecodeError:
        raise BadRequest(400, "The body is not valid JSON.") from None
    return read_request(document)


def queried(http: HttpRequest) -> Asked:
    """The request in the parameters of a GET.

    Raises:
        BadRequest: the parameters aren't a request.
    """
    document: dict[str, Any] = dict(http.query_params)
    for key in ("variables", "extensions"):
        if key in document:
            try:
                document[key] = orjson.loads(document[key])
            except orjson.JSONDecodeError:
                raise BadRequest(400, f"`{key}` is not valid JSON.") from None
    return read_request(document, is_read_only=True)


async def read_body(http: HttpRequest, max_bytes: int) -> bytes:
    """The bytes of a body.

    Raises:
        BadRequest: too large (413), or it ends too early (400).
    """
    too_large = BadRequest(413, f"The body has more than {max_bytes} bytes.")
    length = http.headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length) or int(length) > max_bytes:
        raise too_large
    body = bytearray()
    try:
        async for chunk in http.stream():
            body += chunk
            if len(body) > max_bytes:
                raise too_large
    except ClientDisconnect:
        raise BadRequest(400, "The body ends too early.") from None
    return bytes(body)


def read_request(document: object, *, is_read_only: bool = False) -> Asked:
    """The request that parsed JSON is.

    Raises:
        BadRequest: it is none.
    """
    if not isinstance(document, dict):
        raise BadRequest(400, "The request must be an object; batches are not supported.")
    if unknown := sorted(document.keys() - _KEYS):
        raise BadRequest(400, f"The request holds {len(unknown)} unknown entries.")
    query = _text("query", document)
    variables = _object("variables", document)
    sha256, is_automatic = _sha256(document)
    if query is None and sha256 is None:
        raise BadRequest(400, "`query` must be the text of a document.")
    name = _text("operationName", document)
    purpose = _object("extensions", document).get("purpose")
    if purpose is not None and not isinstance(purpose, str):
        raise BadRequest(400, "`extensions.purpose` must be text.")
    return Asked(query, sha256, is_automatic, name, variables, is_read_only, purpose)


def _sha256(document: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The hash of the document that is meant, and whether an Apollo client sent it."""
    extension = _object("extensions", document).get("persistedQuery")
    if isinstance(extension, dict):
        return _hash(extension.get("sha256Hash")), True
    for key in ("documentId", "id"):
        if (given := _text(key, document)) is not None:
            if not given.startswith(_PREFIX):
                raise BadRequest(400, f"`{key}` must be `sha256:` and the hash of a document.")
            return _hash(given.removeprefix(_PREFIX)), False
    return None, False


def _hash(given: object) -> str:
    if not isinstance(given, str) or not _SHA256.fullmatch(given):
        raise BadRequest(400, "The hash of a document has 64 hexadecimal digits in lower case.")
    return given


def _text(key: str, document: Mapping[str, Any]) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        told = "`query` must be the text of a document." if key == "query" else f"`{key}` must be"
        raise BadRequest(400, told if key == "query" else f"{told} text.")
    return value


def _object(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(400, f"`{key}` must be an object.")
    return value
