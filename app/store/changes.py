"""Changes of a profile together with what it claims: each whole or not at all."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.claims import claimed, joined, shared_in
from app.store.documents import Document, identity_document, search_of, to_document, update_of
from app.store.failures import store_failures
from app.store.names import IDENTITIES, PROFILES, key_of
from app.store.sealing import ProfileSeal, Sealing, TenantSeal
from app.store.search import GRAMS, grams_of, updated_key
from app.store.sharing import claim_document, join, leave
from graph.errors import Conflict, NotFound, VersionMismatch
from graph.model.identity import MAX_PER_CHANNEL
from graph.model.lifecycle import Promotion
from graph.model.profile import Profile, ProfilePatch, ProfileState
from graph.model.search import Findable
from graph.ports import NamedIdentity
from policies.plan import Scope

TAKEN = "One of the identities or unique values belongs to another profile."
ABSENT = "There is no such profile."

Change = Callable[[Document], tuple[Document, Document] | None]
"""From what a profile claims and is found by: its update, and what it claims then."""


class Changes:
    """Writes profiles and their claims."""

    def __init__(
        self,
        client: AsyncMongoClient[Document],
        database: AsyncDatabase[Document],
        sealing: Sealing,
        now: Callable[[], datetime],
        max_per_channel: int = MAX_PER_CHANNEL,
    ) -> None:
        self._client = client
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self.sealing = sealing
        self._now = now
        self.max_per_channel = max_per_channel

    async def insert(
        self,
        profile: Profile,
        found: Findable,
        identities: Sequence[NamedIdentity],
        scope: Scope,
    ) -> None:
        """Keep a new profile with its claims; raises `DuplicateKeyError` where one is taken."""
        of_tenant = await self.sealing.tenant(scope.tenant)
        seal, keys = self.sealing.new(of_tenant, profile.id)
        document = self.new_document(profile, found, identities, seal)

        async def write(session: AsyncClientSession) -> None:
            # Claims first: of many who race for one, all but the winner stop here.
            for index in sorted(claimed(document)):
                await self.insert_claim(index, profile.id, scope, session)
            for index in sorted(shared_in(document)):
                await join(self._identities, self.claim(index, profile.id, scope), session)
            await self.sealing.keyring.insert([keys], session)
            await self._profiles.insert_one(document, session=session)

        await self.transaction(write)

    async def change(
        self,
        id: str,
        scope: Scope,
        if_version: int | None,
        change: Change,
        more: Iterable[str] = (),
    ) -> None:
        """Change a profile and its claims together; nothing where `change` says None.

        `more` names what else of the document `change` needs to see.

        Raises:
            NotFound, VersionMismatch, Conflict: see `graph.ports.Profiles`.
        """

        async def write(session: AsyncClientSession) -> None:
            held = await self._held(id, scope, if_version, session, more)
            changed = change(held)
            if changed is None:
                return
            update, then = changed
            before, after = claimed(held), claimed(then)
            for index in sorted(after - before):
                await self.insert_claim(index, id, scope, session)
            await self._share(shared_in(held), shared_in(then), id, scope, session)
            gone = [key_of(scope.tenant, one) for one in sorted(before - after - shared_in(then))]
            if gone:
                await self._identities.delete_many({"_id": {"$in": gone}}, session=session)
            query = {"_id": held["_id"], "version": held["version"]}
            done = await self._profiles.update_one(query, update, session=session)
            if not done.matched_count:
                raise mismatch(None)

        try:
            await self.transaction(write)
        except DuplicateKeyError:
            raise Conflict(TAKEN) from None

    async def _share(
        self,
        before: AbstractSet[str],
        after: AbstractSet[str],
        id: str,
        scope: Scope,
        session: AsyncClientSession,
    ) -> None:
        for index in sorted(after - before):
            await join(self._identities, self.claim(index, id, scope), session)
        for index in sorted(before - after):
            await leave(self._identities, key_of(scope.tenant, index), session)

    def changed(
        self, held: Document, changes: Document | None, scope: Scope
    ) -> tuple[Document, Document] | None:
        """The update that sets attributes of a profile; None where there are none."""
        if changes is None:
            return None
        touched = updated_key(scope.tenant, held["id"], self._now())
        update: Document = {"$set": changes | touched, "$inc": {"version": 1}}
        return with_shared(update, held, held | changes, scope.tenant), held | changes

    def joined(
        self, held: Document, changes: Document, seal: ProfileSeal, promotion: Promotion | None
    ) -> tuple[Document, Document]:
        """The update that sets attributes of a profile and identifies it, if it lacks nothing."""
        tenant, then = seal.of_tenant.tenant, held | changes
        if promotion and not promotion.is_possible(held.get("custom", {})):
            promotion = None
        update, after = self.patched(held, promoted(ProfilePatch(), held, promotion), seal)
        update["$set"] |= changes
        return with_shared(update, held, then, tenant), after | changes

    def patched(
        self, held: Document, patch: ProfilePatch, seal: ProfileSeal
    ) -> tuple[Document, Document]:
        """The update of a patch with the claims and the grams that follow from it."""
        update = update_of(patch, seal, self._now())
        search = held["search"] | {
            place.slot: keys for place, keys in search_of(patch, seal).items()
        }
        update["$set"][GRAMS] = grams_of({slot: keys for slot, keys in search.items() if keys})
        claims = self.claims(patch.found, seal.of_tenant)
        if claims:
            kept = {**held["claims"], **claims}
            update["$set"]["claims"] = {name: indexes for name, indexes in kept.items() if indexes}
        return update, held | {"claims": {**held["claims"], **claims}}

    async def _held(
        self,
        id: str,
        scope: Scope,
        if_version: int | None,
        session: AsyncClientSession,
        more: Iterable[str],
    ) -> Document:
        """What a profile claims and is found by, read inside a transaction."""
        wanted = {"id": 1, "version": 1, "identities": 1, "claims": 1, "search": 1}
        wanted |= dict.fromkeys(more, 1)
        held = await self._profiles.find_one(
            {"_id": key_of(scope.tenant, id)}, wanted, session=session
        )
        if held is None:
            raise NotFound(ABSENT)
        if if_version is not None and held["version"] != if_version:
            raise mismatch(held["version"])
        return {"identities": [], "claims": {}, "search": {}, **held}

    async def insert_claim(
        self, index: str, id: str, scope: Scope, session: AsyncClientSession
    ) -> None:
        """Claim an index; raises `DuplicateKeyError` where it is taken."""
        document = self.claim(index, id, scope)
        await self._identities.insert_one(document, session=session)

    def claim(self, index: str, id: str, scope: Scope) -> Document:
        """The document that makes an index one profile's."""
        return claim_document(key_of(scope.tenant, index), scope.tenant, id, self._now())

    async def transaction(self, write: Callable[[AsyncClientSession], Any]) -> None:
        """Run `write` in a transaction, again where the server asks for it."""
        # The driver repeats a transaction for two minutes: one deadline must hold for them all.
        with store_failures(), pymongo.timeout(self._client.options.timeout):
            async with self._client.start_session() as session:
                await session.with_transaction(write)

    def new_document(
        self,
        profile: Profile,
        found: Findable,
        identities: Sequence[NamedIdentity],
        seal: ProfileSeal,
    ) -> Document:
        """A new profile as it is kept, with what it claims."""
        entries: list[Document] = []
        for item in identities:
            entries = joined(entries, self.entry(item, seal), self.max_per_channel)
        document = to_document(profile, entries, seal, found)
        claimed_now = self.claims(found, seal.of_tenant)
        if claims := {name: kept for name, kept in claimed_now.items() if kept}:
            document["claims"] = claims
        if shared := _shared_keys(document, seal.of_tenant.tenant):
            document["shared"] = shared
        return document

    def claims(self, found: Findable, seal: TenantSeal) -> dict[str, list[str]]:
        """The indexes that custom values claim, by field id."""
        return {
            field_id: [seal.index(name) for name in names]
            for field_id, names in found.claims.items()
        }

    def entry(self, identity: NamedIdentity, seal: ProfileSeal) -> Document:
        """An identity as a profile keeps it."""
        index = seal.of_tenant.index
        wide = index(identity.wide) if identity.wide else None
        return identity_document(identity.identity, index(identity.name), seal, wide)


def promoted(patch: ProfilePatch, held: Document, promotion: Promotion | None) -> ProfilePatch:
    """A patch of a profile, which also identifies it where it is anonymous."""
    if promotion is None or held["state"] != ProfileState.ANONYMOUS.value:
        return patch
    return promotion.applied(patch, held.get("custom", {}))


def with_shared(update: Document, held: Document, then: Document, tenant: str) -> Document:
    """An update that also sets which identities the profile shares with others then."""
    if shared_in(held) == shared_in(then):
        return update
    if shared := _shared_keys(then, tenant):
        return update | {"$set": {**update["$set"], "shared": shared}}
    return update | {"$unset": {**update.get("$unset", {}), "shared": ""}}


def _shared_keys(document: Document, tenant: str) -> list[str]:
    return [key_of(tenant, index) for index in sorted(shared_in(document))]


def mismatch(version: int | None) -> VersionMismatch:
    """What is raised where a profile has another version."""
    told = "another version" if version is None else f"version {version}"
    return VersionMismatch(f"The profile has {told} now; read it again.")
