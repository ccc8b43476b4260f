"""uvicorn's WebSocket connection with bounds for peers that don't read, or never finish.

The class is uvicorn's own for `ws="websockets-sansio"`, and may be given in place of that name.
"""

import asyncio
from typing import Any, Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

GOING_AWAY: Final = "gateway.going_away"

_CLOSE_S: Final = 2.0
_LINGER_S: Final = 1.0
_MAX_FRAGMENTS: Final = 128


class Wire(WebSocketsSansIOProtocol):
    """One connection.

    At shutdown the application is sent `GOING_AWAY` once, and closes the connection itself.
    """

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as uvicorn calls it
        super().__init__(*given, **named)
        self.close_timeout = _CLOSE_S

    def handle_ping(self) -> None:
        """Answer a ping, unless the peer has left so many answers unread that they pile up."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """Take one more piece of a message; empty ones add nothing to its size, but pile up."""
        if len(self.frames) < _MAX_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail(CloseCode.MESSAGE_TOO_BIG)

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message over.  uvicorn would log one that isn't text."""
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self._fail(CloseCode.INVALID_DATA)
        else:
            super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Say what is wrong, and drop what is on its way for a moment.

        With data left unread, closing would reset the connection, and the peer never hear why.
        """
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(_LINGER_S, self.transport.abort)
        self.transport.resume_reading()

    async def send(self, message: ASGISendEvent) -> None:
        """Send.  After an answer by HTTP uvicorn would log that there was no handshake."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """Leave a peer that gives no sign of life; what it hasn't read is lost."""
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        """Let the application finish what runs, where there is one to do so."""
        if self.handshake_complete and not self.close_sent and not self.disconnected:
            going: Any = {"type": GOING_AWAY}  # none of the events that ASGI knows
            self.queue.put_nowait(going)
        else:
            super().shutdown()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give the peer a moment to take our last words, and leave."""
        super().on_task_complete(task)
        self.loop.call_later(_CLOSE_S, self.transport.abort)

    def _fail(self, code: int) -> None:
        self.frames = []
        self.conn.fail(code)
        self.handle_parser_exception()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
