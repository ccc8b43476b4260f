"""The tenants' GraphQL schemas, each rebuilt when its admin changed a field."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from graph.errors import StoreUnavailable
from graph.execution.limits import Limits
from graph.model.custom_field import CustomerSchema, FieldDefinition, Progress
from graph.ports import Definitions
from graph.schema import TenantSchema

_FRESH_S = 0.2
_PATIENCE_S = 0.5
_MAX_TENANTS = 1_000


class KeptDefinitions(Definitions, Protocol):
    """What schemas are built from.  Every method raises `StoreUnavailable` without a store."""

    async def revision(self, tenant: str) -> int:
        """The newest revision; 0 where nothing is defined."""

    async def current(self, tenant: str) -> CustomerSchema:
        """The newest customer schema."""


@dataclass(slots=True)
class _Entry:
    schema: TenantSchema
    checked_at: float


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
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._refreshes: dict[str, asyncio.Task[TenantSchema]] = {}

    async def of(self, tenant: str) -> TenantSchema:
        """The tenant's schema.  While the store is away, the one that was known before.

        Raises:
            StoreUnavailable: the store is away, and no schema of the tenant is known.
        """
        entry = self._entries.get(tenant)
        if entry and self._clock() - entry.checked_at < _FRESH_S:
            return entry.schema
        task = self._refreshes.get(tenant)
        if task is None:
            task = asyncio.create_task(self._refresh(tenant, entry))
            self._refreshes[tenant] = task
            task.add_done_callback(lambda done: self._forget(tenant, done))
        # Shielded: a client that hangs up must not stop the others' refresh.
        return await asyncio.shield(task)

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
        # What is being read now may be what was there before the change.
        self._refreshes.pop(tenant, None)
        if tenant in self._entries:
            self._entries[tenant].checked_at = -math.inf

    def _forget(self, tenant: str, refresh: asyncio.Task[TenantSchema]) -> None:
        if self._refreshes.get(tenant) is refresh:
            del self._refreshes[tenant]

    async def _refresh(self, tenant: str, known: _Entry | None) -> TenantSchema:
        began = self._clock()
        try:
            schema = await self._newest(tenant, known)
        except (StoreUnavailable, TimeoutError):
            if known is None:
                raise
            return known.schema
        if self._refreshes.get(tenant) is asyncio.current_task():
            self._keep(tenant, _Entry(schema, began))
        elif self._is_newer(tenant, schema):
            # Expired meanwhile, so it may be old already; but who looks next builds on it.
            self._keep(tenant, _Entry(schema, -math.inf))
        return schema

    def _is_newer(self, tenant: str, schema: TenantSchema) -> bool:
        kept = self._entries.get(tenant)
        revision = schema.customer_schema.revision
        return kept is None or kept.schema.customer_schema.revision < revision

    def _keep(self, tenant: str, entry: _Entry) -> None:
        self._entries[tenant] = entry
        self._entries.move_to_end(tenant)
        if len(self._entries) > _MAX_TENANTS:
            self._entries.popitem(last=False)

    async def _newest(self, tenant: str, known: _Entry | None) -> TenantSchema:
        if known:
            # A store that is away must cost the requests of a known tenant little.
            async with asyncio.timeout(_PATIENCE_S):
                revision = await self._definitions.revision(tenant)
            if revision == known.schema.customer_schema.revision:
                return known.schema
        definitions = await self._definitions.current(tenant)
        # Building takes milliseconds of pure Python: in a thread, so that others go on.
        return await asyncio.to_thread(TenantSchema, definitions, self._limits)
