"""Wishes of clients for what CRMs own: kept first, sent at once where the CRM can be reached."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from app.store.changes import ABSENT
from app.sync.sending import Sending
from app.sync.syncing import Syncing
from graph.errors import NotFound, StoreUnavailable
from graph.model.owed import WriteState
from policies.plan import Scope

# The workers leave it alone for so long.
_OURS: Final = timedelta(seconds=60)


class Wishes:
    """`graph.source_ports.SourceWrites` on the outbox."""

    def __init__(self, syncing: Syncing) -> None:
        self._syncing = syncing
        self._sending = Sending(syncing)

    async def write(
        self,
        profile: str,
        place: tuple[str, str],
        values: Mapping[str, object],
        scope: Scope,
        within_s: float,
    ) -> WriteState:
        """See `graph.source_ports.SourceWrites`."""
        tenant, profiles, now = scope.tenant, self._syncing.profiles, self._syncing.now
        found = await profiles.of_ids(tenant, [profile])
        if profile not in found:
            raise NotFound(ABSENT)
        document = found[profile]
        seal = (await profiles.seals(tenant, [document]))[document["id"]]
        wish = await self._syncing.outbox.wish(tenant, seal, place, values, now() + _OURS)
        try:
            async with asyncio.timeout(within_s):
                return await self._sending.send(wish)
        except StoreUnavailable:
            return WriteState.WAITING  # it is kept: the workers send it
        except TimeoutError:
            with suppress(StoreUnavailable):
                await self._syncing.outbox.later(wish, now(), None)
            return WriteState.WAITING
