"""Writes interactions: each whole or not at all, and once for each external id.

An interaction with an external id is claimed by inserting a document of that name, as an identity
is.  `timelines` holds, for each profile with interactions, how many there are and where its newest
stand, so that the first page of many profiles is two reads by `_id`.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.changes import Changes
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.interaction_documents import (
    EVERYTHING,
    from_interaction,
    interaction_document,
    update_of_interaction,
)
from app.store.names import INTERACTION_CLAIMS, INTERACTIONS, TIMELINES, key_of
from app.store.sealing import GONE, ProfileSeal, TenantSeal
from app.store.timeline_keys import position_of
from graph.errors import Conflict, Erased
from graph.model.identity import IdentityName
from graph.model.interaction import Interaction, contradicts, news_of
from policies.plan import Scope

NEWEST: Final = 26
"""How many positions a timeline's document holds: a page of 25, and whether there are more."""

Writer = Callable[[AsyncClientSession], Awaitable[None]]
_ATTEMPTS: Final = 20
_KIND: Final = "interaction"
_CONTRADICTED: Final = (
    "An interaction with this external id was recorded already,"
    " and its kind, channel, direction or beginning is another."
)
_OF_ANOTHER: Final = (
    "An interaction with this external id was recorded already, of another customer."
)


class AlreadyRecorded(Exception):
    """The external id was claimed by another call meanwhile."""


class Recording:
    """Records interactions."""

    def __init__(
        self, database: AsyncDatabase[Document], changes: Changes, now: Callable[[], datetime]
    ) -> None:
        self._interactions = database[INTERACTIONS]
        self._claims = database[INTERACTION_CLAIMS]
        self._timelines = database[TIMELINES]
        self._changes = changes
        self._now = now

    async def record(
        self, item: Interaction, seal: ProfileSeal, owners: Collection[str], scope: Scope
    ) -> str:
        """Keep an interaction of the profile whose seal it is; the id of what is kept.

        `owners` are all profiles that are the person.

        Raises:
            Conflict, Erased: see `graph.ports.Interactions`.
        """
        for _ in range(_ATTEMPTS):
            known = await self.known(item, scope)
            if known is not None:
                return await self.amend(known, item, owners, scope)
            try:
                await self._changes.transaction(self.writer(item, seal))
            except AlreadyRecorded:
                continue
            except DuplicateKeyError:  # the driver repeated a commit whose answer was lost
                pass
            return item.id
        raise Conflict("The interaction changes too fast; try again.")

    async def known(self, item: Interaction, scope: Scope) -> str | None:
        """The id of the interaction that has this one's external id."""
        of_tenant = await self._changes.sealing.tenant(scope.tenant)
        keys = claim_keys(item, of_tenant)
        if not keys:
            return None
        with store_failures():
            claim = await self._claims.find_one({"_id": {"$in": keys}})
        return claim["interaction"] if claim else None

    async def is_kept(self, id: str, scope: Scope) -> bool:
        """Whether an interaction of this id is there."""
        with store_failures():
            key = {"_id": key_of(scope.tenant, id)}
            return await self._interactions.find_one(key, {"_id": 1}) is not None

    def writer(self, item: Interaction, seal: ProfileSeal) -> Writer:
        """What keeps a new interaction inside a transaction; raises `AlreadyRecorded` there.

        Raises:
            Erased: the keys of its owner were destroyed.
        """
        if seal.keys.is_destroyed:
            raise Erased(GONE)
        now, tenant = self._now(), seal.of_tenant.tenant
        started_at = item.started_at or now
        begun = replace(item, owner=seal.profile, started_at=started_at)
        document = interaction_document(begun, seal, now)
        keys, position = claim_keys(item, seal.of_tenant), position_of(started_at, item.id)
        timeline = {"_id": key_of(tenant, seal.profile)}
        added: dict[str, Any] = {
            "$setOnInsert": {"tenant": tenant, "owner": seal.profile},
            "$inc": {"count": 1},
            "$push": {"newest": {"$each": [position], "$sort": 1, "$slice": NEWEST}},
        }

        async def write(session: AsyncClientSession) -> None:
            for key in sorted(keys):
                claim = {"_id": key, "tenant": tenant, "interaction": item.id, "claimedAt": now}
                try:
                    await self._claims.insert_one(claim, session=session)
                except DuplicateKeyError:
                    raise AlreadyRecorded from None
            await self._interactions.insert_one(document, session=session)
            await self._timelines.update_one(timeline, added, upsert=True, session=session)

        return write

    async def amend(self, id: str, told: Interaction, owners: Collection[str], scope: Scope) -> str:
        """Add to an interaction of one of `owners` what is told and wasn't known; its id.

        Raises:
            Conflict, Erased: see `graph.ports.Interactions`.
        """
        key = {"_id": key_of(scope.tenant, id)}
        for _ in range(_ATTEMPTS):
            with store_failures():
                document = await self._interactions.find_one(key)
            if document is None:
                raise Conflict("The interaction of this external id is gone.")
            if document["owner"] not in owners:
                raise Conflict(_OF_ANOTHER)
            seal = await self._changes.sealing.written(scope.tenant, document["owner"])
            kept = from_interaction(document, seal, EVERYTHING)
            if contradicts(told, kept):
                raise Conflict(_CONTRADICTED)
            news = news_of(told, kept)
            if not news:
                return id
            if seal.keys.is_destroyed:
                raise Erased(GONE)
            update = update_of_interaction(replace(kept, **news), news, seal, self._now())  # type: ignore[arg-type]  # attributes by their names
            with store_failures():
                query = {**key, "version": document["version"]}
                done = await self._interactions.update_one(query, update)
            if done.matched_count:
                return id
        raise Conflict("The interaction changes too fast; try again.")


def claim_keys(item: Interaction, of_tenant: TenantSeal) -> list[str]:
    """The `_id`s of what claims an interaction's external id; none where it has none.

    There is one for each version of the index key, that of the one in use first.
    """
    if item.external_id is None:
        return []
    # Their lengths can't be mistaken: a source may hold any character, but no line break.
    name = IdentityName(_KIND, f"{item.source or ''}\n{item.external_id}")
    return [key_of(of_tenant.tenant, index) for index in of_tenant.indexes(name)]
