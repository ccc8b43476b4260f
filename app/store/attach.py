"""The store for commands: the configured one, or the embedded server, started or running."""

import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from app.configuration import WrongSettings
from app.settings import Settings
from app.store.address import UNUSABLE, store_uri
from app.store.client import open_client
from app.store.embedded import EmbeddedServer
from app.store.embedded_files import DirectoryInUse

_ADDRESS = "server-address"
_CLOSE_WITHIN_S = 5


@dataclass(frozen=True, slots=True)
class Store:
    """An open store."""

    client: AsyncMongoClient[dict[str, Any]]
    database: AsyncDatabase[dict[str, Any]]


@asynccontextmanager
async def embedded_server(path: Path) -> AsyncIterator[str]:
    """The connection string of a started embedded server; commands find it meanwhile."""
    async with EmbeddedServer(path) as server:
        address = path / _ADDRESS
        address.write_text(server.uri, encoding="utf-8")
        try:
            yield server.uri
        finally:
            address.unlink(missing_ok=True)


@asynccontextmanager
async def attached_store(settings: Settings) -> AsyncIterator[Store]:
    """The store; where a gateway runs on the data directory already, that gateway's server.

    Raises:
        EmbeddedServerError: the embedded server can't be used.
        WrongSettings, RefusedInProduction: the configured one can't.
    """
    async with AsyncExitStack() as stack:
        uri = store_uri(settings) or await _embedded_uri(settings.store.path, stack)
        client = await opened_client(uri, settings.store.deadline_s, stack)
        yield Store(client, client[settings.store.database])


async def opened_client(
    uri: str, deadline_s: float, stack: AsyncExitStack
) -> AsyncMongoClient[dict[str, Any]]:
    """A client that the stack closes.

    Raises:
        WrongSettings: the driver can't use `uri`.
    """
    try:
        with warnings.catch_warnings():
            # The driver would ignore an option that it doesn't understand.
            warnings.simplefilter("error", UserWarning)
            client = open_client(uri, deadline_s)
    except (PyMongoError, ValueError, UserWarning):
        raise WrongSettings(UNUSABLE) from None  # the driver's own message may quote it

    async def close() -> None:
        with pymongo.timeout(_CLOSE_WITHIN_S):
            await client.close()

    stack.push_async_callback(close)
    return client


async def _embedded_uri(path: Path, stack: AsyncExitStack) -> str:
    try:
        return await stack.enter_async_context(embedded_server(path))
    except DirectoryInUse:
        address = path / _ADDRESS
        if not address.exists():
            raise
        return address.read_text(encoding="utf-8")
