"""The CRM systems of all tenants, opened from the settings."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import datetime

from app.keys import resolve_secret
from app.settings import Settings
from app.shared_cache import SharedCache, opened_server
from app.source_settings import SourceSettings
from app.store.sealing import Sealing
from connectors.base import Connector
from connectors.base import SourceSettings as Given
from connectors.registry import connector_of, limits_of
from connectors.runtime.client import source_client
from connectors.runtime.shared import NOTHING_SHARED
from graph.sources import Source


def connectors_of(settings: Settings) -> Iterator[tuple[str, Connector]]:
    """The connector of each source, its settings checked.

    Raises:
        WrongSettings: one can't work.
        KeyTrouble: a reference leads nowhere.
    """
    for name, item in settings.sources.items():
        yield name, connector_at(name, item)


def connector_at(name: str, item: SourceSettings) -> Connector:
    """The connector of one source, its settings checked; raises as `connectors_of`."""
    signed = item.webhook_secret
    given = Given(
        name,
        item.base_url.rstrip("/"),
        resolve_secret(item.secret, f"sources.{name}.secret"),
        item.options,
        resolve_secret(signed, f"sources.{name}.webhook_secret") if signed else "",
        item.webhook_url,
    )
    return connector_of(item.connector)(given)


async def opened_sources(
    settings: Settings,
    connectors: Mapping[str, Connector],
    sealing: Sealing,
    stack: AsyncExitStack,
    now: Callable[[], datetime],
) -> Mapping[str, Mapping[str, Source]]:
    """The sources by tenant, then by name; the stack closes them."""
    server = await stack.enter_async_context(opened_server(settings.cache))
    found: dict[str, dict[str, Source]] = {}
    for name, item in settings.sources.items():
        http = await stack.enter_async_context(source_client(settings.networks_of(name)))
        shared = NOTHING_SHARED
        if server is not None:
            shared = SharedCache(server, sealing, item.tenant, name, item.fresh_s)
        pace = item.pace(limits_of(connectors[name]))
        source = Source(name, item.tenant, connectors[name], http, item.match, pace, shared, now)
        stack.push_async_callback(source.close)
        found.setdefault(item.tenant, {})[name] = source
    return found
