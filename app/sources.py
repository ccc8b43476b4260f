"""The CRM systems of all tenants, opened from the settings."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from app.keys import resolve_secret
from app.settings import Settings
from connectors.base import SourceSettings
from connectors.registry import connector_of
from connectors.runtime.client import source_client
from graph.sources import Source


async def opened_sources(
    settings: Settings, stack: AsyncExitStack
) -> Mapping[str, Mapping[str, Source]]:
    """The sources by tenant, then by name; the stack closes them.

    Raises:
        WrongSettings: one can't work.
        KeyTrouble: a reference leads nowhere.
    """
    found: dict[str, dict[str, Source]] = {}
    for name, item in settings.sources.items():
        secret = resolve_secret(item.secret, f"sources.{name}.secret")
        signed = item.webhook_secret
        given = SourceSettings(
            name,
            item.base_url.rstrip("/"),
            secret,
            item.options,
            resolve_secret(signed, f"sources.{name}.webhook_secret") if signed else "",
            item.webhook_url,
        )
        http = await stack.enter_async_context(source_client(settings.networks_of(name)))
        connector = connector_of(item.connector)(given)
        found.setdefault(item.tenant, {})[name] = Source(
            name, item.tenant, connector, http, item.match, item.timeout_s
        )
    return found
