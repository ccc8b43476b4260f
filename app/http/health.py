"""Whether the gateway lives, and whether it can answer."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
from pymongo.errors import PyMongoError
from starlette.requests import Request
from starlette.responses import Response

from app.build import Gateway
from connectors.errors import SourceError
from graph.sources import Source

_READY = 200
_NOT_READY = 503
_PING_S = 1.0


async def livez(_: Request) -> Response:
    """200 as long as the process answers."""
    return Response(b'{"alive":true}', media_type="application/json")


def readyz(gateway: Gateway) -> Callable[[Request], Awaitable[Response]]:
    """200 when the store answers, else 503; a CRM that is down is told, and costs no readiness.

    A CRM that is left alone for now, because it failed or asked for a pause, isn't asked for this.
    """

    async def ready(_: Request) -> Response:
        sources = [item for group in gateway.wiring.sources.values() for item in group.values()]
        store, *states = await asyncio.gather(_store(gateway), *map(_source, sources))
        body = {
            "ready": store == "ok",
            "store": store,
            "sources": {source.name: state for source, state in zip(sources, states, strict=True)},
        }
        status = _READY if store == "ok" else _NOT_READY
        return Response(orjson.dumps(body), status, media_type="application/json")

    return ready


async def _store(gateway: Gateway) -> str:
    try:
        async with asyncio.timeout(_PING_S):
            await gateway.database.command("ping")
    except (PyMongoError, TimeoutError):
        return "STORE_UNAVAILABLE"
    return "ok"


async def _source(source: Source) -> str:
    try:
        async with asyncio.timeout(_PING_S):
            await source.gate.through(_PING_S, source.connector.ping)
    except SourceError as error:
        return error.code
    except TimeoutError:
        return "SOURCE_TIMEOUT"
    return "ok"
