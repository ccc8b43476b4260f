"""Interactions: recorded once, and read as timelines.

An interaction is a document of its own, filed under a profile; a merge of profiles moves none.
`timeline_keys` tells how timelines are read, `recording` how they grow.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from app.store.changes import ABSENT
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.interaction_documents import from_interaction, interaction_projection
from app.store.names import INTERACTIONS, TIMELINES, key_of
from app.store.profiles import MongoProfiles
from app.store.sealing import Sealing
from app.store.timeline_keys import KEYS, OPEN, id_at, open_key
from app.store.timelines import Cut, Known, Timelines, matches, newest_of, place_of
from graph.errors import Ambiguous, BadInput, NotFound
from graph.interaction_ports import LiveConversation, TimelinePage
from graph.model.identity import IdentityName
from graph.model.interaction import Interaction, TimelineQuery, owners_of
from policies.plan import Scope

_AT_ONCE: Final = 100
_NOT_THERE: Final = "after: the interaction isn't one of this timeline."
_NOBODY: Final = "Nobody is known by this identity."


class MongoInteractions:
    """`graph.ports.Interactions` in MongoDB."""

    def __init__(
        self, database: AsyncDatabase[Document], sealing: Sealing, profiles: MongoProfiles
    ) -> None:
        self._interactions = database[INTERACTIONS]
        self._known = database[TIMELINES]
        self._sealing = sealing
        self._profiles = profiles
        self._timelines = Timelines(self._interactions)

    async def record(self, interaction: Interaction, who: str | IdentityName, scope: Scope) -> str:
        """See `graph.ports.Interactions`."""
        owner, owners = await self._owner(who, scope)
        seal = await self._sealing.written(scope.tenant, owner)
        return await self._profiles.recording.record(interaction, seal, owners, scope)

    async def get_many(
        self, ids: Sequence[str], scope: Scope, attributes: AbstractSet[str]
    ) -> list[Interaction | None]:
        """See `graph.ports.Interactions`."""
        with store_failures():
            found = await self._by_id(ids, scope, interaction_projection(attributes))
        opened = await self._opened([found.values()], scope, attributes)
        by_id = {item.id: item for item in opened[0]}
        return [by_id.get(one) for one in ids]

    async def pages(
        self, asked: Sequence[TimelineQuery], scope: Scope, attributes: AbstractSet[str]
    ) -> list[TimelinePage]:
        """See `graph.ports.Interactions`."""
        with store_failures():
            known = await self._timelines_of(asked, scope)
            afters = await self._positions(asked, scope, known)
            cuts = await self._cuts(asked, afters, scope, known, attributes)
        shown = [cut.documents[: one.first] for cut, one in zip(cuts, asked, strict=True)]
        items = await self._opened(shown, scope, attributes)
        return [
            _page(one, cut, of_page, known)
            for one, cut, of_page in zip(asked, cuts, items, strict=True)
        ]

    async def count(self, asked: TimelineQuery, scope: Scope) -> int:
        """See `graph.ports.Interactions`."""
        with store_failures():
            return await self._timelines.count(asked, scope.tenant)

    async def live(
        self, agent: str, owners: Sequence[str], scope: Scope
    ) -> LiveConversation | None:
        """See `graph.ports.Interactions`."""
        keys = [open_key(scope.tenant, owner, agent) for owner in owners]
        with store_failures():
            cursor = self._interactions.find(
                {OPEN: {"$in": keys}}, {"id": 1, "startedAt": 1, "_id": 0}
            )
            found = await cursor.to_list()
        if not found:
            return None
        newest = max(found, key=lambda document: (document["startedAt"], document["id"]))
        return LiveConversation(newest["id"], newest["startedAt"])

    async def _owner(self, who: str | IdentityName, scope: Scope) -> tuple[str, tuple[str, ...]]:
        """The profile that an interaction of somebody is filed under, and all that they are."""
        known = await self._named(who, scope) if isinstance(who, IdentityName) else who
        (profile,) = await self._profiles.get_many([known], scope, {"members"})
        if profile is None:
            raise NotFound(ABSENT)
        owners = owners_of(profile)
        if isinstance(who, IdentityName):
            return await self._profiles.recognising.filed_under(profile.id, who, scope), owners
        return profile.id, owners

    async def _named(self, name: IdentityName, scope: Scope) -> str:
        found = await self._profiles.find(name, scope)
        if found.sharing:
            raise Ambiguous("Several share this identity: say which profile it was.")
        if found.profile is None:
            raise NotFound(_NOBODY)
        return found.profile

    async def _timelines_of(self, asked: Iterable[TimelineQuery], scope: Scope) -> dict[str, Known]:
        owners = {owner for one in asked for owner in one.owners}
        found = await _in_parts(
            self._known, owners, scope, {"owner": 1, "count": 1, "newest": 1, "_id": 0}
        )
        return {one["owner"]: Known(one["count"], one["newest"]) for one in found}

    async def _positions(
        self, asked: Iterable[TimelineQuery], scope: Scope, known: Mapping[str, Known]
    ) -> dict[TimelineQuery, str]:
        """Where the pages begin that begin behind an interaction."""
        behind = [one for one in asked if one.after is not None]
        near = {
            (owner, id_at(position)): position
            for one in behind
            for owner in one.owners
            for position in known.get(owner, Known()).newest
        }
        far = {one.after for one in behind if one.after} - {known_id for _, known_id in near}
        fields = {"id": 1, "owner": 1, f"{KEYS}.all": 1, "_id": 0}
        for document in await _in_parts(self._interactions, far, scope, fields):
            near[document["owner"], document["id"]] = place_of(document)
        found = {}
        for one in behind:
            at = [near[owner, one.after] for owner in one.owners if (owner, one.after) in near]  # type: ignore[index]  # after is set
            if not at:
                raise BadInput(_NOT_THERE)
            found[one] = at[0]
        return found

    async def _cuts(
        self,
        asked: Sequence[TimelineQuery],
        afters: Mapping[TimelineQuery, str],
        scope: Scope,
        known: Mapping[str, Known],
        attributes: AbstractSet[str],
    ) -> list[Cut]:
        fields = interaction_projection(attributes)
        newest = [newest_of(one, afters.get(one), known) for one in asked]
        ids = [id_at(position) for positions in newest for position in positions or ()]

        async def read(one: TimelineQuery, positions: list[str] | None) -> Cut | None:
            if positions is not None:
                return None
            return await self._timelines.read(one, afters.get(one), scope.tenant, known, fields)

        by_id, far = await asyncio.gather(
            self._by_id(ids, scope, fields), asyncio.gather(*map(read, asked, newest))
        )
        return [
            cut or _near(one, positions or (), by_id)
            for one, positions, cut in zip(asked, newest, far, strict=True)
        ]

    async def _by_id(
        self, ids: Iterable[str], scope: Scope, fields: Mapping[str, Any]
    ) -> dict[str, Document]:
        found = await _in_parts(self._interactions, set(ids), scope, fields)
        return {document["id"]: document for document in found}

    async def _opened(
        self,
        pages: Sequence[Iterable[Document]],
        scope: Scope,
        attributes: AbstractSet[str],
    ) -> list[list[Interaction]]:
        """The interactions of some pages; keys of all of their owners are fetched at once."""
        pages = [list(page) for page in pages]
        by_owner = defaultdict[str, list[Document]](list)
        for page in pages:
            for document in page:
                by_owner[document["owner"]].append(document)
        read = [{"id": owner, "held": held} for owner, held in by_owner.items()]
        seals = await self._sealing.read(scope.tenant, read)
        return [
            [from_interaction(one, seals[one["owner"]], attributes) for one in page]
            for page in pages
        ]


async def _in_parts(
    collection: AsyncCollection[Document],
    ids: AbstractSet[str],
    scope: Scope,
    fields: Mapping[str, Any],
) -> list[Document]:
    """The documents of a tenant with these ids, read some hundred at a time."""
    keys = [key_of(scope.tenant, one) for one in sorted(ids)]
    parts = [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
    found = await asyncio.gather(
        *(collection.find({"_id": {"$in": part}}, fields).to_list() for part in parts)
    )
    return [document for part in found for document in part]


def _near(asked: TimelineQuery, positions: Iterable[str], by_id: Mapping[str, Document]) -> Cut:
    """A page whose positions were known."""
    found = (by_id.get(id_at(position)) for position in positions)
    fitting = [one for one in found if one is not None and matches(asked, one)]
    return Cut(fitting[: asked.first + 1])


def _page(
    asked: TimelineQuery, cut: Cut, items: list[Interaction], known: Mapping[str, Known]
) -> TimelinePage:
    is_short = cut.reached is not None
    has_next = is_short or len(cut.documents) > asked.first
    end = items[-1].id if items else None
    if is_short and len(cut.documents) <= asked.first:
        end = id_at(cut.reached or "")
    total = None
    if not (asked.is_narrowed or asked.is_bounded):
        total = sum(known.get(owner, Known()).count for owner in asked.owners)
    return TimelinePage(items, has_next, end, total)
