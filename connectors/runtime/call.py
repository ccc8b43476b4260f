"""The HTTP call around every request to a source."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2
import orjson

from connectors.base import Call
from connectors.errors import (
    BadPayload,
    Retriable,
    SourceError,
    Timeout,
    Unavailable,
    WrongSettings,
)
from connectors.runtime.network import RefusedAddress
from connectors.runtime.statuses import refusal

MAX_RETRIES = 2
MAX_BODY_BYTES = 5_000_000
FIRST_PAUSE_S = 0.1

_OUR_FAULT = (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Request:
    """One read at a source; `json`, unless None, is sent as the body."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)


async def ask(
    source: str,
    call: Call,
    request: Request,
    *,
    max_bytes: int = MAX_BODY_BYTES,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> object:
    """The parsed JSON of a 2xx answer to `request`.

    Asks up to three times while the error is `Retriable`, with full jitter between, and no
    sooner than the source's Retry-After; so `request` must be safe to repeat.  A pause that the
    budget can't pay for is not begun: the error is raised at once.

    Raises:
        SourceError: as the table in connectors/README.md says; its text and its chain hold no
            value, body or secret.
    """
    for attempt in range(MAX_RETRIES):
        try:
            return await _attempt(source, call, request, max_bytes)
        except Retriable as error:
            pause_s = _pause_s(attempt, error.retry_after_s)
            if pause_s >= call.budget.remaining_s():
                raise
        await sleep(pause_s)
    return await _attempt(source, call, request, max_bytes)


def _pause_s(attempt: int, retry_after_s: float | None) -> float:
    longest_s = FIRST_PAUSE_S * 2**attempt
    jitter_s = random.uniform(0, longest_s)  # noqa: S311 - spreads retries, guards no secret
    return max(jitter_s, retry_after_s or 0)


async def _attempt(source: str, call: Call, request: Request, max_bytes: int) -> object:
    remaining_s = call.budget.remaining_s()
    if not remaining_s:
        raise Timeout(source, "no time left to ask")
    try:
        # httpx2 times each read; only the outer timeout stops a source that drips.
        async with asyncio.timeout(remaining_s):
            return await _exchange(source, call.http, request, remaining_s, max_bytes)
    except RefusedAddress:
        told = "base_url leads to an address that isn't allowed: check networks"
        raise WrongSettings(source, told) from None
    except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        # Neither cause nor text is passed on: both may quote the address or a header.
        raise _failure(source, error) from None


def _failure(source: str, error: Exception) -> SourceError:
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return Timeout(source, "no answer within the time left")
    kind = type(error).__name__
    if isinstance(error, _OUR_FAULT):
        return WrongSettings(
            source, f"the request can't be sent ({kind}): check base_url and secret"
        )
    return Unavailable(source, f"the connection failed ({kind})")


async def _exchange(
    source: str, http: httpx2.AsyncClient, request: Request, timeout_s: float, max_bytes: int
) -> object:
    headers = {"Accept": "application/json", **request.headers, "Accept-Encoding": "identity"}
    content = None
    if request.json is not None:
        content = orjson.dumps(request.json)
        headers["Content-Type"] = "application/json"
    async with http.stream(
        request.method,
        request.url,
        headers=headers,
        content=content,
        follow_redirects=False,
        timeout=timeout_s,
    ) as response:
        if error := refusal(source, response.status_code, response.headers, datetime.now(UTC)):
            raise error
        _check_form(source, response.headers)
        return _parsed(source, await _body(source, response, max_bytes))


def _check_form(source: str, headers: httpx2.Headers) -> None:
    # A compressed body could outgrow the cap after it was counted; we asked for none.
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise BadPayload(source, "the answer is compressed, which was not asked for")
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise BadPayload(source, "the answer is not JSON")


async def _body(source: str, response: httpx2.Response, max_bytes: int) -> bytearray:
    too_long = BadPayload(source, f"the answer is longer than {max_bytes} bytes")
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise too_long
    body = bytearray()
    async with aclosing(response.aiter_raw()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > max_bytes:
                raise too_long
    return body


def _parsed(source: str, body: bytearray) -> object:
    # Raised outside of the handler: orjson's error carries the body.
    with suppress(orjson.JSONDecodeError):
        parsed: object = orjson.loads(body)
        return parsed
    raise BadPayload(source, "the answer is not JSON")
