"""Headers of every answer, and who may ask from a web page."""

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.settings import HttpSettings

_PREFLIGHT_S = 600
_YEAR_S = 31_536_000


class SecurityHeaders:
    """Adds what tells browsers and proxies to keep nothing, guess nothing and stay with TLS."""

    def __init__(self, app: ASGIApp, *, has_tls: bool) -> None:
        self._app = app
        self._has_tls = has_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers added."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["cache-control"] = "no-store"
                headers["x-content-type-options"] = "nosniff"
                if self._has_tls:
                    headers["strict-transport-security"] = f"max-age={_YEAR_S}"
            await send(message)

        await self._app(scope, receive, sent)


def middleware(http: HttpSettings) -> list[Middleware]:
    """What stands in front of every address."""
    has_tls = http.tls.certificate is not None or http.behind_proxy
    found = [Middleware(SecurityHeaders, has_tls=has_tls)]
    if http.origins:
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(http.origins),
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type"],
                expose_headers=["retry-after", "www-authenticate"],
                max_age=_PREFLIGHT_S,
            )
        )
    return found
