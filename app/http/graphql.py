"""The GraphQL endpoint: GraphQL over HTTP, by its specification's media types and statuses."""

import math
from typing import Any

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.build import Gateway
from app.http.admission import Admission, RateLimited
from app.http.answers import answered, too_long
from app.http.body import Asked, BadRequest, posted, queried
from app.http.challenge import INVALID_TOKEN, step_up_challenge
from graph.errors import ErrorCode
from graph.execution.answers import refused
from graph.execution.request import Answer

_JSON = "application/json"
_GRAPHQL = "application/graphql-response+json"
_NOT_ALLOWED = 405
_STATUSES = {
    ErrorCode.FORBIDDEN.value: 403,
    ErrorCode.FIELD_FORBIDDEN.value: 403,
    ErrorCode.STEP_UP_REQUIRED.value: 403,
    ErrorCode.STORE_UNAVAILABLE.value: 503,
    ErrorCode.INTERNAL.value: 500,
}


class GraphQLEndpoint:
    """Answers POST and, where the settings allow it, GET of queries."""

    def __init__(self, gateway: Gateway, admission: Admission) -> None:
        self._gateway = gateway
        self._admission = admission
        self._http = gateway.settings.http

    async def respond(self, http: HttpRequest) -> Response:
        """The response to one request."""
        media_type = _accepted(http.headers.get("accept"))
        if media_type is None:
            return _problem(406, f"Accept {_GRAPHQL} or {_JSON}.", _JSON)
        try:
            session = await self._admission.session(http.headers.get("authorization"), http)
            principal = session.principal
            self._admission.count(principal)
            asked = await self._read(http)
        except KeySetUnavailable as error:
            return _problem(503, error.reason, media_type, ErrorCode.UNAUTHENTICATED)
        except Unauthenticated as error:
            response = _problem(401, error.reason, media_type, ErrorCode.UNAUTHENTICATED)
            response.headers["www-authenticate"] = INVALID_TOKEN
            return response
        except RateLimited as error:
            return _too_often(error, media_type)
        except BadRequest as error:
            return _problem(error.status, str(error), media_type)
        found = await answered(self._gateway, asked, principal)
        body = _encoded(found.body)
        if (instead := too_long(self._gateway, len(body))) is not None:
            found, body = instead, _encoded(instead.body)
        return _response(found, body, media_type, step_up_challenge(found, session.acr_values))

    async def _read(self, http: HttpRequest) -> Asked:
        if http.method == "POST":
            return await posted(http, self._http.max_body_bytes)
        if not self._http.get_queries:
            raise BadRequest(_NOT_ALLOWED, "Send requests by POST.")
        return queried(http)


def _accepted(accept: str | None) -> str | None:
    """The media type to answer with; None where the client takes neither of ours.

    A client that names nothing, or everything, gets application/json, as the specification asks.
    """
    if not accept:
        return _JSON
    best: tuple[float, str | None] = (0.0, None)
    for part in accept.lower().split(","):
        name, *parameters = (item.strip() for item in part.split(";"))
        offered = name if name in {_GRAPHQL, _JSON} else _WILD.get(name)
        weight = _weight(parameters)
        if offered and weight > best[0]:
            best = (weight, offered)
    return best[1]


_WILD = {"*/*": _JSON, "application/*": _JSON}


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def _response(found: Answer, body: bytes, media_type: str, challenge: str | None) -> Response:
    if challenge is not None:
        return Response(body, 401, {"www-authenticate": challenge}, media_type=media_type)
    status = 200
    if found.is_request_error:
        status = _STATUSES.get(found.code or "", 400)
        if media_type == _JSON and status < 500:  # noqa: PLR2004 - server errors stay errors
            status = 200
    if found.is_misplaced:
        return _not_allowed(found.body, media_type)
    return Response(body, status, media_type=media_type)


def _problem(
    status: int, message: str, media_type: str, code: ErrorCode = ErrorCode.BAD_INPUT
) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": code.value}}]}
    if status == _NOT_ALLOWED:
        return _not_allowed(body, media_type)
    return Response(_encoded(body), status, media_type=media_type)


def _too_often(error: RateLimited, media_type: str) -> Response:
    headers = {"retry-after": str(math.ceil(error.retry_after_s or 1))}
    return Response(_encoded(refused(error).body), 429, headers, media_type)


def _not_allowed(body: Any, media_type: str) -> Response:  # noqa: ANN401 - any JSON
    return Response(_encoded(body), _NOT_ALLOWED, {"allow": "POST"}, media_type)


def _encoded(body: Any) -> bytes:  # noqa: ANN401 - any JSON
    return orjson.dumps(body)
