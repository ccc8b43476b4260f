"""One configured source, ready to be asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from app.settings import Settings
from app.sources import connector_at
from connectors.base import Call, Connector
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source of the settings, and the client that reaches it."""

    name: str
    tenant: str
    connector: Connector
    http: httpx2.AsyncClient

    def call(self, seconds: float) -> Call:
        """What one call may use, for so many seconds."""
        return Call(self.http, Budget(seconds))


@asynccontextmanager
async def opened_source(settings: Settings, name: str) -> AsyncIterator[OpenedSource]:
    """The source `name` of the settings; its connections are closed on leaving.

    Raises:
        KeyTrouble: its secret is not to be had.
        SourceError: its settings, or the file of its connector, can't work.
    """
    item = settings.sources[name]
    connector = connector_at(name, item)
    async with source_client(settings.networks_of(name)) as http:
        yield OpenedSource(name, item.tenant, connector, http)
