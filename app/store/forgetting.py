"""Removes what lies beside a profile's document: its interactions and its history."""

from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.history import OF
from app.store.interaction_documents import EVERYTHING, from_interaction
from app.store.names import HISTORY, INTERACTION_CLAIMS, INTERACTIONS, TIMELINES, key_of
from app.store.recording import claim_keys
from app.store.sealing import Sealing
from app.store.timeline_keys import lane_of

_EXTERNAL: Final = EVERYTHING & {"source", "external_id"}


class Forgetting:
    """Works in the transaction that removes the profile, before its keys are destroyed."""

    def __init__(self, database: AsyncDatabase[Document], sealing: Sealing) -> None:
        self._history = database[HISTORY]
        self._interactions = database[INTERACTIONS]
        self._claims = database[INTERACTION_CLAIMS]
        self._timelines = database[TIMELINES]
        self._sealing = sealing

    async def forget(self, tenant: str, id: str, session: AsyncClientSession) -> None:
        """Remove everything that is filed under a profile."""
        await self._forget_interactions(tenant, id, session)
        await self._timelines.delete_one({"_id": key_of(tenant, id)}, session=session)
        await self._history.delete_many({OF: key_of(tenant, id)}, session=session)

    async def _forget_interactions(self, tenant: str, id: str, session: AsyncClientSession) -> None:
        lane = lane_of(tenant, id, "all")
        query = {lane.path(): {"$gt": lane.base, "$lt": f"{lane.base}{lane.high}"}}
        found = await self._interactions.find(query, session=session).to_list()
        if not found:
            return
        seal = await self._sealing.written(tenant, id)
        told = [from_interaction(document, seal, _EXTERNAL) for document in found]
        keys = {key for item in told for key in claim_keys(item, seal.of_tenant)}
        claims = {"_id": {"$in": sorted(keys)}}
        await self._claims.delete_many(claims, session=session)
        ids = [document["_id"] for document in found]
        await self._interactions.delete_many({"_id": {"$in": ids}}, session=session)
