"""Removes anonymous profiles that nobody has seen for long, with everything that is theirs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pymongo
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.changes import Changes
from app.store.claims import claimed, shared_in
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import IDENTITIES, PROFILES, key_of
from app.store.search import base_of, path_of
from app.store.sharing import leave
from graph.model.ids import new_id
from graph.model.profile import ProfileState
from graph.model.search import BY_STATE

Forget = Callable[[str, str, AsyncClientSession], Awaitable[None]]
"""Removes what else is of a profile: gets its tenant and id, works in the transaction."""

_BATCH: Final = 200
# The embedded server gathers all anonymous profiles before it answers with the first of them.
_WITHIN_S: Final = 300.0
_TIME: Final = 10  # so many characters of an id tell when it was made
_ANONYMOUS: Final = ProfileState.ANONYMOUS.value
_WANTED: Final = dict.fromkeys(
    ("id", "version", "state", "createdAt", "updatedAt", "identities", "claims", "members"), 1
)


class Expiring:
    """Looks for anonymous profiles of a tenant and removes them one by one.

    What is removed isn't met again, so an interrupted sweep goes on when it is begun anew.
    `others` remove what lies in collections of their own.
    """

    def __init__(
        self,
        database: AsyncDatabase[Document],
        changes: Changes,
        others: Sequence[Forget] = (),
    ) -> None:
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._changes = changes
        self._others = others

    async def tenants(self) -> list[str]:
        """Every tenant."""
        with store_failures():
            return await self._changes.sealing.keyring.tenants()

    async def sweep(self, tenant: str, before: datetime, told: Callable[[int], None]) -> int:
        """Remove who was last seen before an instant; how many it were.

        `told` hears how many it were in each batch.
        """
        removed = 0
        base, path = f"{base_of(tenant, BY_STATE)}{_ANONYMOUS}\t", path_of(BY_STATE)
        # Ids tell when profiles were made: who is younger needn't be looked at.
        last = new_id(int(before.timestamp() * 1000))[:_TIME]
        query = {path: {"$gte": base, "$lt": f"{base}{last}"}}
        with store_failures(), pymongo.timeout(_WITHIN_S):
            cursor = self._profiles.find(query, _WANTED, batch_size=_BATCH)
            async with cursor.sort(path, 1) as profiles:
                while documents := await profiles.to_list(_BATCH):
                    due = [one["id"] for one in documents if _is_due(one, before)]
                    count = sum([await self._remove(tenant, one, before) for one in due])
                    told(count)
                    removed += count
        return removed

    async def _remove(self, tenant: str, id: str, before: datetime) -> bool:
        """Remove a profile, unless it was seen or identified meanwhile; whether it was removed."""
        is_removed = False

        async def write(session: AsyncClientSession) -> None:
            nonlocal is_removed
            is_removed = False
            key = {"_id": key_of(tenant, id)}
            held = await self._profiles.find_one(key, _WANTED, session=session)
            if held is None or not _is_due(held, before):
                return
            # Being seen doesn't change the version, but the identities.
            seen = {"version": held["version"], "identities": held.get("identities")}
            done = await self._profiles.delete_one(key | seen, session=session)
            if not done.deleted_count:
                return
            await self._free(tenant, held, session)
            for forget in self._others:
                await forget(tenant, id, session)
            await self._changes.sealing.keyring.remove(tenant, id, session)
            is_removed = True

        await self._changes.transaction(write)
        return is_removed

    async def _free(self, tenant: str, held: Document, session: AsyncClientSession) -> None:
        """Give up what a profile claims and shares."""
        if claims := [key_of(tenant, index) for index in sorted(claimed(held))]:
            query = {"_id": {"$in": claims}}
            await self._identities.delete_many(query, session=session)
        for index in sorted(shared_in(held)):
            await leave(self._identities, key_of(tenant, index), session)


def _is_due(held: Mapping[str, Any], before: datetime) -> bool:
    """Whether a profile is anonymous, is nobody else's, and was last seen before an instant."""
    if held["state"] != _ANONYMOUS or held.get("members"):
        return False
    seen = [held.get("createdAt"), held.get("updatedAt")]
    seen += [item.get("lastSeenAt") for item in held.get("identities", ())]
    return all(moment is None or moment < before for moment in seen)
