"""One WebSocket connection from its upgrade to its end."""

import asyncio
from contextlib import aclosing, suppress
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.session import Session
from app.build import Gateway
from app.http.admission import Admission, RateLimited
from app.http.answers import answers, too_long
from app.http.body import Asked
from app.http.rate import Buckets, Rate
from app.http.socket_places import Places
from app.http.socket_protocol import (
    ACK,
    PONG,
    SUBPROTOCOL,
    Close,
    Closing,
    Complete,
    Init,
    Message,
    Ping,
    Pong,
    Subscribe,
    complete_text,
    next_text,
    read_message,
)
from app.http.wire import GOING_AWAY
from graph.execution.answers import refused
from graph.execution.request import Answer
from policies.principal import Principal

_FINISH_S: Final = 5.0


class _Gone(Exception):
    """The peer has left, or takes nothing any more."""


class Connection:
    """Reads one message after the other; each operation runs in a task of its own.

    What waits to be sent is bounded: an operation is counted until its answer has been taken.
    """

    def __init__(
        self,
        gateway: Gateway,
        admission: Admission,
        places: Places,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._gateway = gateway
        self._admission = admission
        self._places = places
        self._connection = HTTPConnection(scope)
        self._take = receive
        self._give = send
        self._settings = gateway.settings.http.socket
        self._authorization: str | None = None
        self._sending = asyncio.Lock()
        self._received = Buckets(most=1)
        per_s = self._settings.messages_per_s
        self._rate = Rate(60 * per_s, 2 * per_s)
        self._end = asyncio.timeout(None)
        self._failure: Exception | None = None
        # Those whose answers are wanted, by the client's ids; and all that run.
        self._wanted: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Converse until one side ends it.  Operations that run by then are finished, unheard."""
        try:
            await self._give({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await self._converse()
        except Closing as closing:
            if closing.code is Close.GOING_AWAY and self._running:
                await asyncio.wait(self._running, timeout=_FINISH_S)
            await self._close(closing)
        except (_Gone, OSError):
            pass
        except Exception as error:  # noqa: BLE001 - the boundary: no text of whatever it is gets out
            refused(error)
            await self._close(Closing(Close.INTERNAL, "Something went wrong here."))
        self._wanted.clear()
        if self._running:
            await asyncio.wait(self._running)

    async def _converse(self) -> None:
        init = await self._initialised()
        self._authorization = init.authorization or self._connection.headers.get("authorization")
        session = await self._session()
        with self._places.taken_by(session.principal) as has_place:
            if not has_place:
                raise Closing(Close.TOO_MANY, "You have too many connections.")
            await self._send(ACK)
            self._end = asyncio.timeout(self._gateway.authenticator.remaining_s(session))
            try:
                async with self._end:
                    await self._listen()
            except TimeoutError:
                raise (self._failure or _expired()) from None

    async def _initialised(self) -> Init:
        try:
            async with asyncio.timeout(self._settings.init_timeout_s):
                while True:
                    match await self._read():
                        case Init() as init:
                            return init
                        case Ping():
                            await self._send(PONG)
                        case Pong():
                            pass
                        case _:
                            raise Closing(Close.UNAUTHORIZED, "Send connection_init first.")
        except TimeoutError:
            raise Closing(Close.INIT_TIMEOUT, "connection_init came too late.") from None

    async def _session(self) -> Session:
        """What the client's token proves by now: it may have been revoked meanwhile."""
        try:
            return await self._admission.session(self._authorization, self._connection)
        except RateLimited as error:
            raise Closing(Close.TOO_MANY, str(error)) from None
        except KeySetUnavailable as error:
            raise Closing(Close.TRY_AGAIN_LATER, error.reason) from None
        except Unauthenticated as error:
            raise Closing(Close.UNAUTHORIZED, error.reason) from None

    async def _listen(self) -> None:
        while True:
            match await self._read():
                case Subscribe() as asked:
                    await self._begin(asked)
                case Complete(id):
                    self._wanted.pop(id, None)
                case Ping():
                    await self._send(PONG)
                case Pong():
                    pass
                case Init():
                    raise Closing(Close.TOO_MANY, "connection_init may be sent once.")

    async def _begin(self, asked: Subscribe) -> None:
        session = await self._session()
        if asked.id in self._wanted:
            raise Closing(Close.DUPLICATE, "An operation with this id runs already.")
        try:
            self._admit(session.principal)
        except RateLimited as error:
            await self._send(next_text(asked.id, refused(error)))
            return
        task = asyncio.create_task(self._run(asked.id, asked.request, session.principal))
        self._wanted[asked.id] = task
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _admit(self, principal: Principal) -> None:
        self._admission.count(principal)
        if len(self._running) >= self._settings.max_operations:
            raise RateLimited("Too many operations at once.")

    async def _run(self, id: str, request: Asked, principal: Principal) -> None:
        try:
            await self._answer(id, request, principal)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the connection
            self._failure = error
            # Nobody listens any more where this raises.
            with suppress(RuntimeError):
                self._end.reschedule(0)

    async def _answer(self, id: str, request: Asked, principal: Principal) -> None:
        task = asyncio.current_task()
        async with aclosing(answers(self._gateway, request, principal)) as given:
            async for answer in given:
                if self._wanted.get(id) is not task:
                    return
                if answer.is_request_error:
                    del self._wanted[id]
                await self._send(self._text(id, answer))
        if self._wanted.get(id) is task:
            # Before the client hears of it: then the id is free again.
            del self._wanted[id]
            await self._send(complete_text(id))

    def _text(self, id: str, answer: Answer) -> str:
        text = next_text(id, answer)
        if (error := too_long(self._gateway, len(text))) is None:
            return text
        self._wanted.pop(id, None)
        return next_text(id, error)

    async def _read(self) -> Message:
        event = await self._take()
        if event["type"] == GOING_AWAY:
            raise Closing(Close.GOING_AWAY, "The gateway stops.")
        if event["type"] != "websocket.receive":
            raise _Gone
        if self._received.take("", self._rate):
            raise Closing(Close.TOO_MANY, "Too many messages.")
        return read_message(event.get("text"))

    async def _send(self, text: str) -> None:
        try:
            async with self._sending, asyncio.timeout(self._settings.send_timeout_s):
                await self._give({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError):
            # A connection that fails is an OSError, one that is closing a RuntimeError.
            raise _Gone from None

    async def _close(self, closing: Closing) -> None:
        event = {"type": "websocket.close", "code": int(closing.code), "reason": closing.reason}
        try:
            async with asyncio.timeout(self._settings.send_timeout_s):
                await self._give(event)
        except (OSError, RuntimeError):
            return  # closed already


def _expired() -> Closing:
    return Closing(Close.UNAUTHORIZED, "The token has expired.")
