"""Changes of a profile together with what it claims: each whole or not at all."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.blocks import BLOCKS, kept_blocks, moved_blocks, profile_blocks
from app.store.claims import (
    claimed,
    claimed_by_values,
    joined,
    named,
    shared_in,
    shared_keys,
    with_shared,
)
from app.store.compared import is_compared, patched_profile
from app.store.documents import Document, search_of, to_document, update_of
from app.store.explained import explained
from app.store.failures import store_failures
from app.store.items import identity_document
from app.store.names import HISTORY, IDENTITIES, PROFILES, key_of
from app.store.outbox import owe
from app.store.promoting import promoted
from app.store.records import CREATED
from app.store.sealing import ProfileSeal, Sealing, TenantSeal
from app.store.search import GRAMS, grams_of, updated_key
from app.store.sharing import claim_document, join, leave
from graph.errors import Conflict, NotFound, VersionMismatch
from graph.model.identity import MAX_PER_CHANNEL
from graph.model.lifecycle import Promotion
from graph.model.owed import Owed
from graph.model.profile import Profile, ProfilePatch
from graph.model.provenance import Author
from graph.model.search import Findable
from graph.ports import NamedIdentity
from policies.plan import Scope

TAKEN = "One of the identities or unique values belongs to another profile."
ABSENT = "There is no such profile."
BARE: Final[Document] = {"identities": [], "claims": {}, "reserved": {}, "search": {}}
"""What a profile's document may lack."""

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
        self._database = database
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._history = database[HISTORY]
        self.sealing = sealing
        self._now = now
        self.max_per_channel = max_per_channel

    async def insert(
        self,
        profile: Profile,
        found: Findable,
        identities: Sequence[NamedIdentity],
        scope: Scope,
        author: Author,
        also: Callable[[ProfileSeal], Callable[[AsyncClientSession], Any]] | None = None,
        owed: Sequence[Owed] = (),
    ) -> None:
        """Keep a new profile with its claims; raises `DuplicateKeyError` where one is taken.

        `also` gives what else is written in the same transaction, `owed` what CRMs must be told.
        """
        of_tenant = await self.sealing.tenant(scope.tenant)
        seal, keys = self.sealing.new(of_tenant, profile.id)
        document = self.new_document(profile, found, identities, seal, author)
        write_more = also(seal) if also else None

        async def write(session: AsyncClientSession) -> None:
            # Claims first: of many who race for one, all but the winner stop here.
            for index in sorted(claimed(document)):
                await self.insert_claim(index, profile.id, scope, session)
            for index in sorted(shared_in(document)):
                await join(self._identities, self.claim(index, profile.id, scope), session)
            await self.sealing.keyring.insert([keys], session)
            await self._profiles.insert_one(document, session=session)
            await owe(self._database, scope.tenant, profile.id, owed, self._now(), session)
            if write_more:
                await write_more(session)

        await self.transaction(write)

    async def change(
        self,
        seal: ProfileSeal,
        scope: Scope,
        if_version: int | None,
        change: Change,
        author: Author | None,
        owed: Sequence[Owed] = (),
    ) -> None:
        """Change a profile, its claims and its history together; nothing where `change` says None.

        The profile is the one that `seal` is of.  Without an author nothing is told: values aren't
        changed, only how they are kept.  `owed` is what CRMs must be told of the change.

        Raises:
            NotFound, VersionMismatch, Conflict: see `graph.ports.Profiles`.
        """

        async def write(session: AsyncClientSession) -> None:
            held = await self._held(seal.profile, scope, if_version, session)
            changed = change(held)
            if changed is None:
                return
            update, then = changed
            if author:
                update, entry = explained(held, update, seal, author, self._now())
                if entry:
                    await self._history.insert_one(entry, session=session)
            await self._claim(held, then, scope, session)
            query = {"_id": held["_id"], "version": held["version"]}
            done = await self._profiles.update_one(query, update, session=session)
            if not done.matched_count:
                raise mismatch(None)
            await owe(self._database, scope.tenant, seal.profile, owed, self._now(), session)

        try:
            await self.transaction(write)
        except DuplicateKeyError:
            raise Conflict(TAKEN) from None

    async def _claim(
        self, held: Document, then: Document, scope: Scope, session: AsyncClientSession
    ) -> None:
        """Claim what a profile is to have, and free what it hasn't got any more."""
        before, after, shared = claimed(held), claimed(then), shared_in(then)
        new = after - before
        if new and held.get("members"):
            # What a profile that it absorbed has claimed is its own.
            keys = [key_of(scope.tenant, index) for index in sorted(new)]
            own = {"_id": {"$in": keys}, "profile": held["id"]}
            known = {claim["_id"] async for claim in self._identities.find(own, session=session)}
            new = {index for index in new if key_of(scope.tenant, index) not in known}
        for index in sorted(new):
            await self.insert_claim(index, held["id"], scope, session)
        for index in sorted(shared - shared_in(held)):
            await join(self._identities, self.claim(index, held["id"], scope), session)
        for index in sorted(shared_in(held) - shared):
            await leave(self._identities, key_of(scope.tenant, index), session)
        values = claimed_by_values(held)
        for gone, narrowed in (
            (before - values, {}),
            # A value that came with an absorbed profile is still that one's.
            (before & values, {"origin": None}),
        ):
            if keys := [key_of(scope.tenant, index) for index in sorted(gone - after - shared)]:
                query = {"_id": {"$in": keys}, **narrowed}
                await self._identities.delete_many(query, session=session)

    def changed(
        self, held: Document, changes: Document | None, scope: Scope
    ) -> tuple[Document, Document] | None:
        """The update that sets attributes of a profile; None where there are none."""
        if changes is None:
            return None
        touched = updated_key(scope.tenant, held["id"], self._now())
        entries: Any = changes.get("identities", held["identities"])
        touched |= {BLOCKS: moved_blocks(held, entries)}
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
        known = held | {BLOCKS: update["$set"].get(BLOCKS, held.get(BLOCKS, []))}
        entries: Any = changes.get("identities", held["identities"])
        update["$set"] |= changes | {BLOCKS: moved_blocks(known, entries)}
        return with_shared(update, held, then, tenant), after | changes

    def patched(
        self, held: Document, patch: ProfilePatch, seal: ProfileSeal
    ) -> tuple[Document, Document]:
        """The update of a patch with the claims and the grams that follow from it."""
        update = update_of(patch, seal, self._now())
        if links := update["$set"].get("links"):
            known = {_link_key(item): item for item in held.get("links", ())}
            update["$set"]["links"] = [known.get(_link_key(item), item) for item in links]
        search = held["search"] | {
            place.slot: keys for place, keys in search_of(patch, seal).items()
        }
        update["$set"][GRAMS] = grams_of({slot: keys for slot, keys in search.items() if keys})
        if is_compared(patch):
            left = patched_profile(held, patch, seal)
            found = profile_blocks(seal.of_tenant, left, patch.found.compared)
            update["$set"][BLOCKS] = kept_blocks(found, held["identities"])
        claims = self.claims(patch.found, seal.of_tenant)
        reserved = {name: kept for name, kept in held["reserved"].items() if name not in claims}
        if claims:
            kept = {**held["claims"], **claims}
            update["$set"]["claims"] = {name: indexes for name, indexes in kept.items() if indexes}
        if reserved != held["reserved"]:
            update["$set"]["reserved"] = reserved
        return update, held | {"claims": {**held["claims"], **claims}, "reserved": reserved}

    async def _held(
        self,
        id: str,
        scope: Scope,
        if_version: int | None,
        session: AsyncClientSession,
    ) -> Document:
        """A profile as it is kept, read inside a transaction."""
        held = await self._profiles.find_one({"_id": key_of(scope.tenant, id)}, session=session)
        if held is None:
            raise NotFound(ABSENT)
        if if_version is not None and held["version"] != if_version:
            raise mismatch(held["version"])
        return {**BARE, **held}

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
        author: Author,
    ) -> Document:
        """A new profile as it is kept, with what it claims and who made it."""
        entries: list[Document] = []
        for item in identities:
            entries = joined(entries, self.entry(item, seal), self.max_per_channel)
        document = to_document(profile, entries, seal, found)
        document[CREATED] = {"by": author.by, "source": author.source}
        claimed_now = self.claims(found, seal.of_tenant)
        if claims := {name: kept for name, kept in claimed_now.items() if kept}:
            document["claims"] = claims
        if shared := shared_keys(document, seal.of_tenant.tenant):
            document["shared"] = shared
        return document

    def claims(self, found: Findable, seal: TenantSeal) -> dict[str, list[str]]:
        """The indexes that custom values claim, by field id."""
        return {
            field_id: [index for name in names for index in seal.indexes(name)]
            for field_id, names in found.claims.items()
        }

    def entry(self, identity: NamedIdentity, seal: ProfileSeal) -> Document:
        """An identity as a profile keeps it."""
        return identity_document(identity.identity, named(identity, seal.of_tenant), seal)


def _link_key(link: Document) -> tuple[str, ...]:
    return link["source"], link["object"], link["recordId"]


def mismatch(version: int | None) -> VersionMismatch:
    """What is raised where a profile has another version."""
    told = "another version" if version is None else f"version {version}"
    return VersionMismatch(f"The profile has {told} now; read it again.")
