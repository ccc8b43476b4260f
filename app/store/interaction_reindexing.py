"""Claims of interactions' external ids, moved to the newest version of the index key."""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.interaction_documents import EVERYTHING, from_interaction, interaction_projection
from app.store.names import INTERACTION_CLAIMS, INTERACTIONS, TIMELINES, key_of
from app.store.recording import claim_keys
from app.store.rotation_steps import BATCH, batches, is_written_together
from app.store.sealing import ProfileSeal, TenantSeal
from app.store.timeline_keys import lane_of
from policies.unreadable import Unreadable

_ATTEMPTS: Final = 20
_EXTERNAL: Final = EVERYTHING & {"source", "external_id"}


class InteractionReindexing:
    """Moves the claims of some profiles' interactions, those that need it."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self._interactions = database[INTERACTIONS]
        self._claims = database[INTERACTION_CLAIMS]
        self._timelines = database[TIMELINES]

    async def reindex(self, of_tenant: TenantSeal, seals: Mapping[str, ProfileSeal]) -> int:
        """Let external ids of the owners' interactions be claimed by the newest key alone.

        How many claims stay as they were, since others kept writing them.
        """
        left = 0
        keys = [key_of(of_tenant.tenant, owner) for owner in sorted(seals)]
        cursor = self._timelines.find({"_id": {"$in": keys}}, {"owner": 1})
        wanted = interaction_projection(_EXTERNAL)
        for timeline in await cursor.to_list():
            lane = lane_of(of_tenant.tenant, timeline["owner"], "all")
            query = {lane.path(): {"$gt": lane.base, "$lt": f"{lane.base}{lane.high}"}}
            found = self._interactions.find(query, wanted, batch_size=BATCH)
            async for documents in batches(found.sort(lane.path(), 1)):
                moved = _moved(documents, seals[timeline["owner"]], of_tenant)
                for _ in range(_ATTEMPTS):
                    if await self._is_moved(moved):
                        break
                else:
                    left += len(moved)
        return left

    async def _is_moved(self, moved: Mapping[str, str]) -> bool:
        query = {"_id": {"$in": sorted(moved)}}
        former = await self._claims.find(query).to_list() if moved else []
        if not former:
            return True
        new = {moved[claim["_id"]]: claim | {"_id": moved[claim["_id"]]} for claim in former}

        async def write(session: AsyncClientSession) -> None:
            there = self._claims.find({"_id": {"$in": sorted(new)}}, {"_id": 1}, session=session)
            known = {claim["_id"] async for claim in there}
            if more := [claim for key, claim in new.items() if key not in known]:
                await self._claims.insert_many(more, session=session)
            gone = {"_id": {"$in": [claim["_id"] for claim in former]}}
            await self._claims.delete_many(gone, session=session)

        return await is_written_together(self._database, write)


def _moved(
    documents: Sequence[Document], seal: ProfileSeal, of_tenant: TenantSeal
) -> dict[str, str]:
    """What the newest key makes of each former claim."""
    moved: dict[str, str] = {}
    for document in documents:
        item = from_interaction(document, seal, _EXTERNAL)
        told: list[object] = [item.external_id, item.source]
        if any(isinstance(one, Unreadable) for one in told):
            continue
        newest = claim_keys(item, of_tenant.newest())
        moved |= {old: newest[0] for old in claim_keys(item, of_tenant) if old not in newest}
    return moved
