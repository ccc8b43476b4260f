"""Whose claims are whose after profiles were merged or taken apart."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from app.store.changes import TAKEN, Changes
from app.store.claims import claimed, claimed_by_values, indexes_of, shared_in
from app.store.documents import Document
from app.store.names import key_of
from graph.errors import Conflict
from graph.model.record import Record, root_of
from policies.plan import Scope

_AT_ONCE: Final = 100


class RewrittenClaims:
    """Writes claims in one transaction of one tenant."""

    def __init__(
        self,
        identities: AsyncCollection[Document],
        changes: Changes,
        scope: Scope,
        session: AsyncClientSession,
    ) -> None:
        self._identities = identities
        self._changes = changes
        self._scope = scope
        self._session = session

    async def settle(
        self,
        before: Mapping[str, Document],
        after: Mapping[str, Document],
        records: Mapping[str, Record],
    ) -> None:
        """Make every claim that of the standing profile; free what nobody claims any more."""
        wanted = _wanted(after, records)
        known = {index for document in before.values() for index in claimed(document)}
        keys = {key_of(self._scope.tenant, index): index for index in sorted(known | wanted.keys())}
        held = await self._claims(list(keys))
        if any(
            claim["profile"] not in records for key, claim in held.items() if keys[key] in wanted
        ):
            raise Conflict(TAKEN)
        freed = [
            key
            for key, index in keys.items()
            if index not in wanted and held.get(key, {}).get("profile") in records
        ]
        if freed:
            await self._identities.delete_many({"_id": {"$in": freed}}, session=self._session)
        for key, index in keys.items():
            if index not in wanted:
                continue
            owner, origin = wanted[index]
            if key not in held:
                await self._changes.insert_claim(index, owner, self._scope, self._session)
            put = {"profile": owner} | ({"origin": origin} if origin != owner else {})
            if {name: held.get(key, {}).get(name) for name in put} == put and (
                origin != owner or "origin" not in held.get(key, {})
            ):
                continue
            update: Document = {"$set": put}
            if origin == owner:
                update["$unset"] = {"origin": ""}
            await self._identities.update_one({"_id": key}, update, session=self._session)

    async def share(self, before: Iterable[Document], after: Iterable[Document]) -> None:
        """Count anew who has what several share: only who stands for themselves."""
        counts = Counter(index for document in after for index in shared_in(document))
        counts.subtract(index for document in before for index in shared_in(document))
        for index, more in sorted(counts.items()):
            if more:
                key = {"_id": key_of(self._scope.tenant, index)}
                await self._identities.update_one(
                    key, {"$inc": {"holders": more}}, session=self._session
                )

    async def _claims(self, keys: Sequence[str]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for at in range(0, len(keys), _AT_ONCE):
            query = {"_id": {"$in": keys[at : at + _AT_ONCE]}}
            async for claim in self._identities.find(query, session=self._session):
                found[claim["_id"]] = claim
        return found


def _wanted(
    after: Mapping[str, Document], records: Mapping[str, Record]
) -> dict[str, tuple[str, str]]:
    """Whose each index is to be, and where it comes from.

    An absorbed profile keeps what its values claimed; its identities are the standing one's.
    """
    found: dict[str, tuple[str, str]] = {}
    for id_ in sorted(records, key=lambda one: records[one].absorbed is None):
        document, owner = after[id_], root_of(id_, records)
        for index in claimed_by_values(document):
            found.setdefault(index, (owner, id_))
        if owner == id_:
            for item in document.get("identities", ()):
                for index in [] if item.get("shared") else indexes_of(item):
                    found[index] = owner, item.get("origins", [owner])[0]
    return found
