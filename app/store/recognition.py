"""Whom an identity names, and who shares it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.changes import Changes
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import IDENTITIES, PROFILES, key_of
from app.store.recording import AlreadyRecorded, Recording, Writer
from app.store.sealing import ProfileSeal, TenantSeal
from app.store.sharing import is_shared, sharing
from graph.errors import Conflict
from graph.model.identity import IdentityName
from graph.model.interaction import Interaction
from graph.model.profile import Profile
from graph.model.provenance import Author
from graph.model.search import Findable
from graph.ports import Found, NamedIdentity, Recognition
from policies.plan import Scope

_ATTEMPTS = 5


class Recognising:
    """Looks claims up by their `_id`; who shares one is found by an index of their documents."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        changes: Changes,
        recording: Recording,
        now: Callable[[], datetime],
    ) -> None:
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._changes = changes
        self._recording = recording
        self._sealing = changes.sealing
        self._now = now

    async def find(
        self, name: IdentityName, scope: Scope, wide: IdentityName | None = None
    ) -> Found:
        """See `graph.ports.Profiles`."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        # How it is spelt comes before what it is taken as.
        names = [keys_of(one, of_tenant) for one in ([name, wide] if wide else [name])]
        with store_failures():
            claims = await self._claims([key for keys in names for key in keys])
            for keys in names:
                found = [claims[key] for key in keys if key in claims]
                if owned := [claim["profile"] for claim in found if not is_shared(claim)]:
                    return Found(owned[0])
                if found:
                    return Found(sharing=await sharing(self._profiles, keys))
        return Found()

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
        for attempt in range(_ATTEMPTS):
            recorded = await self._recorded(opening, scope, is_repeated=attempt > 0)
            known = await self.find(identity.name, scope, identity.wide)
            if known.sharing and not and_share:
                return Recognition(None, sharing=known.sharing)
            if opening and recorded:
                owners = await self._owners(known.profile, scope)
                await self._recording.amend(recorded, opening, owners, scope)
            new = None if recorded else opening
            opened = recorded or (new.id if new else None)
            with suppress(DuplicateKeyError, AlreadyRecorded):  # another was faster: see who it is
                if known.profile is not None:
                    await self._seen(known.profile, identity, scope, new)
                    is_new = known.profile == profile.id
                    return Recognition(known.profile, is_new, (), opened)
                given = _marked(identity) if known.sharing else identity
                await self._changes.insert(profile, found, [given], scope, author, self._also(new))
                return Recognition(profile.id, True, known.sharing, opened)  # noqa: FBT003 - it is new
        raise Conflict("The identity changes hands too fast; try again.")

    async def filed_under(self, id: str, name: IdentityName, scope: Scope) -> str:
        """The profile that what comes through an identity of a profile is filed under.

        It is the one that the identity came with, so that it goes with it when they are parted.
        """
        of_tenant = await self._sealing.tenant(scope.tenant)
        with store_failures():
            claims = await self._claims(keys_of(name, of_tenant))
        claim = next(iter(claims.values()), {})
        origin: str = claim.get("origin", id)
        return origin if claim.get("profile") == id else id

    async def _recorded(
        self, opening: Interaction | None, scope: Scope, *, is_repeated: bool
    ) -> str | None:
        """The id of what was recorded with the external id of `opening`."""
        if opening is None:
            return None
        if is_repeated and await self._recording.is_kept(opening.id, scope):
            return opening.id  # a commit whose answer was lost
        return await self._recording.known(opening, scope)

    async def _owners(self, id: str | None, scope: Scope) -> tuple[str, ...]:
        """All profiles that a known person is."""
        if id is None:
            return ()
        query, wanted = {"_id": key_of(scope.tenant, id)}, {"members.id": 1}
        with store_failures():
            found = await self._profiles.find_one(query, wanted)
        return (id, *(member["id"] for member in (found or {}).get("members", ())))

    def _also(self, opening: Interaction | None) -> Callable[[ProfileSeal], Writer] | None:
        """What is written together with a new profile."""
        return None if opening is None else lambda seal: self._recording.writer(opening, seal)

    async def _claims(self, keys: Sequence[str]) -> dict[str, Document]:
        """The claims of some keys, by key."""
        found = self._identities.find({"_id": {"$in": list(keys)}})
        return {claim["_id"]: claim async for claim in found}

    async def as_shared(
        self, identities: Sequence[NamedIdentity], scope: Scope
    ) -> list[NamedIdentity]:
        """Identities, those marked that are known to be shared."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        keys = {
            key: one
            for item in identities
            for one in (item.name, item.wide)
            if one
            for key in keys_of(one, of_tenant)
        }
        with store_failures():
            claims = await self._claims(sorted(keys))
        shared = {keys[key] for key, claim in claims.items() if is_shared(claim)}
        return [_marked(item) if {item.name, item.wide} & shared else item for item in identities]

    async def _seen(
        self, id: str, identity: NamedIdentity, scope: Scope, opening: Interaction | None
    ) -> None:
        of_tenant = await self._sealing.tenant(scope.tenant)
        query = {"_id": key_of(scope.tenant, id)}
        seen = {"$max": {"identities.$[seen].lastSeenAt": self._now()}}
        any_of = {"$in": of_tenant.indexes(identity.name)}
        which = [{"$or": [{"seen.index": any_of}, {"seen.others": any_of}]}]
        if opening is None:
            with store_failures():
                await self._profiles.update_one(query, seen, array_filters=which)
            return
        owner = await self.filed_under(id, identity.name, scope)
        open_it = self._recording.writer(opening, await self._sealing.written(scope.tenant, owner))

        async def write(session: AsyncClientSession) -> None:
            await self._profiles.update_one(query, seen, array_filters=which, session=session)
            await open_it(session)

        await self._changes.transaction(write)


def keys_of(name: IdentityName, of_tenant: TenantSeal) -> list[str]:
    """The `_id`s that a claim of a name may have."""
    return [key_of(of_tenant.tenant, index) for index in of_tenant.indexes(name)]


def _marked(identity: NamedIdentity) -> NamedIdentity:
    return replace(identity, identity=replace(identity.identity, shared=True))
