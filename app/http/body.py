"""Reads a GraphQL request off HTTP: byte cap first, then JSON, then its shape."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from graph.execution.request import Request

_LENGTH = re.compile(r"[0-9]{1,18}")
_KEYS = frozenset({"query", "operationName", "variables", "extensions"})


class BadRequest(Exception):
    """Not a GraphQL request.  `status` is the HTTP status, the text a sentence for the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def posted(http: HttpRequest, max_bytes: int) -> Request:
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
        document = orjson.loads(await _body(http, max_bytes))
    except orjson.JSONDecodeError:
        raise BadRequest(400, "The body is not valid JSON.") from None
    return request_of(document, is_read_only=False)


def queried(http: HttpRequest) -> Request:
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
    return request_of(document, is_read_only=True)


async def _body(http: HttpRequest, max_bytes: int) -> bytes:
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


def request_of(document: object, *, is_read_only: bool) -> Request:
    """The request that a JSON value is.

    Raises:
        BadRequest: it isn't one.
    """
    if not isinstance(document, dict):
        raise BadRequest(400, "The request must be an object; batches are not supported.")
    if unknown := sorted(document.keys() - _KEYS):
        raise BadRequest(400, f"The request holds {len(unknown)} unknown entries.")
    query = document.get("query")
    if not isinstance(query, str):
        raise BadRequest(400, "`query` must be the text of a document.")
    name = document.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "`operationName` must be text.")
    variables = _object("variables", document)
    purpose = _object("extensions", document).get("purpose")
    if purpose is not None and not isinstance(purpose, str):
        raise BadRequest(400, "`extensions.purpose` must be text.")
    return Request(query, name, variables, is_read_only, purpose)


def _object(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(400, f"`{key}` must be an object.")
    return value
