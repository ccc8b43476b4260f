"""What an import reads and writes: a batch of people and the bookmark, in one transaction."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import pymongo
from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError

from app.imports.bookmark import Bookmark, bookmark_document, bookmark_of
from app.imports.errors import Contested, ImportTrouble
from app.imports.roster import SHARED, Person
from app.store.attach import Store
from app.store.blocks import BLOCKS, moved_blocks
from app.store.changes import BARE, Changes
from app.store.claims import claimed, shared_in, with_shared
from app.store.documents import Document, from_document
from app.store.explained import explained
from app.store.failures import store_failures
from app.store.names import BOOKMARKS, HISTORY, IDENTITIES, INDEXED_BY, PROFILES, key_of
from app.store.sealing import ProfileSeal, TenantSeal
from graph.model.profile import PersonName, Profile, ProfilePatch, ProfileState
from graph.model.provenance import Author
from policies.plan import Scope

_WITHIN_S: Final = 120.0
# The embedded server takes, for each key that is there, longer the more of them are asked for.
_KEYS_AT_ONCE: Final = 100
_COMPARED: Final = frozenset({"name.given", "name.family", "birth_date", "gender", "language"})
_AUTHOR: Final = Author("profile-gateway import", "import")


@dataclass(slots=True)
class _Writes:
    """What one batch writes."""

    keys: list[Document] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    claims: list[Document] = field(default_factory=list)
    shared: Counter[str] = field(default_factory=Counter)
    profiles: list[Document] = field(default_factory=list)
    updates: list[UpdateOne] = field(default_factory=list)
    history: list[Document] = field(default_factory=list)


class BatchStore:
    """The store as an import needs it; everything is of one tenant."""

    def __init__(
        self, store: Store, changes: Changes, scope: Scope, bookmark: str, now: datetime
    ) -> None:
        self._client = store.client
        self._profiles = store.database[PROFILES]
        self._history = store.database[HISTORY]
        self._identities = store.database[IDENTITIES]
        self._bookmarks = store.database[BOOKMARKS]
        self._changes = changes
        self._scope = scope
        self._bookmark = bookmark
        self._now = now

    async def seal(self) -> TenantSeal:
        """What the tenant's identities are looked up by now; it changes while keys are rotated."""
        return await self._changes.sealing.tenant(self._scope.tenant)

    async def owners(self, indexes: Iterable[str]) -> dict[str, str]:
        """The profile ids of those of the indexes that are claimed."""
        keys = {key_of(self._scope.tenant, index): index for index in indexes}
        found: dict[str, str] = {}
        with store_failures(), pymongo.timeout(_WITHIN_S):
            for part in _parted(list(keys)):
                async for claim in self._identities.find({"_id": {"$in": part}}):
                    found[keys[claim["_id"]]] = claim.get("profile", SHARED)
        return found

    async def held(self, ids: Iterable[str]) -> dict[str, Document]:
        """What must be known of profiles to change them, by id."""
        keys = [key_of(self._scope.tenant, one) for one in sorted(set(ids))]
        found: dict[str, Document] = {}
        with store_failures(), pymongo.timeout(_WITHIN_S):
            for part in _parted(keys):
                async for document in self._profiles.find({"_id": {"$in": part}}):
                    found[document["id"]] = {**BARE, **document}
        return found

    async def mark(self) -> Bookmark | None:
        """How far the import of this file had come; None where it never began."""
        with store_failures():
            document = await self._bookmarks.find_one({"_id": self._bookmark})
        return bookmark_of(document) if document else None

    async def begin(self) -> Bookmark:
        """A bookmark at the beginning, in place of any other."""
        mark = Bookmark()
        with store_failures():
            kept = bookmark_document(self._bookmark, self._scope.tenant, mark)
            await self._bookmarks.replace_one({"_id": self._bookmark}, kept, upsert=True)
        return mark

    async def write(self, people: Sequence[Person], before: Bookmark, after: Bookmark) -> None:
        """Keep people and move the bookmark, all or nothing.

        Raises:
            Contested: somebody else wrote one of them, or took an index, meanwhile.
            ImportTrouble: the bookmark isn't where it was: another import moves it.
        """
        writes, sealing = _Writes(), self._changes.sealing
        of_tenant = await sealing.tenant(self._scope.tenant)
        known = [person.id for person in people if person.held is not None]
        seals = await sealing.written_all(self._scope.tenant, known) if known else {}
        for person in people:
            if person.held is None:
                seal, keys = sealing.new(of_tenant, person.id)
                writes.keys.append(keys)
                self._plan_insert(person, seal, writes)
            elif _is_changed(person, person.held, seals[person.id]):
                self._plan_update(person, person.held, seals[person.id], writes)

        async def write(session: AsyncClientSession) -> None:
            await self._move(before, after, session)
            await self._write(writes, session)

        await self._transaction(write)

    async def _transaction(self, write: Callable[[AsyncClientSession], Awaitable[None]]) -> None:
        try:
            with store_failures(), pymongo.timeout(_WITHIN_S):
                async with self._client.start_session() as session:
                    await session.with_transaction(_contested(write))
        except DuplicateKeyError:
            raise Contested from None

    async def _move(self, before: Bookmark, after: Bookmark, session: AsyncClientSession) -> None:
        kept = bookmark_document(self._bookmark, self._scope.tenant, after)
        moved = await self._bookmarks.replace_one(
            {"_id": self._bookmark, "row": before.row}, kept, session=session
        )
        if not moved.matched_count:
            raise ImportTrouble("Another import of the same file is running.")

    async def _write(self, writes: _Writes, session: AsyncClientSession) -> None:
        if writes.gone:
            await self._identities.delete_many({"_id": {"$in": writes.gone}}, session=session)
        if writes.keys:
            await self._changes.sealing.keyring.insert(writes.keys, session)
        if writes.claims:
            await self._identities.insert_many(writes.claims, session=session)
        for key, more in writes.shared.items():
            # By one of two index keys it may not be there yet; if it is somebody's, this fails.
            query = {"_id": key, "shared": True}
            new = {"tenant": self._scope.tenant, "claimedAt": self._now}
            update = {"$inc": {"holders": more}, "$setOnInsert": new}
            await self._identities.update_one(query, update, upsert=True, session=session)
        if writes.profiles:
            await self._profiles.insert_many(writes.profiles, session=session)
        if writes.updates:
            done = await self._profiles.bulk_write(writes.updates, session=session)
            if done.matched_count < len(writes.updates):
                raise Contested
        if writes.history:
            await self._history.insert_many(writes.history, session=session)

    def _plan_insert(self, person: Person, seal: ProfileSeal, writes: _Writes) -> None:
        profile = _profile(person, self._now)
        document = self._changes.new_document(profile, person.found, person.added, seal, _AUTHOR)
        self._plan_claims(claimed(document), person.id, writes)
        self._plan_shared(shared_in(document), writes)
        writes.profiles.append(document)

    def _plan_update(
        self, person: Person, held: Document, seal: ProfileSeal, writes: _Writes
    ) -> None:
        links = {"links": person.links} if person.has_new_links else {}
        patch = ProfilePatch(person.core | links, person.custom, person.found)
        update, then = self._changes.patched(held, patch, seal)
        if person.added:
            added = [self._changes.entry(identity, seal) for identity in person.added]
            update["$set"]["identities"] = [*held["identities"], *added]
            known = held | {BLOCKS: update["$set"].get(BLOCKS, held.get(BLOCKS, []))}
            update["$set"][BLOCKS] = moved_blocks(known, update["$set"]["identities"])
        update["$inc"]["version"] = person.rows
        then |= {"identities": update["$set"].get("identities", held["identities"])}
        update = with_shared(update, held, then, self._scope.tenant)
        self._plan_shared(shared_in(then) - shared_in(held), writes)
        update, entry = explained(held, update, seal, _AUTHOR, self._now)
        writes.history += [entry] if entry else []
        before, after = claimed(held), claimed(then)
        writes.gone += [key_of(self._scope.tenant, index) for index in sorted(before - after)]
        self._plan_claims(after - before, person.id, writes)
        # A rotation of the index key changes no version, but what an identity is kept as.
        as_read = {"_id": held["_id"], **{name: held.get(name) for name in ("version", INDEXED_BY)}}
        writes.updates.append(UpdateOne(as_read, update))

    def _plan_claims(self, indexes: Iterable[str], id: str, writes: _Writes) -> None:
        writes.claims += [self._changes.claim(index, id, self._scope) for index in sorted(indexes)]

    def _plan_shared(self, indexes: Iterable[str], writes: _Writes) -> None:
        writes.shared.update(key_of(self._scope.tenant, index) for index in indexes)


def _contested(
    write: Callable[[AsyncClientSession], Awaitable[None]],
) -> Callable[[AsyncClientSession], Awaitable[None]]:
    async def act(session: AsyncClientSession) -> None:
        try:
            await write(session)
        except BulkWriteError as error:
            if error.has_error_label("TransientTransactionError"):
                raise
            raise Contested from None  # its text would hold the documents

    return act


def _is_changed(person: Person, held: Document, seal: ProfileSeal) -> bool:
    known = from_document(held, seal, _COMPARED)
    name = known.name or PersonName()
    core = {"name.given": name.given, "name.family": name.family, "birth_date": known.birth_date}
    core |= {"gender": known.gender, "language": known.language, "state": known.state.value}
    custom = known.custom or {}
    return (
        bool(person.added)
        or person.has_new_links
        or any(core[key] != value for key, value in person.core.items())
        or any(custom.get(key) != value for key, value in person.custom.items())
    )


def _profile(person: Person, now: datetime) -> Profile:
    core, born = person.core, person.core.get("birth_date")
    name = PersonName(given=_text(core, "name.given"), family=_text(core, "name.family"))
    return Profile(
        id=person.id,
        version=person.rows,
        state=ProfileState.IDENTIFIED,
        created_at=now,
        updated_at=now,
        name=name if name.full else None,
        birth_date=born if isinstance(born, date) else None,
        gender=_text(core, "gender"),
        language=_text(core, "language"),
        links=person.links,
        custom=person.custom,
    )


def _text(core: Mapping[str, object], name: str) -> str | None:
    value = core.get(name)
    return value if isinstance(value, str) else None


def _parted(keys: list[str]) -> list[list[str]]:
    return [keys[at : at + _KEYS_AT_ONCE] for at in range(0, len(keys), _KEYS_AT_ONCE)]
