"""Whom an identity names, and who shares it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.changes import Changes
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import IDENTITIES, PROFILES, key_of
from app.store.sharing import is_shared, sharing
from graph.errors import Conflict
from graph.model.identity import IdentityName
from graph.model.profile import Profile
from graph.model.search import Findable
from graph.ports import Found, NamedIdentity
from policies.plan import Scope

_ATTEMPTS = 5


class Recognition:
    """Looks claims up by their `_id`; who shares one is found by an index of their documents."""

    def __init__(
        self, database: AsyncDatabase[Document], changes: Changes, now: Callable[[], datetime]
    ) -> None:
        self._profiles = database[PROFILES]
        self._identities = database[IDENTITIES]
        self._changes = changes
        self._sealing = changes.sealing
        self._now = now

    async def find(
        self, name: IdentityName, scope: Scope, wide: IdentityName | None = None
    ) -> Found:
        """See `graph.ports.Profiles`."""
        of_tenant = await self._sealing.tenant(scope.tenant)
        names = [name, wide] if wide else [name]
        keys = [key_of(scope.tenant, of_tenant.index(one)) for one in names]
        with store_failures():
            claims = await self._claims(keys)
            # How it is spelt comes before what it is taken as.
            for key in keys:
                claim = claims.get(key)
                if claim and not is_shared(claim):
                    return Found(claim["profile"])
                if claim:
                    return Found(sharing=await sharing(self._profiles, key))
        return Found()

    async def recognise(
        self,
        profile: Profile,
        found: Findable,
        identity: NamedIdentity,
        scope: Scope,
        *,
        and_share: bool = False,
    ) -> tuple[Found, bool]:
        """See `graph.ports.Profiles`."""
        for _ in range(_ATTEMPTS):
            known = await self.find(identity.name, scope, identity.wide)
            if known.profile is not None:
                await self._seen(known.profile, identity, scope)
                return known, known.profile == profile.id
            if known.sharing and not and_share:
                return known, False
            given = _marked(identity) if known.sharing else identity
            with suppress(DuplicateKeyError):  # somebody else was faster: see who it is
                await self._changes.insert(profile, found, [given], scope)
                return Found(profile.id, known.sharing), True
        raise Conflict("The identity changes hands too fast; try again.")

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
            one: key_of(scope.tenant, of_tenant.index(one))
            for item in identities
            for one in (item.name, item.wide)
            if one
        }
        with store_failures():
            claims = await self._claims(sorted(set(keys.values())))
        shared = {one for one, key in keys.items() if is_shared(claims.get(key, {}))}
        return [_marked(item) if {item.name, item.wide} & shared else item for item in identities]

    async def _seen(self, id: str, identity: NamedIdentity, scope: Scope) -> None:
        of_tenant = await self._sealing.tenant(scope.tenant)
        with store_failures():
            await self._profiles.update_one(
                {"_id": key_of(scope.tenant, id)},
                {"$max": {"identities.$[seen].lastSeenAt": self._now()}},
                array_filters=[{"seen.index": of_tenant.index(identity.name)}],
            )


def _marked(identity: NamedIdentity) -> NamedIdentity:
    return replace(identity, identity=replace(identity.identity, shared=True))
