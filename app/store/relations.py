"""What links somebody to customers at the moment."""

import asyncio
from collections.abc import Set as AbstractSet
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.grants import active_range
from app.store.names import GRANTS, INTERACTIONS
from app.store.timeline_keys import LINK, link_key
from policies.plan import Scope
from policies.standing import Relation


class MongoRelations:
    """`graph.access_ports.Relations` in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._interactions = database[INTERACTIONS]
        self._grants = database[GRANTS]

    async def related(
        self,
        subject: str,
        scope: Scope,
        wanted: AbstractSet[Relation],
        *,
        since: datetime,
        now: datetime,
    ) -> dict[str, Relation]:
        """See `graph.access_ports.Relations`."""
        talks, emergencies = Relation.CONVERSATION in wanted, Relation.BREAK_GLASS in wanted
        with store_failures():
            talking, granted = await asyncio.gather(
                self._talking(scope.tenant, subject, since) if talks else _nobody(),
                self._granted(scope.tenant, subject, now) if emergencies else _nobody(),
            )
        found = dict.fromkeys(talking, Relation.CONVERSATION)
        return found | dict.fromkeys(granted, Relation.BREAK_GLASS)

    async def _talking(self, tenant: str, subject: str, since: datetime) -> list[str]:
        query = {LINK: link_key(tenant, subject)}
        fields = {"owner": 1, "startedAt": 1, "_id": 0}
        found = await self._interactions.find(query, fields).to_list()
        return [one["owner"] for one in found if one["startedAt"] >= since]

    async def _granted(self, tenant: str, subject: str, now: datetime) -> list[str]:
        query = active_range(tenant, subject, now)
        found = await self._grants.find(query, {"profileId": 1, "_id": 0}).to_list()
        return [one["profileId"] for one in found]


async def _nobody() -> list[str]:
    return []
