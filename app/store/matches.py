"""Who may be one person, in MongoDB: candidates by blocking keys, weights, decisions."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

from cachetools import TTLCache
from pymongo.asynchronous.database import AsyncDatabase

from app.store.blocks import BLOCKS
from app.store.changes import ABSENT
from app.store.documents import Document, from_document, projection
from app.store.failures import store_failures
from app.store.match_documents import duplicate_of, pair_key, place_of, rank_of, weights_of
from app.store.names import PROFILES, SUGGESTIONS, WEIGHTS, key_of
from app.store.sealing import Sealing
from graph.errors import NotFound
from graph.match_ports import Duplicate
from graph.model.match_weights import USUAL_WEIGHTS, MatchWeights
from graph.model.profile import Profile
from policies.plan import Scope

LARGEST_BLOCK: Final = 100
"""A key that more profiles share tells nothing: it isn't compared by, here and in the batch."""
_MOST_CANDIDATES: Final = 1_000
_LARGE_KNOWN: Final = 10_000
_LARGE_FOR_S: Final = 600.0
"""How long a block is believed to be too large: reading it again and again would cost most."""


class MongoMatches:
    """`graph.ports.Matches` in MongoDB."""

    def __init__(
        self, database: AsyncDatabase[Document], sealing: Sealing, now: Callable[[], datetime]
    ) -> None:
        self._profiles = database[PROFILES]
        self._suggestions = database[SUGGESTIONS]
        self._weights = database[WEIGHTS]
        self._sealing = sealing
        self._now = now
        self._large: TTLCache[str, bool] = TTLCache(_LARGE_KNOWN, _LARGE_FOR_S)

    async def near(self, id: str, scope: Scope, attributes: AbstractSet[str]) -> list[Profile]:
        """See `graph.ports.Matches`."""
        wanted = projection(attributes) | {BLOCKS: 1}
        with store_failures():
            own = await self._profiles.find_one({"_id": key_of(scope.tenant, id)}, wanted)
            if own is None:
                return []
            found = await self._sharing(own.get(BLOCKS, []), wanted)
            others = [one for one in found if one["id"] != id]
            dismissed = await self._dismissed(id, (one["id"] for one in others), scope)
        kept = [own, *(one for one in others if one["id"] not in dismissed)]
        return await self._opened(kept, scope, attributes)

    async def weights(self, scope: Scope) -> MatchWeights:
        """See `graph.ports.Matches`."""
        with store_failures():
            document = await self._weights.find_one({"_id": scope.tenant})
        return weights_of(document) if document else USUAL_WEIGHTS

    async def dismiss(self, id: str, other: str, by: str, scope: Scope) -> None:
        """See `graph.ports.Matches`."""
        keys = {key_of(scope.tenant, one) for one in (id, other)}
        with store_failures():
            found = await self._profiles.find({"_id": {"$in": sorted(keys)}}, {"_id": 1}).to_list()
            if len(found) < len(keys):
                raise NotFound(ABSENT)
            told = {"tenant": scope.tenant, "profiles": sorted((id, other))}
            await self._suggestions.update_one(
                {"_id": pair_key(scope.tenant, id, other)},
                {
                    "$set": told | {"dismissedAt": self._now(), "dismissedBy": by},
                    "$unset": {"rank": "", "levels": "", "weight": ""},
                },
                upsert=True,
            )

    async def queue(
        self, scope: Scope, min_weight: float | None, *, first: int, after: str | None
    ) -> list[Duplicate]:
        """See `graph.ports.Matches`."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        if min_weight is None:
            by, begin, end = "_id", key_of(scope.tenant, ""), f"{scope.tenant}0"
        else:
            by, begin, end = "rank", f"{scope.tenant}\t", rank_of(scope.tenant, min_weight) + "\n"
        behind = begin if after is None else place_of(after, of_tenant, begin)
        # What somebody has decided has no rank any more.
        query = {"rank": {"$exists": True}} | {by: {"$gt": behind, "$lt": end}}
        with store_failures():
            found = self._suggestions.find(query).sort(by, 1).limit(first)
            return [duplicate_of(document, of_tenant, by) async for document in found]

    async def _sharing(self, blocks: Sequence[str], wanted: Document) -> list[Document]:
        """Who shares a block that isn't too large."""
        asked = [block for block in blocks if block not in self._large]
        if not asked:
            return []
        query = {BLOCKS: {"$in": asked}}
        found = await self._profiles.find(query, wanted).limit(_MOST_CANDIDATES).to_list()
        if len(found) == _MOST_CANDIDATES:  # which of them are too large can't be told from these
            found = await self._one_by_one(asked, wanted)
        own = frozenset(asked)
        sizes = Counter(block for one in found for block in one[BLOCKS] if block in own)
        small = {block for block, size in sizes.items() if size <= LARGEST_BLOCK}
        self._large.update(dict.fromkeys(sizes.keys() - small, True))
        return [one for one in found if not small.isdisjoint(one[BLOCKS])]

    async def _one_by_one(self, blocks: Iterable[str], wanted: Document) -> list[Document]:
        merged: dict[str, Document] = {}
        for block in blocks:
            cursor = self._profiles.find({BLOCKS: block}, wanted).limit(LARGEST_BLOCK + 1)
            page = await cursor.to_list()
            if len(page) <= LARGEST_BLOCK:
                merged |= {one["_id"]: one for one in page}
            else:
                self._large[block] = True
        return list(merged.values())

    async def _dismissed(self, id: str, others: Iterable[str], scope: Scope) -> set[str]:
        keys = {pair_key(scope.tenant, id, one): one for one in others}
        found: set[str] = set()
        asked = list(keys)
        for at in range(0, len(asked), LARGEST_BLOCK):
            query = {"_id": {"$in": asked[at : at + LARGEST_BLOCK]}}
            async for one in self._suggestions.find(query, {"dismissedAt": 1}):
                if "dismissedAt" in one:
                    found.add(keys[one["_id"]])
        return found

    async def _opened(
        self, documents: list[Document], scope: Scope, attributes: AbstractSet[str]
    ) -> list[Profile]:
        seals = await self._sealing.read(scope.tenant, documents)
        return [from_document(one, seals[one["id"]], attributes) for one in documents]
