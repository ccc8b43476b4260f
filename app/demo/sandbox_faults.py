"""How the sandbox CRM misbehaves on request, and what it counts.

The switches live under `/_sandbox`, need no token and apply to every call of the CRM's own paths.
"""

import asyncio
import hmac
import math
import re
import time
from collections import Counter, deque
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.demo.sandbox_wire import Refused, answer, complaints

_ONE_RECORD = re.compile(r"^(/crm/(?:objects/2026-09|v3/objects)/[^/]+)/(?!search$)[^/]+$")
_ONE_PROPERTY = re.compile(r"^(/crm/(?:properties/2026-09|v3/properties)/[^/]+)/[^/]+$")
_GARBAGE = b'{"status":"COMPLETE","results":[{"id":'
_POLICY_MESSAGES = {
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "DAILY": "You have reached your daily limit.",
}


class _Switches(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RateLimit(_Switches):
    """At most `calls` calls in any `per_s` seconds."""

    calls: Annotated[int, Field(ge=1)]
    per_s: Annotated[float, Field(gt=0)]
    policy: Literal["TEN_SECONDLY_ROLLING", "DAILY"] = "TEN_SECONDLY_ROLLING"


class Faults(_Switches):
    """What goes wrong.

    latency_ms: pause before each answer.  error_rate: share of calls answered with `status`,
    spread evenly (all of them when only `status` is given).  rate_limit: see RateLimit.
    hang: no answer until the switches change.  down: 503 for everything.
    garbage: status 200 and a body that breaks off.
    """

    latency_ms: Annotated[float, Field(ge=0, le=600_000)] = 0
    error_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    rate_limit: RateLimit | None = None
    hang: bool = False
    down: bool = False
    garbage: bool = False

    def errors_per_call(self) -> float:
        """Share of calls that fail on purpose, 0 to 1."""
        if self.error_rate is not None:
            return self.error_rate
        return 0.0 if self.status is None else 1.0


class Stats:
    """What the CRM was asked since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        self._paths: Counter[str] = Counter()
        self._keys_read = 0
        self._last_properties: list[str] | None = None

    def call(self, method: str, path: str) -> None:
        """Count a call; one record's or property's path counts under its pattern."""
        pattern = _ONE_PROPERTY.sub(r"\1/{name}", _ONE_RECORD.sub(r"\1/{id}", path))
        self._paths[f"{method} {pattern}"] += 1

    def read(self, keys: int, properties: list[str]) -> None:
        """Note how many records a read or search named, and the properties it asked for."""
        self._keys_read += keys
        self._last_properties = list(properties)

    def shown(self) -> dict[str, Any]:
        """The counts, as `GET /_sandbox/stats` answers."""
        return {
            "calls": self._paths.total(),
            "paths": dict(self._paths),
            "keys_read": self._keys_read,
            "last_properties": self._last_properties,
        }


class Switchboard:
    """The faults in force, with what they need to remember between calls."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._changed = asyncio.Event()
        self._owed_errors = 0.0
        self._admitted: deque[float] = deque()

    def put(self, faults: Faults) -> None:
        """Put `faults` in force instead of what was; calls that hang go on."""
        self.faults = faults
        self._owed_errors = 0.0
        self._admitted.clear()
        self._changed.set()
        self._changed = asyncio.Event()

    async def obstruct(self) -> Response | None:
        """Go wrong as the switches say: the answer to give instead of the CRM's, or None."""
        if self.faults.down:
            return _failure(HTTPStatus.SERVICE_UNAVAILABLE)
        while self.faults.hang:
            await self._changed.wait()
        if self.faults.latency_ms:
            await asyncio.sleep(self.faults.latency_ms / 1000)
        if self.faults.rate_limit and not self._admit(self.faults.rate_limit):
            return self._rate_limited(self.faults.rate_limit)
        self._owed_errors += self.faults.errors_per_call()
        if self._owed_errors >= 1:
            self._owed_errors -= 1
            return _failure(self.faults.status or HTTPStatus.INTERNAL_SERVER_ERROR)
        if self.faults.garbage:
            return Response(_GARBAGE, media_type="application/json")
        return None

    def rate_headers(self) -> dict[str, str]:
        """The X-HubSpot-RateLimit headers; none while no limit is set."""
        limit = self.faults.rate_limit
        if limit is None:
            return {}
        remaining = str(limit.calls - len(self._admitted))
        if limit.policy == "DAILY":
            return {
                "X-HubSpot-RateLimit-Daily": str(limit.calls),
                "X-HubSpot-RateLimit-Daily-Remaining": remaining,
            }
        return {
            "X-HubSpot-RateLimit-Max": str(limit.calls),
            "X-HubSpot-RateLimit-Remaining": remaining,
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(round(limit.per_s * 1000)),
        }

    def _admit(self, limit: RateLimit) -> bool:
        now = time.monotonic()
        while self._admitted and self._admitted[0] <= now - limit.per_s:
            self._admitted.popleft()
        if len(self._admitted) >= limit.calls:
            return False
        self._admitted.append(now)
        return True

    def _rate_limited(self, limit: RateLimit) -> Response:
        message = _POLICY_MESSAGES[limit.policy]
        refusal = Refused(HTTPStatus.TOO_MANY_REQUESTS, "RATE_LIMITS", message)
        response = answer(refusal.body | {"policyName": limit.policy}, refusal.status)
        wait_s = self._admitted[0] + limit.per_s - time.monotonic()
        response.headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
        return response


class Gate:
    """Stands before every path of the CRM: counts, goes wrong on request, asks for the token."""

    def __init__(self, app: ASGIApp, token: str, stats: Stats, switchboard: Switchboard) -> None:
        self._app = app
        self._credentials = f"Bearer {token}".encode()
        self._stats = stats
        self._switchboard = switchboard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, as ASGI has it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        self._stats.call(request.method, request.url.path)
        refusal = await self._switchboard.obstruct() or self._stranger(request)
        # The search path of the real CRM tells nothing of its limits.
        if not request.url.path.endswith("/search"):
            send = self._with_rate_headers(send)
        return await (refusal or self._app)(scope, receive, send)

    def _stranger(self, request: Request) -> Response | None:
        shown = request.headers.get("Authorization", "").encode("latin-1")
        if hmac.compare_digest(shown, self._credentials):
            return None
        message = "Authentication credentials not found or not valid."
        refusal = Refused(HTTPStatus.UNAUTHORIZED, "INVALID_AUTHENTICATION", message)
        return answer(refusal.body, refusal.status)

    def _with_rate_headers(self, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._switchboard.rate_headers())
            await send(message)

        return send_with_headers


def switch_routes(stats: Stats, switchboard: Switchboard) -> list[Route]:
    """The paths under `/_sandbox`."""

    async def show_stats(_: Request) -> Response:
        return answer(stats.shown())

    async def reset_stats(_: Request) -> Response:
        stats.reset()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def show_faults(_: Request) -> Response:
        return answer(switchboard.faults.model_dump())

    async def put_faults(request: Request) -> Response:
        switchboard.put(_faults(await request.body()))
        return answer(switchboard.faults.model_dump())

    async def clear_faults(_: Request) -> Response:
        switchboard.put(Faults())
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return [
        Route("/_sandbox/stats", show_stats, methods=["GET"]),
        Route("/_sandbox/stats", reset_stats, methods=["DELETE"]),
        Route("/_sandbox/faults", show_faults, methods=["GET"]),
        Route("/_sandbox/faults", put_faults, methods=["PUT"]),
        Route("/_sandbox/faults", clear_faults, methods=["DELETE"]),
    ]


def _faults(raw: bytes) -> Faults:
    try:
        return Faults.model_validate_json(raw)
    except ValidationError as error:
        unknown = [
            ".".join(map(str, one["loc"]))
            for one in error.errors()
            if one["type"] == "extra_forbidden"
        ]
        told = f"no such switch: {', '.join(unknown)}" if unknown else complaints(error)
        raise Refused.malformed(told) from None


def _failure(status: int) -> Response:
    failed = HTTPStatus(status)
    refusal = Refused(failed, failed.name, "Failed on purpose: a sandbox switch says so.")
    return answer(refusal.body, status)
