"""Seals the interactions of profiles anew: by the newest keys of their owners."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.interaction_documents import NEEDED_TO_RESEAL, resealed_interaction
from app.store.names import INTERACTIONS, TIMELINES, key_of
from app.store.rotation_steps import BATCH, batches
from app.store.sealing import ProfileSeal, generations_of
from app.store.timeline_keys import lane_of

_ATTEMPTS: Final = 20


class InteractionResealing:
    """Seals the interactions of some profiles anew, those that need it."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._interactions = database[INTERACTIONS]
        self._timelines = database[TIMELINES]

    async def reseal(self, tenant: str, seals: Mapping[str, ProfileSeal]) -> None:
        """Seal anew what isn't sealed by the newest key, or shouldn't be sealed."""
        usable = {owner: seal for owner, seal in seals.items() if seal.keys.ciphers}
        async for owner, documents in self._walk(tenant, usable):
            await self._reseal(usable[owner], documents)

    async def generations(self, tenant: str, owners: Iterable[str]) -> dict[str, set[int]]:
        """The generations of its key that an owner's interactions need, where there are any."""
        needed: dict[str, set[int]] = {}
        async for owner, documents in self._walk(tenant, owners):
            needed.setdefault(owner, set()).update(generations_of(documents))
        return needed

    async def _walk(
        self, tenant: str, owners: Iterable[str]
    ) -> AsyncIterator[tuple[str, list[Document]]]:
        """The interactions of each owner that has any, some hundred at a time."""
        keys = [key_of(tenant, owner) for owner in sorted(owners)]
        cursor = self._timelines.find({"_id": {"$in": keys}}, {"owner": 1})
        for timeline in await cursor.to_list():
            lane = lane_of(tenant, timeline["owner"], "all")
            query = {lane.path(): {"$gt": lane.base, "$lt": f"{lane.base}{lane.high}"}}
            found = self._interactions.find(query, NEEDED_TO_RESEAL, batch_size=BATCH)
            async for documents in batches(found.sort(lane.path(), 1)):
                yield timeline["owner"], documents

    async def _reseal(self, seal: ProfileSeal, documents: Sequence[Document]) -> None:
        updates = [
            UpdateOne(_as_read(document), update)
            for document in documents
            if (update := resealed_interaction(document, seal))
        ]
        if not updates:
            return
        done = await self._interactions.bulk_write(updates, ordered=False)
        if done.matched_count < len(updates):
            for document in documents:
                await self._reseal_one(seal, document["_id"])

    async def _reseal_one(self, seal: ProfileSeal, key: str) -> None:
        """Seal an interaction anew as it is now: somebody added to it meanwhile."""
        for _ in range(_ATTEMPTS):
            document = await self._interactions.find_one({"_id": key}, NEEDED_TO_RESEAL)
            update = resealed_interaction(document, seal) if document else {}
            if document is None or not update:
                return
            if (await self._interactions.update_one(_as_read(document), update)).matched_count:
                return


def _as_read(document: Mapping[str, Any]) -> Document:
    return {"_id": document["_id"], "version": document["version"]}
