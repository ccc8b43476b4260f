"""Profiles, their identities and their former ids.

A profile's document holds its identities; the `identities` collection holds, for each, the claim:
inserting its `_id` is what makes an identity one person's.  So recognition is two reads by `_id`.
What a profile claims in all is told in `claims`.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.changes import ABSENT, TAKEN, Changes
from app.store.claims import is_same, joined, renewed, unsealed_entry
from app.store.documents import Document, from_document, projection
from app.store.failures import store_failures
from app.store.listing import Listing
from app.store.names import ALIASES, PROFILES, key_of
from app.store.promoting import promoted
from app.store.recognition import Recognising
from app.store.recording import Recording
from app.store.sealing import ProfileSeal, Sealing
from graph.errors import Conflict, NotFound, VersionMismatch
from graph.model.filter import Filter, Order
from graph.model.identity import MAX_PER_CHANNEL, IdentityName
from graph.model.interaction import Interaction
from graph.model.lifecycle import Promotion
from graph.model.owed import Owed
from graph.model.profile import Profile, ProfilePatch
from graph.model.provenance import Author
from graph.model.search import Findable
from graph.ports import Found, NamedIdentity, Recognition, Revise
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
        self._aliases = database[ALIASES]
        self._sealing = sealing
        self._now = now
        self._changes = Changes(client, database, sealing, now, max_per_channel)
        self._listing = Listing(self._profiles)
        self.recording = Recording(database, self._changes, now)
        self.recognising = Recognising(database, self._changes, self.recording, now)

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

    async def find(
        self, name: IdentityName, scope: Scope, wide: IdentityName | None = None
    ) -> Found:
        """See `graph.ports.Profiles`."""
        return await self.recognising.find(name, scope, wide)

    async def create(
        self,
        profile: Profile,
        found: Findable,
        identities: Sequence[NamedIdentity],
        scope: Scope,
        author: Author,
        owed: Sequence[Owed] = (),
    ) -> None:
        """See `graph.ports.Profiles`."""
        try:
            await self._changes.insert(profile, found, identities, scope, author, owed=owed)
        except DuplicateKeyError:
            # The driver repeats a commit whose answer was lost, and may find its own work.
            with store_failures():
                own = await self._read({profile.id}, scope, frozenset())
            if own:
                return
            shared = await self.recognising.as_shared(identities, scope)
            if shared == list(identities):
                raise Conflict(TAKEN) from None
            await self.create(profile, found, shared, scope, author, owed)

    async def recognise(
        self,
        profile: Profile,
        found: Findable,
        identity: NamedIdentity,
        scope: Scope,
        author: Author,
        opening: Interaction | None = None,
        *,
        and_share: bool = False,
    ) -> Recognition:
        """See `graph.ports.Profiles`."""
        return await self.recognising.recognise(
            profile, found, identity, scope, author, opening, and_share=and_share
        )

    async def update(
        self,
        id: str,
        patch: ProfilePatch,
        scope: Scope,
        if_version: int | None,
        author: Author,
        promotion: Promotion | None = None,
    ) -> None:
        """See `graph.ports.Profiles`."""

        def change(seal: ProfileSeal, held: Document) -> tuple[Document, Document]:
            return self._changes.patched(held, promoted(patch, held, promotion), seal)

        await self._change(id, scope, if_version, change, author, patch.owed)

    async def add_identity(
        self,
        id: str,
        identity: NamedIdentity,
        scope: Scope,
        if_version: int | None,
        author: Author,
        promotion: Promotion | None = None,
    ) -> None:
        """See `graph.ports.Profiles`."""

        def add(seal: ProfileSeal, held: Document) -> tuple[Document, Document] | None:
            entry, before = self._changes.entry(identity, seal), held["identities"]
            kept = renewed(joined(before, entry, self._changes.max_per_channel), entry)
            if kept == before:
                return None
            return self._changes.joined(held, {"identities": kept}, seal, promotion)

        try:
            await self._change(id, scope, if_version, add, author)
        except Conflict:
            (shared,) = await self.recognising.as_shared([identity], scope)
            if shared == identity:
                raise
            await self.add_identity(id, shared, scope, if_version, author)

    async def remove_identity(
        self,
        id: str,
        identity: NamedIdentity,
        scope: Scope,
        if_version: int | None,
        author: Author,
    ) -> None:
        """See `graph.ports.Profiles`."""

        def remove(seal: ProfileSeal, held: Document) -> tuple[Document, Document] | None:
            entry = unsealed_entry(identity, seal.of_tenant)
            left = [item for item in held["identities"] if not is_same(item, entry)]
            if len(left) == len(held["identities"]):
                raise NotFound("The profile doesn't have this identity.")
            return self._changes.changed(held, {"identities": left}, scope)

        await self._change(id, scope, if_version, remove, author)

    async def _change(
        self,
        id: str,
        scope: Scope,
        if_version: int | None,
        change: Callable[[ProfileSeal, Document], tuple[Document, Document] | None],
        author: Author,
        owed: Sequence[Owed] = (),
    ) -> None:
        """Change a profile; under an id of one that was absorbed, the one that stands for it."""
        current = id
        for _ in range(_ATTEMPTS):
            seal = await self._written(current, scope)
            try:
                return await self._changes.change(
                    seal, scope, if_version, partial(change, seal), author, owed
                )
            except NotFound:
                current = await self._standing(current, scope)
                if current == seal.profile:  # else it was absorbed
                    raise
            except VersionMismatch:
                if if_version is not None:
                    raise
        raise Conflict("The profile is changed again and again; try again.")

    async def revise(
        self,
        id: str,
        attributes: AbstractSet[str],
        revise: Revise,
        scope: Scope,
        if_version: int | None,
        author: Author,
    ) -> None:
        """See `graph.ports.Profiles`."""

        def change(seal: ProfileSeal, held: Document) -> tuple[Document, Document] | None:
            changes = revise(from_document(held, seal, attributes))
            if not changes:
                return None
            return self._changes.patched(held, ProfilePatch(changes), seal)

        await self._change(id, scope, if_version, change, author)

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
        return await self._sealing.written(scope.tenant, await self._standing(id, scope))

    async def _standing(self, id: str, scope: Scope) -> str:
        """The id of the profile that stands for this one now: itself, or who absorbed it.

        Raises:
            NotFound: there is no such profile.
        """
        with store_failures():
            query = {"_id": key_of(scope.tenant, id)}
            if await self._profiles.find_one(query, {"_id": 1}) is not None:
                return id
            survivors = await self._survivors({id}, scope)
        if id not in survivors:
            raise NotFound(ABSENT)
        return survivors[id]
