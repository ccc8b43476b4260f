"""Profiles, their identities and their former ids.

A profile's document holds its identities; the `identities` collection holds, for each, the claim:
inserting its `_id` is what makes an identity one person's.  So recognition is two reads by `_id`.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime
from typing import Any

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.documents import (
    Document,
    from_document,
    identity_document,
    projection,
    to_document,
    update_of,
)
from app.store.failures import store_failures
from app.store.filters import compiled
from app.store.names import ALIASES, IDENTITIES, PROFILES, key_of
from graph.errors import Conflict, NotFound, VersionMismatch
from graph.model.errors import LimitReached
from graph.model.filter import Condition
from graph.model.identity import MAX_PER_CHANNEL, IdentityName
from graph.model.profile import Profile, ProfilePatch
from graph.ports import NamedIdentity
from policies.plan import Scope

_ATTEMPTS = 5
_TAKEN = "One of the identities belongs to another profile."
_ABSENT = "There is no such profile."


class MongoProfiles:
    """`graph.ports.Profiles` in MongoDB."""

    def __init__(
        self,
        client: AsyncMongoClient[Document],
        database: AsyncDatabase[Document],
        index: Callable[[str, IdentityName], str],
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._aliases = database[ALIASES]
        self._index = index
        self._now = now

    async def get_many(
        self, ids: Sequence[str], scope: Scope, attributes: AbstractSet[str]
    ) -> list[Profile | None]:
        """See `graph.ports.Profiles`."""
        with store_failures():
            found = await self._read(set(ids), scope, attributes)
            if missing := set(ids) - found.keys():
                survivors = await self._survivors(missing, scope)
                moved = await self._read(set(survivors.values()), scope, attributes)
                found |= {old: moved[new] for old, new in survivors.items() if new in moved}
        return [found.get(one) for one in ids]

    async def page(
        self,
        scope: Scope,
        conditions: Sequence[Condition],
        *,
        first: int,
        after: str | None,
        attributes: AbstractSet[str],
    ) -> list[Profile]:
        """See `graph.ports.Profiles`."""
        query = compiled(scope.tenant, conditions, after)
        with store_failures():
            cursor = self._profiles.find(query, projection(attributes)).sort("id", 1).limit(first)
            return [from_document(document) async for document in cursor]

    async def count(self, scope: Scope, conditions: Sequence[Condition]) -> int:
        """See `graph.ports.Profiles`."""
        with store_failures():
            return await self._profiles.count_documents(compiled(scope.tenant, conditions, None))

    async def find(self, name: IdentityName, scope: Scope) -> str | None:
        """See `graph.ports.Profiles`."""
        with store_failures():
            claim = await self._identities.find_one({"_id": self._claim_id(name, scope)})
        return claim["profile"] if claim else None

    async def create(
        self, profile: Profile, identities: Sequence[NamedIdentity], scope: Scope
    ) -> None:
        """See `graph.ports.Profiles`."""
        try:
            await self._insert(profile, identities, scope)
        except DuplicateKeyError:
            # The driver repeats a commit whose answer was lost, and may find its own work.
            with store_failures():
                own = await self._read({profile.id}, scope, frozenset())
            if not own:
                raise Conflict(_TAKEN) from None

    async def recognise(
        self, profile: Profile, identity: NamedIdentity, scope: Scope
    ) -> tuple[str, bool]:
        """See `graph.ports.Profiles`."""
        for _ in range(_ATTEMPTS):
            known = await self.find(identity.name, scope)
            if known is not None:
                await self._seen(known, identity, scope)
                return known, known == profile.id
            with suppress(DuplicateKeyError):  # somebody else was faster: see who it is
                await self._insert(profile, [identity], scope)
                return profile.id, True
        raise Conflict("The identity changes hands too fast; try again.")

    async def update(
        self, id: str, patch: ProfilePatch, scope: Scope, if_version: int | None
    ) -> None:
        """See `graph.ports.Profiles`."""
        query: Document = {"_id": key_of(scope.tenant, id)}
        if if_version is not None:
            query["version"] = if_version
        with store_failures():
            done = await self._profiles.update_one(query, update_of(patch, self._now()))
        if not done.matched_count:
            await self._explain(id, scope)

    async def add_identity(
        self, id: str, identity: NamedIdentity, scope: Scope, if_version: int | None
    ) -> None:
        """See `graph.ports.Profiles`."""
        claim = self._claim_id(identity.name, scope)
        entry = self._entry(identity, scope)

        async def write(session: AsyncClientSession) -> None:
            held = await self._held(id, scope, if_version, session)
            joined = _joined(held["identities"], entry)
            if len(joined) == len(held["identities"]):
                return
            if not any(item["index"] == entry["index"] for item in held["identities"]):
                await self._insert_claim(claim, id, scope, session)
            await self._replace(held, joined, session)

        try:
            await self._transaction(write)
        except DuplicateKeyError:
            raise Conflict(_TAKEN) from None

    async def remove_identity(
        self, id: str, identity: NamedIdentity, scope: Scope, if_version: int | None
    ) -> None:
        """See `graph.ports.Profiles`."""
        claim = self._claim_id(identity.name, scope)
        entry = self._entry(identity, scope)

        async def write(session: AsyncClientSession) -> None:
            held = await self._held(id, scope, if_version, session)
            left = [item for item in held["identities"] if not _same(item, entry)]
            if len(left) == len(held["identities"]):
                raise NotFound("The profile doesn't have this identity.")
            if not any(item["index"] == entry["index"] for item in left):
                await self._identities.delete_one({"_id": claim}, session=session)
            await self._replace(held, left, session)

        await self._transaction(write)

    async def _insert(
        self, profile: Profile, identities: Sequence[NamedIdentity], scope: Scope
    ) -> None:
        """Keep a new profile with its claims; raises `DuplicateKeyError` where one is taken."""
        claims = {self._claim_id(item.name, scope) for item in identities}
        document = self._document(profile, identities, scope)

        async def write(session: AsyncClientSession) -> None:
            # Claims first: of many who race for one, all but the winner stop here.
            for claim in sorted(claims):
                await self._insert_claim(claim, profile.id, scope, session)
            await self._profiles.insert_one(document, session=session)

        await self._transaction(write)

    async def _read(
        self, ids: AbstractSet[str], scope: Scope, attributes: AbstractSet[str]
    ) -> dict[str, Profile]:
        if not ids:
            return {}
        keys = [key_of(scope.tenant, one) for one in sorted(ids)]
        cursor = self._profiles.find({"_id": {"$in": keys}}, projection(attributes))
        return {document["id"]: from_document(document) async for document in cursor}

    async def _survivors(self, ids: AbstractSet[str], scope: Scope) -> dict[str, str]:
        keys = [key_of(scope.tenant, one) for one in sorted(ids)]
        cursor = self._aliases.find({"_id": {"$in": keys}})
        return {document["former"]: document["profile"] async for document in cursor}

    async def _seen(self, id: str, identity: NamedIdentity, scope: Scope) -> None:
        with store_failures():
            await self._profiles.update_one(
                {"_id": key_of(scope.tenant, id)},
                {"$max": {"identities.$[seen].lastSeenAt": self._now()}},
                array_filters=[{"seen.index": self._index(scope.tenant, identity.name)}],
            )

    async def _held(
        self, id: str, scope: Scope, if_version: int | None, session: AsyncClientSession
    ) -> Document:
        """The profile's version and identities, read inside a transaction."""
        wanted = {"version": 1, "identities": 1}
        held = await self._profiles.find_one(
            {"_id": key_of(scope.tenant, id)}, wanted, session=session
        )
        if held is None:
            raise NotFound(_ABSENT)
        if if_version is not None and held["version"] != if_version:
            raise _mismatch(held["version"])
        return {"identities": [], **held}

    async def _replace(
        self, held: Document, identities: list[Document], session: AsyncClientSession
    ) -> None:
        done = await self._profiles.update_one(
            {"_id": held["_id"], "version": held["version"]},
            {
                "$set": {"identities": identities, "updatedAt": self._now()},
                "$inc": {"version": 1},
            },
            session=session,
        )
        if not done.matched_count:
            raise _mismatch(None)

    async def _explain(self, id: str, scope: Scope) -> None:
        with store_failures():
            found = await self._profiles.find_one({"_id": key_of(scope.tenant, id)}, {"version": 1})
        raise _mismatch(found["version"]) if found else NotFound(_ABSENT)

    async def _insert_claim(
        self, claim: str, id: str, scope: Scope, session: AsyncClientSession
    ) -> None:
        document = {"_id": claim, "tenant": scope.tenant, "profile": id, "claimedAt": self._now()}
        await self._identities.insert_one(document, session=session)

    async def _transaction(self, write: Callable[[AsyncClientSession], Any]) -> None:
        # The driver repeats a transaction for two minutes: one deadline must hold for them all.
        with store_failures(), pymongo.timeout(self._client.options.timeout):
            async with self._client.start_session() as session:
                await session.with_transaction(write)

    def _document(
        self, profile: Profile, identities: Sequence[NamedIdentity], scope: Scope
    ) -> Document:
        entries: list[Document] = []
        for item in identities:
            entries = _joined(entries, self._entry(item, scope))
        return to_document(profile, entries, scope.tenant)

    def _entry(self, identity: NamedIdentity, scope: Scope) -> Document:
        return identity_document(identity.identity, self._index(scope.tenant, identity.name))

    def _claim_id(self, name: IdentityName, scope: Scope) -> str:
        return key_of(scope.tenant, self._index(scope.tenant, name))


def _joined(entries: list[Document], entry: Document) -> list[Document]:
    """The identities of a profile with one more; the same where it is there already."""
    if any(_same(item, entry) for item in entries):
        return entries
    if sum(item["channel"] == entry["channel"] for item in entries) >= MAX_PER_CHANNEL:
        raise LimitReached(f"A profile has at most {MAX_PER_CHANNEL} of one channel.")
    return [*entries, entry]


def _same(one: Document, other: Document) -> bool:
    return (one["channel"], one["index"]) == (other["channel"], other["index"])


def _mismatch(version: int | None) -> VersionMismatch:
    told = "another version" if version is None else f"version {version}"
    return VersionMismatch(f"The profile has {told} now; read it again.")
