"""Reads everybody of a tenant, finds who may be one person, and leaves it for people to decide."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pymongo
from pymongo import DeleteOne, UpdateOne

from app.resolve.linking import Linking
from app.resolve.matching import Found, Matching
from app.resolve.people import People
from app.store.attach import Store
from app.store.blocks import BLOCKS, kept_blocks, profile_blocks
from app.store.compared import COMPARED
from app.store.definitions import MongoDefinitions
from app.store.documents import Document, from_document, projection
from app.store.failures import store_failures
from app.store.match_documents import (
    pair_key,
    rank_of,
    suggestion_document,
    weights_document,
    weights_of,
)
from app.store.matches import LARGEST_BLOCK
from app.store.names import PROFILES, SUGGESTIONS, WEIGHTS
from app.store.sealing import Sealing
from app.store.search import base_of, end_of, path_of
from graph.kinds.comparison import compared
from graph.matches import measures_of
from graph.model.match_weights import MatchWeights
from graph.model.profile import ProfileState
from graph.model.search import BY_ID
from graph.model.traits import traits_of

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, and how many of how many are, where that is known."""

_BATCH: Final = 200
_KEYS_AT_ONCE: Final = 100
_WITHIN_S: Final = 300.0
_GONE: Final = frozenset({ProfileState.MERGED, ProfileState.ERASED})


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a run found.

    `people` are the profiles if everybody who was found were taken as one; `skipped` are blocking
    keys that too many profiles share to be compared by; `mended` had other keys than they should.
    `linked` pairs are one profile now; the others are suggestions.
    """

    profiles: int = 0
    people: int = 0
    suggestions: int = 0
    linked: int = 0
    dismissed: int = 0
    skipped: int = 0
    mended: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


class Resolve:
    """One run for one tenant.  Running it again changes nothing but what changed meanwhile."""

    def __init__(
        self,
        store: Store,
        sealing: Sealing,
        tenant: str,
        progress: Progress,
        linking: Linking | None = None,
    ) -> None:
        self._linking = linking
        self._profiles = store.database[PROFILES]
        self._suggestions = store.database[SUGGESTIONS]
        self._weights = store.database[WEIGHTS]
        self._definitions = MongoDefinitions(store.database, sealing)
        self._sealing = sealing
        self._tenant = tenant
        self._progress = progress
        self._mended = 0

    async def run(self, least_score: float, *, is_dry: bool) -> Resolved:
        """Learn, find and keep; a dry run keeps nothing.

        Raises:
            StoreUnavailable: the store gives no answer; what was kept so far stays.
        """
        began = time.monotonic()
        people = await self._read(is_dry=is_dry)
        with store_failures():
            before = await self._weights.find_one({"_id": self._tenant})
        version = (weights_of(before).version if before else 0) + 1
        self._progress("compare", 0, None)
        weights, found, count = await asyncio.to_thread(_matched, people, version, least_score)
        linked, dismissed = 0, set[str]()
        if not is_dry:
            dismissed = await self._keep(people, weights, found)
            linked = await self._link(people, found, dismissed)
        large = sum(size > LARGEST_BLOCK for size in people.block_sizes().values())
        return Resolved(
            profiles=len(people.ids),
            people=count,
            suggestions=len(found) - len(dismissed) - linked,
            linked=linked,
            dismissed=len(dismissed),
            skipped=large,
            mended=self._mended,
            seconds=round(time.monotonic() - began, 1),
        )

    async def _read(self, *, is_dry: bool) -> People:
        schema = await self._definitions.current(self._tenant)
        fields, people = compared(schema), People(measures_of(schema))
        attributes = COMPARED | {"state", "identities", "identities.value"}
        attributes |= {f"custom.{name}" for name in fields}
        of_tenant = await self._sealing.tenant(self._tenant)
        async for documents in self._batches(projection(attributes) | {BLOCKS: 1}):
            seals = await self._sealing.read(self._tenant, documents)
            mended = []
            for document in documents:
                profile = from_document(document, seals[document["id"]], attributes)
                if profile.state in _GONE:
                    continue
                entries = document.get("identities", ())
                blocks = kept_blocks(profile_blocks(of_tenant, profile, fields), entries)
                if blocks != document.get(BLOCKS, []):
                    query = {"_id": document["_id"], "version": document["version"]}
                    mended.append(UpdateOne(query, {"$set": {BLOCKS: blocks}}))
                people.add(profile.id, traits_of(profile, fields), blocks)
            self._mended += len(mended)
            if mended and not is_dry:
                with store_failures():
                    await self._profiles.bulk_write(mended, ordered=False)
            self._progress("read", len(people.ids), None)
        return people

    async def _batches(self, fields: Document) -> AsyncIterator[list[Document]]:
        base, path = base_of(self._tenant, BY_ID), path_of(BY_ID)
        query = {path: {"$gt": base, "$lt": end_of(base)}}
        with store_failures(), pymongo.timeout(_WITHIN_S):
            async with self._profiles.find(query, fields).sort(path, 1) as cursor:
                while documents := await cursor.to_list(_BATCH):
                    yield documents

    async def _link(self, people: People, found: Sequence[Found], dismissed: set[str]) -> int:
        """Link what needs no person; who said that two are two is heard."""
        if self._linking is None:
            return 0
        open_ = [one for one in found if pair_key(self._tenant, *one.pair) not in dismissed]
        traits = dict(zip(people.ids, people.traits, strict=True))
        schema = await self._definitions.current(self._tenant)
        self._progress("link", 0, None)
        return await self._linking.link(open_, traits, schema)

    async def _keep(
        self, people: People, weights: MatchWeights, found: Sequence[Found]
    ) -> set[str]:
        """Keep weights and suggestions; the keys of pairs that were dismissed before."""
        with store_failures():
            kept = weights_document(self._tenant, weights)
            await self._weights.replace_one({"_id": self._tenant}, kept, upsert=True)
        traits = dict(zip(people.ids, people.traits, strict=True))
        dismissed, done = set[str](), 0
        for part in _parted(found):
            keys = [pair_key(self._tenant, *one.pair) for one in part]
            with store_failures():
                decided = self._suggestions.find({"_id": {"$in": keys}}, {"dismissedAt": 1})
                gone = {one["_id"] async for one in decided if "dismissedAt" in one}
                writes = []
                for key, one in zip(keys, part, strict=True):
                    levels = traits[one.pair[0]].levels(traits[one.pair[1]])
                    put = suggestion_document(self._tenant, one.pair, levels, one.weight)
                    put |= {"run": weights.version}
                    query = {"_id": put.pop("_id")}
                    if key not in gone:
                        writes.append(UpdateOne(query, {"$set": put}, upsert=True))
                if writes:
                    await self._suggestions.bulk_write(writes, ordered=False)
            dismissed, done = dismissed | gone, done + len(part)
            self._progress("write", done, len(found))
        await self._forget_former(weights.version)
        return dismissed

    async def _forget_former(self, version: int) -> None:
        """Remove what former runs suggested and this one doesn't."""
        query = {"rank": {"$gt": f"{self._tenant}\t", "$lt": rank_of(self._tenant, -10_000)}}
        with store_failures(), pymongo.timeout(_WITHIN_S):
            known = await self._suggestions.find(query, {"run": 1}).to_list()
            old = [DeleteOne({"_id": one["_id"]}) for one in known if one["run"] != version]
            for at in range(0, len(old), _BATCH):
                await self._suggestions.bulk_write(old[at : at + _BATCH], ordered=False)


def _matched(
    people: People, version: int, least_score: float
) -> tuple[MatchWeights, list[Found], int]:
    matching = Matching(people)
    try:
        weights = matching.learned(version)
        found = matching.found(weights, least_score)
        return weights, found, matching.people_count(weights, least_score)
    finally:
        matching.close()


def _parted(found: Sequence[Found]) -> Iterator[Sequence[Found]]:
    return (found[at : at + _KEYS_AT_ONCE] for at in range(0, len(found), _KEYS_AT_ONCE))
