"""The HTTP call around every request to a source."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus

import httpx2
import orjson

from connectors.base import Call
from connectors.errors import (
    BadPayload,
    Retriable,
    SourceError,
    Timeout,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.runtime.auth import Auth
from connectors.runtime.network import RefusedAddress
from connectors.runtime.quota import quota_of
from connectors.runtime.statuses import refusal

MAX_RETRIES = 2
MAX_BODY_BYTES = 5_000_000
FIRST_PAUSE_S = 0.1

_MAX_EXPLANATION_BYTES = 64_000
_WITHOUT_BODY = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})
_OUR_FAULT = (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: header names in lower case, and the parsed JSON, None where there is none."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)


Judge = Callable[[Reply], SourceError | None]
"""What a vendor's answer means where its status doesn't say it; None: what the status says."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a source.

    `json`, unless None, is sent as the body; else `form`, unless None.  `auth` adds who we are,
    anew for every try.  `judge` reads every answer first, refusals too.  `lane` is one of the
    connector's limits, where the source counts requests of this kind apart.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    auth: Auth | None = field(default=None, repr=False)
    judge: Judge | None = field(default=None, repr=False)
    lane: str = field(default="", repr=False)


async def ask(
    source: str,
    call: Call,
    request: Request,
    *,
    max_bytes: int = MAX_BODY_BYTES,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> object:
    """The parsed JSON of a 2xx answer to `request`; else as `read`."""
    return (await read(source, call, request, max_bytes=max_bytes, sleep=sleep)).body


async def read(
    source: str,
    call: Call,
    request: Request,
    *,
    max_bytes: int = MAX_BODY_BYTES,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Reply:
    """The 2xx answer to a `request` that is safe to repeat; JSON, without exception.

    Asks up to three times while the error is `Retriable`, with full jitter between, and no
    sooner than the source's Retry-After.  A pause that the budget can't pay for is not begun: the
    error is raised at once.  Credentials that are refused are renewed, and tried once more.

    Raises:
        SourceError: as the table in connectors/README.md says; its text and its chain hold no
            value, body or secret.
    """
    for attempt in range(MAX_RETRIES):
        try:
            return await _authorized(source, call, request, max_bytes)
        except Retriable as error:
            pause_s = _pause_s(attempt, error.retry_after_s)
            if pause_s >= call.budget.remaining_s():
                raise
        await sleep(pause_s)
    return await _authorized(source, call, request, max_bytes)


async def tell(source: str, call: Call, request: Request) -> Reply:
    """The 2xx answer to a `request` that changes something: sent once; it may have no body.

    Raises:
        SourceError: where it is a `Retriable`, the source may have done it all the same.
    """
    return await _authorized(source, call, request, MAX_BODY_BYTES, is_read=False)


async def _authorized(
    source: str, call: Call, request: Request, max_bytes: int, *, is_read: bool = True
) -> Reply:
    try:
        return await _attempt(source, call, request, max_bytes, is_read=is_read)
    except Unauthorized:
        if request.auth is None or not request.auth.renew():
            raise
    return await _attempt(source, call, request, max_bytes, is_read=is_read)


def _pause_s(attempt: int, retry_after_s: float | None) -> float:
    longest_s = FIRST_PAUSE_S * 2**attempt
    jitter_s = random.uniform(0, longest_s)  # noqa: S311 - spreads retries, guards no secret
    return max(jitter_s, retry_after_s or 0)


async def _attempt(
    source: str, call: Call, request: Request, max_bytes: int, *, is_read: bool
) -> Reply:
    if request.auth is not None:  # may ask itself, so it comes before we take a place
        own = await request.auth.headers(call)
        request = replace(request, headers={**request.headers, **own})
    async with call.enter(call.budget, request.lane):
        return await _timely(source, call, request, max_bytes, is_read=is_read)


async def _timely(
    source: str, call: Call, request: Request, max_bytes: int, *, is_read: bool
) -> Reply:
    remaining_s = call.budget.remaining_s()
    if not remaining_s:
        raise Timeout(source, "no time left to ask")
    try:
        # httpx2 times each read; only the outer timeout stops a source that drips.
        async with asyncio.timeout(remaining_s):
            sent = _sent(call.http, request, remaining_s)
            return await _exchange(source, call, sent, request.judge, max_bytes, is_read=is_read)
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


def _sent(
    http: httpx2.AsyncClient, request: Request, timeout_s: float
) -> AbstractAsyncContextManager[httpx2.Response]:
    headers = {"Accept": "application/json", **request.headers, "Accept-Encoding": "identity"}
    content = None
    if request.json is not None:
        content = orjson.dumps(request.json)
        headers["Content-Type"] = "application/json"
    return http.stream(
        request.method,
        request.url,
        headers=headers,
        content=content,
        data=request.form if content is None else None,
        follow_redirects=False,
        timeout=timeout_s,
    )


async def _exchange(
    source: str,
    call: Call,
    sent: AbstractAsyncContextManager[httpx2.Response],
    judge: Judge | None,
    max_bytes: int,
    *,
    is_read: bool,
) -> Reply:
    async with sent as response:
        status, headers = response.status_code, response.headers
        if quota := quota_of(headers):
            call.heard(quota)
        error = refusal(source, status, headers, datetime.now(UTC))
        if error is None:
            body = await _content(source, response, max_bytes, is_read=is_read)
        elif judge is None:
            raise error
        else:
            body = await _explanation(source, response)
    reply = Reply(status, {name.lower(): text for name, text in headers.items()}, body)
    if error := (judge(reply) if judge else None) or error:
        raise error
    return reply


async def _content(
    source: str, response: httpx2.Response, max_bytes: int, *, is_read: bool
) -> object:
    if not is_read and response.status_code in _WITHOUT_BODY:
        return None
    _check_form(source, response.headers)
    return _parsed(source, await _body(source, response, max_bytes))


async def _explanation(source: str, response: httpx2.Response) -> object:
    """What a refusal says of itself; None where that isn't JSON, or too long."""
    with suppress(BadPayload):
        _check_form(source, response.headers)
        return _parsed(source, await _body(source, response, _MAX_EXPLANATION_BYTES))
    return None


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
