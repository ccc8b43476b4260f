"""A WebSocket client that says whatever a test wants it to say."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

SUBPROTOCOL = "graphql-transport-ws"
_PATIENCE_S = 15


@dataclass(frozen=True, slots=True)
class Socket:
    """One open connection."""

    raw: ClientConnection

    async def say(self, *messages: Any) -> None:
        """Send each: text and bytes as they are, all else as JSON."""
        for message in messages:
            is_raw = isinstance(message, str | bytes)
            await self.raw.send(message if is_raw else json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """The next message; fails after 15 s."""
        text = await asyncio.wait_for(self.raw.recv(), _PATIENCE_S)
        assert isinstance(text, str)
        return json.loads(text)

    async def sign_in(self, token: str) -> None:
        """Send `connection_init` and get its acknowledgement."""
        await self.say(init(token))
        assert await self.hear() == {"type": "connection_ack"}

    async def ask(
        self, query: str, id: str = "1", variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The `next` or `error` of an operation; what follows a `next` is its `complete`."""
        await self.say(subscribe(query, id, variables))
        answer = await self.hear()
        if answer["type"] == "next":
            assert await self.hear() == {"id": id, "type": "complete"}
        return answer

    async def closed(self) -> tuple[int, str]:
        """The code and the reason that the gateway closes with; fails after 15 s."""
        async with asyncio.timeout(_PATIENCE_S):
            try:
                while True:
                    await self.raw.recv()
            except ConnectionClosed:
                return self.raw.close_code or 0, self.raw.close_reason or ""


def init(token: str) -> dict[str, Any]:
    """A `connection_init` with this token."""
    return {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}


def subscribe(
    query: str, id: str = "1", variables: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A `subscribe` for this document."""
    payload = {"query": query, "variables": variables or {}}
    return {"type": "subscribe", "id": id, "payload": payload}


@asynccontextmanager
async def socket_to(
    place: str, *, subprotocols: tuple[str, ...] = (SUBPROTOCOL,), **how: Any
) -> AsyncIterator[Socket]:
    """A connection to the gateway at `place`, a host and a port."""
    async with connect(
        f"ws://{place}/graphql",
        subprotocols=subprotocols or None,
        proxy=None,
        close_timeout=1,
        **how,
    ) as raw:
        yield Socket(raw)
