"""The tenants' GraphQL schemas, each rebuilt when its admin changed a field."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from app.fresh import Fresh
from graph.execution.limits import Limits
from graph.model.custom_field import CustomerSchema, FieldDefinition, Progress
from graph.ports import Definitions
from graph.schema import TenantSchema

_PATIENCE_S = 0.5


class KeptDefinitions(Definitions, Protocol):
    """What schemas are built from.  Every method raises `StoreUnavailable` without a store."""

    async def revision(self, tenant: str) -> int:
        """The newest revision; 0 where nothing is defined."""

    async def current(self, tenant: str) -> CustomerSchema:
        """The newest customer schema."""


class Schemas:
    """One schema for each tenant; no older than a fifth of a second, whoever changed the fields."""

    def __init__(
        self,
        definitions: KeptDefinitions,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits | None = None,
    ) -> None:
        self._definitions = definitions
        self._limits = limits
        self._fresh = Fresh(self._newest, lambda kept: kept.customer_schema.revision, clock)

    async def of(self, tenant: str) -> TenantSchema:
        """The tenant's schema.  While the store is away, the one that was known before.

        Raises:
            StoreUnavailable: the store is away, and no schema of the tenant is known.
        """
        return await self._fresh.of(tenant)

    async def define(self, tenant: str, definition: FieldDefinition) -> CustomerSchema:
        """See `graph.ports.Definitions`; the tenant's next request sees the change."""
        try:
            return await self._definitions.define(tenant, definition)
        finally:
            self.expire(tenant)

    async def history(self, tenant: str, id: str) -> list[FieldDefinition]:
        """See `graph.ports.Definitions`."""
        return await self._definitions.history(tenant, id)

    async def progress(self, tenant: str) -> dict[str, Progress]:
        """See `graph.ports.Definitions`."""
        return await self._definitions.progress(tenant)

    def expire(self, tenant: str) -> None:
        """Look for changes before the tenant's next request."""
        self._fresh.expire(tenant)

    async def _newest(self, tenant: str, known: TenantSchema | None) -> TenantSchema:
        if known:
            # A store that is away must cost the requests of a known tenant little.
            async with asyncio.timeout(_PATIENCE_S):
                revision = await self._definitions.revision(tenant)
            if revision == known.customer_schema.revision:
                return known
        definitions = await self._definitions.current(tenant)
        # Building takes milliseconds of pure Python: in a thread, so that others go on.
        return await asyncio.to_thread(TenantSchema, definitions, self._limits)
