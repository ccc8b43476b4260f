"""WS /graphql: operations over one connection, several at once, by graphql-transport-ws.

Strawberry's own handler isn't used: it executes without our plan, keeps the schema that was current
when the client connected, and knows neither the token's end nor a limit of messages.
"""

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from app.build import Gateway
from app.http.admission import Admission
from app.http.socket_connection import Connection
from app.http.socket_places import Places
from app.http.socket_protocol import SUBPROTOCOL, Close

_FORBIDDEN = 403
_UNAVAILABLE = 503


class SocketEndpoint:
    """The ASGI application of one address, for WebSocket."""

    def __init__(self, gateway: Gateway, admission: Admission) -> None:
        self._gateway = gateway
        self._admission = admission
        http = gateway.settings.http
        self._allowed = frozenset(http.origins)
        self._places = Places(http.socket.max_connections, http.socket.max_connections_each)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it ends."""
        await receive()
        if not self._is_welcome(scope):
            await _refuse(send, _FORBIDDEN)
        elif SUBPROTOCOL not in scope["subprotocols"]:
            await _refuse_subprotocol(send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._places.taken() as has_place:
            if has_place:
                gateway, admission, places = self._gateway, self._admission, self._places
                await Connection(gateway, admission, places, scope, receive, send).serve()
            else:
                await _refuse(send, _UNAVAILABLE)

    def _is_welcome(self, scope: Scope) -> bool:
        return all(origin in self._allowed for origin in Headers(scope=scope).getlist("origin"))


async def _refuse(send: Send, status: int) -> None:
    """Answer the upgrade by HTTP: there is no connection, and none to close."""
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})


async def _refuse_subprotocol(send: Send) -> None:
    await send({"type": "websocket.accept"})
    reason = f"Only {SUBPROTOCOL} is spoken here."
    await send(
        {"type": "websocket.close", "code": Close.SUBPROTOCOL_NOT_ACCEPTABLE, "reason": reason}
    )
