"""Seals the history of profiles anew: by the newest keys, by the classes sealed now."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.history import OF, place_of
from app.store.names import HISTORY, key_of
from app.store.rotation_steps import BATCH, batches
from app.store.sealing import ProfileSeal, generations_of
from app.store.singles import is_sealed, sealed_parts
from graph.model.history import ITEMS
from policies.unreadable import Unreadable

_NEEDED: Final = {"profile": 1, "version": 1, "changes": 1}
_AT_ONCE: Final = 100


class HistoryResealing:
    """Seals entries of history anew, those that need it.  An entry never changes otherwise."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._history = database[HISTORY]

    async def reseal(
        self, tenant: str, seals: Mapping[str, ProfileSeal], sealed: AbstractSet[str]
    ) -> None:
        """Seal anew what isn't sealed as it should be; `sealed` are custom values that are."""
        usable = {owner: seal for owner, seal in seals.items() if seal.keys.ciphers}
        async for documents in self._walk(tenant, usable):
            updates = [
                UpdateOne({"_id": document["_id"]}, {"$set": put})
                for document in documents
                if (put := dict(_resealed(document, usable[document["profile"]], sealed)))
            ]
            if updates:
                await self._history.bulk_write(updates, ordered=False)

    async def generations(self, tenant: str, owners: Iterable[str]) -> dict[str, set[int]]:
        """The generations of its key that an owner's history needs, where there is any."""
        needed: dict[str, set[int]] = {}
        async for documents in self._walk(tenant, owners):
            for document in documents:
                needed.setdefault(document["profile"], set()).update(generations_of(document))
        return needed

    async def _walk(self, tenant: str, owners: Iterable[str]) -> AsyncIterator[list[Document]]:
        keys = [key_of(tenant, owner) for owner in sorted(owners)]
        for at in range(0, len(keys), _AT_ONCE):
            query = {OF: {"$in": keys[at : at + _AT_ONCE]}}
            async for documents in batches(self._history.find(query, _NEEDED, batch_size=BATCH)):
                yield documents


def _resealed(
    document: Mapping[str, Any], seal: ProfileSeal, sealed: AbstractSet[str]
) -> Iterator[tuple[str, Any]]:
    for key, sides in document.get("changes", {}).items():
        attribute = key.replace("/", ".", 1)
        for side, kept in sides.items():
            path, place = f"changes.{key}.{side}", place_of(document["version"], attribute, side)
            if item := ITEMS.get(attribute):
                yield from _items(path, place, kept, seal, sealed_parts(seal.of_tenant, item))
            else:
                wanted = is_sealed(seal.of_tenant, attribute, sealed)
                yield from _anew(path, place, kept, seal, is_wanted=wanted)


def _items(
    path: str,
    place: str,
    items: list[Mapping[str, Any]],
    seal: ProfileSeal,
    sealed: AbstractSet[str],
) -> Iterator[tuple[str, Any]]:
    for number, item in enumerate(items):
        for part, kept in item.items():
            at = f"{place}/{number}/{part}"
            yield from _anew(f"{path}.{number}.{part}", at, kept, seal, is_wanted=part in sealed)


def _anew(
    path: str,
    place: str,
    kept: object,
    seal: ProfileSeal,
    *,
    is_wanted: bool,
) -> Iterator[tuple[str, Any]]:
    # What was sealed stays so: a field that isn't sealed any more may have been, for a reason.
    wanted = is_wanted or type(kept) is bytes
    if seal.is_current(kept, is_sealed=wanted):
        return
    value = seal.opened(place, kept)
    if not isinstance(value, Unreadable):
        yield path, seal.seal(place, value)
