"""Changes of a profile together with what it claims: each whole or not at all."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.blocks import BLOCKS, kept_blocks, moved_blocks, profile_blocks
from app.store.claims import claimed, joined
from app.store.compared import is_compared, patched_profile
from app.store.documents import (
    Document,
    identity_document,
    search_of,
    to_document,
    update_of,
)
from app.store.failures import store_failures
from app.store.names import IDENTITIES, PROFILES, key_of
from app.store.sealing import ProfileSeal, Sealing, TenantSeal
from app.store.search import GRAMS, grams_of, updated_key
from graph.errors import Conflict, NotFound, VersionMismatch
from graph.model.identity import MAX_PER_CHANNEL
from graph.model.profile import Profile, ProfilePatch
from graph.model.search import Findable
from graph.ports import NamedIdentity
from policies.plan import Scope

TAKEN = "One of the identities or unique values belongs to another profile."
ABSENT = "There is no such profile."
NOTHING_MORE: Document = {}

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
            await self.sealing.keyring.insert([keys], session)
            await self._profiles.insert_one(document, session=session)

        await self.transaction(write)

    async def change(
        self,
        id: str,
        scope: Scope,
        if_version: int | None,
        change: Change,
        needed: Document = NOTHING_MORE,
    ) -> None:
        """Change a profile and its claims together; nothing where `change` says None.

        `needed` is what else of its document `change` must know.

        Raises:
            NotFound, VersionMismatch, Conflict: see `graph.ports.Profiles`.
        """

        async def write(session: AsyncClientSession) -> None:
            held = await self._held(id, scope, if_version, session, needed)
            changed = change(held)
            if changed is None:
                return
            update, then = changed
            before, after = claimed(held), claimed(then)
            for index in sorted(after - before):
                await self.insert_claim(index, id, scope, session)
            if gone := [key_of(scope.tenant, index) for index in sorted(before - after)]:
                await self._identities.delete_many({"_id": {"$in": gone}}, session=session)
            query = {"_id": held["_id"], "version": held["version"]}
            done = await self._profiles.update_one(query, update, session=session)
            if not done.matched_count:
                raise mismatch(None)

        try:
            await self.transaction(write)
        except DuplicateKeyError:
            raise Conflict(TAKEN) from None

    def changed(
        self, held: Document, changes: Document | None, scope: Scope
    ) -> tuple[Document, Document] | None:
        """The update that sets attributes of a profile; None where there are none."""
        if changes is None:
            return None
        touched = updated_key(scope.tenant, held["id"], self._now())
        entries: Any = changes.get("identities", held["identities"])
        touched |= {BLOCKS: moved_blocks(held, entries)}
        return {"$set": changes | touched, "$inc": {"version": 1}}, held | changes

    def patched(
        self, held: Document, patch: ProfilePatch, seal: ProfileSeal
    ) -> tuple[Document, Document]:
        """The update of a patch with the claims and the grams that follow from it."""
        update = update_of(patch, seal, self._now())
        search = held["search"] | {
            place.slot: keys for place, keys in search_of(patch, seal).items()
        }
        update["$set"][GRAMS] = grams_of({slot: keys for slot, keys in search.items() if keys})
        if is_compared(patch):
            left = patched_profile(held, patch, seal)
            found = profile_blocks(seal.of_tenant, left, patch.found.compared)
            update["$set"][BLOCKS] = kept_blocks(found, held["identities"])
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
        needed: Document,
    ) -> Document:
        """What a profile claims and is found by, read inside a transaction."""
        wanted = dict.fromkeys(("id", "version", "identities", "claims", "search", BLOCKS), 1)
        wanted |= needed
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
        key = key_of(scope.tenant, index)
        return {"_id": key, "tenant": scope.tenant, "profile": id, "claimedAt": self._now()}

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
        return document

    def claims(self, found: Findable, seal: TenantSeal) -> dict[str, list[str]]:
        """The indexes that custom values claim, by field id."""
        return {
            field_id: [seal.index(name) for name in names]
            for field_id, names in found.claims.items()
        }

    def entry(self, identity: NamedIdentity, seal: ProfileSeal) -> Document:
        """An identity as a profile keeps it."""
        return identity_document(identity.identity, seal.of_tenant.index(identity.name), seal)


def mismatch(version: int | None) -> VersionMismatch:
    """What is raised where a profile has another version."""
    told = "another version" if version is None else f"version {version}"
    return VersionMismatch(f"The profile has {told} now; read it again.")
