"""Profiles, their identities and their former ids.

A profile's document holds its identities; the `identities` collection holds, for each, the claim:
inserting its `_id` is what makes an identity one person's.  So recognition is two reads by `_id`.
What a profile claims in all is told in `claims`.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.changes import ABSENT, TAKEN, Changes, mismatch
from app.store.claims import is_same, joined, unsealed_entry
from app.store.compared import is_compared, needed_for
from app.store.documents import (
    Document,
    from_document,
    needs_reading,
    projection,
    update_of,
)
from app.store.failures import store_failures
from app.store.listing import Listing
from app.store.names import ALIASES, IDENTITIES, PROFILES, key_of
from app.store.sealing import ProfileSeal, Sealing
from graph.errors import Conflict, NotFound
from graph.model.filter import Filter, Order
from graph.model.identity import MAX_PER_CHANNEL, IdentityName
from graph.model.profile import Profile, ProfilePatch
from graph.model.search import Findable
from graph.ports import NamedIdentity
from policies.plan import Scope

_ATTEMPTS = 5


class MongoProfiles:
    """`graph.ports.Profiles` in MongoDB."""

    def __init__(
        self,
        client: AsyncMongoClient[Document],
        database: AsyncDatabase[Document],
        sealing: Sealing,
        now: Callable[[], datetime],
        max_per_channel: int = MAX_PER_CHANNEL,
    ) -> None:
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._aliases = database[ALIASES]
        self._sealing = sealing
        self._now = now
        self._changes = Changes(client, database, sealing, now, max_per_channel)
        self._listing = Listing(self._profiles)

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
        where: Filter,
        order: Order | None,
        *,
        first: int,
        after: str | None,
        attributes: AbstractSet[str],
    ) -> list[Profile]:
        """See `graph.ports.Profiles`."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        with store_failures():
            found = await self._listing.page(
                of_tenant, where, order, first=first, after=after, attributes=attributes
            )
        seals = await self._sealing.read(scope.tenant, found)
        return [from_document(one, seals[one["id"]], attributes) for one in found]

    async def count(self, scope: Scope, where: Filter) -> int:
        """See `graph.ports.Profiles`."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        with store_failures():
            return await self._listing.count(of_tenant, where)

    async def find(self, name: IdentityName, scope: Scope) -> str | None:
        """See `graph.ports.Profiles`."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        with store_failures():
            key = key_of(scope.tenant, of_tenant.index(name))
            claim = await self._identities.find_one({"_id": key})
        return claim["profile"] if claim else None

    async def create(
        self,
        profile: Profile,
        found: Findable,
        identities: Sequence[NamedIdentity],
        scope: Scope,
    ) -> None:
        """See `graph.ports.Profiles`."""
        try:
            await self._changes.insert(profile, found, identities, scope)
        except DuplicateKeyError:
            # The driver repeats a commit whose answer was lost, and may find its own work.
            with store_failures():
                own = await self._read({profile.id}, scope, frozenset())
            if not own:
                raise Conflict(TAKEN) from None

    async def recognise(
        self, profile: Profile, found: Findable, identity: NamedIdentity, scope: Scope
    ) -> tuple[str, bool]:
        """See `graph.ports.Profiles`."""
        for _ in range(_ATTEMPTS):
            known = await self.find(identity.name, scope)
            if known is not None:
                await self._seen(known, identity, scope)
                return known, known == profile.id
            with suppress(DuplicateKeyError):  # somebody else was faster: see who it is
                await self._changes.insert(profile, found, [identity], scope)
                return profile.id, True
        raise Conflict("The identity changes hands too fast; try again.")

    async def update(
        self, id: str, patch: ProfilePatch, scope: Scope, if_version: int | None
    ) -> None:
        """See `graph.ports.Profiles`."""
        seal = await self._written(id, scope)
        if needs_reading(patch) or is_compared(patch):
            await self._changes.change(
                id,
                scope,
                if_version,
                lambda held: self._changes.patched(held, patch, seal),
                needed_for(patch),
            )
            return
        query: Document = {"_id": key_of(scope.tenant, id)}
        if if_version is not None:
            query["version"] = if_version
        with store_failures():
            update = update_of(patch, seal, self._now())
            done = await self._profiles.update_one(query, update)
        if not done.matched_count:
            raise mismatch(await self._version(id, scope))

    async def add_identity(
        self, id: str, identity: NamedIdentity, scope: Scope, if_version: int | None
    ) -> None:
        """See `graph.ports.Profiles`."""
        entry = self._changes.entry(identity, await self._written(id, scope))

        def add(held: Document) -> Document | None:
            kept = joined(held["identities"], entry, self._changes.max_per_channel)
            return {"identities": kept} if len(kept) > len(held["identities"]) else None

        await self._changes.change(
            id, scope, if_version, lambda held: self._changes.changed(held, add(held), scope)
        )

    async def remove_identity(
        self, id: str, identity: NamedIdentity, scope: Scope, if_version: int | None
    ) -> None:
        """See `graph.ports.Profiles`."""
        entry = unsealed_entry(identity, await self._sealing.tenant(scope.tenant))

        def remove(held: Document) -> Document:
            left = [item for item in held["identities"] if not is_same(item, entry)]
            if len(left) == len(held["identities"]):
                raise NotFound("The profile doesn't have this identity.")
            return {"identities": left}

        await self._changes.change(
            id, scope, if_version, lambda held: self._changes.changed(held, remove(held), scope)
        )

    async def _read(
        self, ids: AbstractSet[str], scope: Scope, attributes: AbstractSet[str]
    ) -> dict[str, Profile]:
        if not ids:
            return {}
        keys = [key_of(scope.tenant, one) for one in sorted(ids)]
        found = await self._profiles.find({"_id": {"$in": keys}}, projection(attributes)).to_list()
        seals = await self._sealing.read(scope.tenant, found)
        return {one["id"]: from_document(one, seals[one["id"]], attributes) for one in found}

    async def _survivors(self, ids: AbstractSet[str], scope: Scope) -> dict[str, str]:
        keys = [key_of(scope.tenant, one) for one in sorted(ids)]
        cursor = self._aliases.find({"_id": {"$in": keys}})
        return {document["former"]: document["profile"] async for document in cursor}

    async def _written(self, id: str, scope: Scope) -> ProfileSeal:
        """The seal of a profile that is to be changed; none is made for one that isn't there."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        with store_failures():
            known = await self._sealing.keyring.profiles(scope.tenant, [id])
        if id in known:
            return ProfileSeal(of_tenant, id, known[id])
        await self._version(id, scope)
        return await self._sealing.written(scope.tenant, id)

    async def _seen(self, id: str, identity: NamedIdentity, scope: Scope) -> None:
        of_tenant = await self._sealing.tenant(scope.tenant)
        with store_failures():
            await self._profiles.update_one(
                {"_id": key_of(scope.tenant, id)},
                {"$max": {"identities.$[seen].lastSeenAt": self._now()}},
                array_filters=[{"seen.index": of_tenant.index(identity.name)}],
            )

    async def _version(self, id: str, scope: Scope) -> int:
        """The version of a profile; raises `NotFound` where there is none."""
        with store_failures():
            found = await self._profiles.find_one({"_id": key_of(scope.tenant, id)}, {"version": 1})
        if found is None:
            raise NotFound(ABSENT)
        version: int = found["version"]
        return version
