"""`POST /webhooks/{source}`: takes down what a CRM says, and says so at once."""

import math
from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.build import Gateway
from app.http.admission import RateLimited
from app.http.body import BadRequest, read_body
from app.http.webhook_admission import WebhookAdmission
from app.sync.webhooks import Webhooks
from connectors.abilities import Webhook
from connectors.errors import BadSignature, SourceError
from graph.errors import NotFound, StoreUnavailable

_ACCEPTED = 202
_LATER_S = "5"


def webhooks(
    gateway: Gateway, admission: WebhookAdmission
) -> Callable[[Request], Awaitable[Response]]:
    """202 when it is kept; 401 when no source has signed it; what it says is read later.

    429 before anything is read, where they come too often.
    """
    hearing, most = Webhooks(gateway.syncing), gateway.settings.http.max_webhook_bytes

    async def hear(http: Request) -> Response:
        sender = admission.sender(http.path_params["source"], http)
        try:
            admission.count(sender)
        except RateLimited as error:
            return _too_often(error)
        try:
            new = await _heard(http)
        except (BadRequest, BadSignature, NotFound) as error:
            admission.refused(sender)
            return _refused(error)
        except SourceError:
            return _told({"error": "It is signed, but makes no sense."}, 400)
        except StoreUnavailable as error:
            return _told({"error": str(error)}, 503, {"Retry-After": _LATER_S})
        admission.signed(sender)
        return _told({"accepted": new}, _ACCEPTED)

    async def _heard(http: Request) -> int:
        body, headers = await read_body(http, most), dict(http.headers)
        webhook = Webhook(http.method, headers, body, gateway.wiring.now())
        return await hearing.hear(http.path_params["source"], webhook)

    return hear


def _refused(error: BadRequest | BadSignature | NotFound) -> Response:
    if isinstance(error, BadRequest):
        return _told({"error": str(error)}, error.status)
    # Alike: whoever asks learns no name.
    return _told({"error": "The signature isn't the source's, or too old."}, 401)


def _too_often(error: RateLimited) -> Response:
    told = {"error": str(error), "code": error.code.value, **error.details()}
    return _told(told, 429, {"Retry-After": str(math.ceil(error.retry_after_s or 1))})


def _told(body: object, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json")
