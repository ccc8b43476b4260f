"""Pages of profiles: in the order of one search key, a few documents at a time."""

import asyncio
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from app.store.documents import Document, projection
from app.store.filters import Branch, branches_of
from app.store.names import key_of
from app.store.sealed_filters import as_kept
from app.store.sealing import TenantSeal
from app.store.search import path_of
from graph.errors import BadInput
from graph.model.filter import Filter, Order, Place
from graph.model.search import BY_ID

_GONE = "after: the profile where the previous page ended is gone; begin again."


@dataclass(frozen=True, slots=True)
class _Stage:
    """A part of a list that has an order: who has the key, then who has none, by id."""

    place: Place
    missing: Place | None = None
    is_descending: bool = False
    after: str | None = None


class Listing:
    """Lists of one collection of profiles."""

    def __init__(self, profiles: AsyncCollection[Document]) -> None:
        self._profiles = profiles

    async def page(
        self,
        seal: TenantSeal,
        where: Filter,
        order: Order | None,
        *,
        first: int,
        after: str | None,
        attributes: AbstractSet[str],
    ) -> list[Document]:
        """See `graph.ports.Profiles`."""
        tenant = seal.tenant
        branches = branches_of(tenant, as_kept(where, seal))
        fields = projection(attributes)
        found: list[Document] = []
        for stage in await self._stages(tenant, _order(branches, order), order, after):
            if len(found) < first and branches:
                found += await self._read(branches, stage, first - len(found), fields)
        return found

    async def count(self, seal: TenantSeal, where: Filter) -> int:
        """See `graph.ports.Profiles`."""
        branches = branches_of(seal.tenant, as_kept(where, seal))
        for branch in branches:
            branch.at(BY_ID).narrow()
        if len(branches) == 1:
            return await self._profiles.count_documents(branches[0].query())
        ids: set[str] = set()
        for branch in branches:
            async for document in self._profiles.find(branch.query(), {"_id": 1}):
                ids.add(document["_id"])
        return len(ids)

    async def _stages(
        self, tenant: str, place: Place, order: Order | None, after: str | None
    ) -> list[_Stage]:
        is_descending = order is not None and order.is_descending
        keyed = _Stage(place, is_descending=is_descending)
        rest = [_Stage(BY_ID, missing=place)] if order and place != BY_ID else []
        if after is None:
            return [keyed, *rest]
        wanted = {path_of(place): 1, path_of(BY_ID): 1}
        last = await self._profiles.find_one({"_id": key_of(tenant, after)}, wanted)
        if last is None:
            raise BadInput(_GONE)
        search = last.get("search", {})
        if place.slot in search:
            return [_Stage(place, None, is_descending, search[place.slot]), *rest]
        return [_Stage(BY_ID, place, after=search[BY_ID.slot])]

    async def _read(
        self, branches: Iterable[Branch], stage: _Stage, first: int, fields: Mapping[str, int]
    ) -> list[Document]:
        staged = (_query(branch, stage) for branch in branches)
        queries = [query for query in staged if query is not None]
        path, direction = path_of(stage.place), -1 if stage.is_descending else 1
        shown = {**fields, path: 1}
        pages = await asyncio.gather(
            *(
                self._profiles.find(query, shown).sort(path, direction).limit(first).to_list()
                for query in queries
            )
        )
        merged = {document["id"]: document for page in pages for document in page}
        ordered = sorted(
            merged.values(),
            key=lambda document: document["search"][stage.place.slot],
            reverse=stage.is_descending,
        )
        return ordered[:first]


def _order(branches: list[Branch], order: Order | None) -> Place:
    """What the list is sorted by: what was asked for, what narrows it most, or the age."""
    if order is not None:
        return order.place
    if len(branches) == 1:
        keyed = [
            item
            for item in branches[0].bounds.values()
            if item.has_value and not item.place.is_list
        ]
        if keyed:
            return min(keyed, key=lambda item: item.width).place
    return BY_ID


def _query(branch: Branch, stage: _Stage) -> dict[str, Any] | None:
    staged = deepcopy(branch)
    bounds = staged.at(stage.place)
    if stage.after is None:
        bounds.narrow()
    elif stage.is_descending:
        bounds.narrow(high=stage.after)
    else:
        bounds.narrow(low=f"{stage.after}\0")
    if stage.missing is not None:
        missing = staged.at(stage.missing)
        if missing.has_value:
            return None
        missing.has_value = False
    return staged.query()
