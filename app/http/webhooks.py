"""`POST /webhooks/{source}`: takes down what a CRM says, and says so at once."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.build import Gateway
from app.http.body import BadRequest, read_body
from app.sync.webhooks import Webhooks
from connectors.abilities import Webhook
from connectors.errors import BadSignature, SourceError
from graph.errors import NotFound, StoreUnavailable

_ACCEPTED = 202
_LATER_S = "5"


def webhooks(gateway: Gateway) -> Callable[[Request], Awaitable[Response]]:
    """202 when it is kept; 401 when no source has signed it; what it says is read later."""
    hearing, most = Webhooks(gateway.syncing), gateway.settings.http.max_webhook_bytes

    async def hear(http: Request) -> Response:
        try:
            webhook = Webhook(
                http.method,
                dict(http.headers),
                await read_body(http, most),
                gateway.wiring.now(),
            )
            new = await hearing.hear(http.path_params["source"], webhook)
        except BadRequest as error:
            return _told({"error": str(error)}, error.status)
        except (BadSignature, NotFound):  # alike: whoever asks learns no name
            return _told({"error": "The signature isn't the source's, or too old."}, 401)
        except SourceError:
            return _told({"error": "It is signed, but makes no sense."}, 400)
        except StoreUnavailable as error:
            return _told({"error": str(error)}, 503, {"Retry-After": _LATER_S})
        return _told({"accepted": new}, _ACCEPTED)

    return hear


def _told(body: object, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json")
