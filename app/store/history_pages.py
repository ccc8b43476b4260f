"""Pages of history: entries of several profiles in one stream, the newest first."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.history import LANE, entry_of, projection_of
from app.store.names import HISTORY, key_of
from app.store.sealing import Sealing
from graph.errors import BadInput
from graph.model.history import ITEMS, HistoryEntry
from policies.plan import Scope

_PARTS: Final = 3  # of a cursor: the instant, the profile, the version


class MongoHistory:
    """`graph.ports.History` in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], sealing: Sealing) -> None:
        self._history = database[HISTORY]
        self._sealing = sealing

    async def page(
        self,
        profiles: Sequence[str],
        scope: Scope,
        *,
        first: int,
        after: str | None,
        attributes: AbstractSet[str],
    ) -> list[tuple[str, HistoryEntry]]:
        """See `graph.ports.History`."""
        parts = tuple(f"{item}." for item in ITEMS)
        whole = {name for name in attributes if not name.startswith(parts)}
        wanted = projection_of(whole)
        with store_failures():
            found = await asyncio.gather(
                *(self._read(one, scope, first, after, wanted) for one in profiles)
            )
        merged = sorted((item for part in found for item in part), key=_order)[:first]
        entries: dict[str, list[Document]] = {}
        for one in merged:
            entries.setdefault(one["profile"], []).append(one)
        seals = await self._sealing.read(
            scope.tenant, ({"id": one, "entries": told} for one, told in entries.items())
        )
        return [
            (cursor_of(one), entry_of(one, seals[one["profile"]], attributes)) for one in merged
        ]

    async def _read(
        self, profile: str, scope: Scope, first: int, after: str | None, wanted: Document
    ) -> list[Document]:
        base = key_of(scope.tenant, profile)
        query = {LANE: {"$gt": _begin(base, profile, after), "$lt": f"{base}0"}}
        cursor = self._history.find(query, wanted).sort(LANE, 1).limit(first)
        return await cursor.to_list()


def cursor_of(document: Document) -> str:
    """Where an entry stands in the stream of all profiles."""
    instant, version = document["_id"].rsplit("/", 2)[1:]
    return f"{instant}/{document['profile']}/{version}"


def _begin(base: str, profile: str, after: str | None) -> str:
    """The key behind which a profile's entries follow a cursor."""
    if after is None:
        return f"{base}/"
    parts = after.split("/")
    if len(parts) != _PARTS:
        raise BadInput("after: this is no cursor of a history.")
    instant, at, version = parts
    if profile == at:
        return f"{base}/{instant}/{version}"
    # Of the same instant, profiles come in the order of their ids.
    return f"{base}/{instant}/{'~' if profile < at else ''}"


def _order(document: Document) -> tuple[Any, ...]:
    instant, version = document["_id"].rsplit("/", 2)[1:]
    return instant, document["profile"], version
