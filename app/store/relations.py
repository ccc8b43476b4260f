"""What links somebody to customers at the moment."""

from collections.abc import Set as AbstractSet
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import INTERACTIONS
from app.store.timeline_keys import LINK, link_key
from policies.plan import Scope
from policies.standing import Relation


class MongoRelations:
    """`graph.access_ports.Relations` in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._interactions = database[INTERACTIONS]

    async def related(
        self, subject: str, scope: Scope, wanted: AbstractSet[Relation], since: datetime
    ) -> dict[str, Relation]:
        """See `graph.access_ports.Relations`."""
        if Relation.CONVERSATION not in wanted:
            return {}
        query = {LINK: link_key(scope.tenant, subject)}
        fields = {"owner": 1, "startedAt": 1, "_id": 0}
        with store_failures():
            found = await self._interactions.find(query, fields).to_list()
        live = [one["owner"] for one in found if one["startedAt"] >= since]
        return dict.fromkeys(live, Relation.CONVERSATION)
