"""Stores that hold many profiles, put there as the gateway keeps them, without asking it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from app.keyring.keyring import PROFILES as KEPT_KEYS
from app.store.changes import Changes
from app.store.names import IDENTITIES, PROFILES
from app.store.profiles import MongoProfiles
from app.store.sealing import ProfileSeal, Sealing, TenantSeal
from graph.model.ids import new_id
from policies.plan import Scope
from tests.support.sealing import a_sealing

Document = dict[str, Any]
DocumentOf = Callable[[Changes, int, ProfileSeal], Document]
"""From the number and the seal of a new profile to the document that is kept of it."""

SCOPE: Final = Scope("scale")
BEGAN: Final = datetime(2020, 1, 1, tzinfo=UTC)
# The embedded server writes a batch in one transaction and can't evict its pages meanwhile.  Search
# keys lie scattered over all pages of an index: too many at once fill the cache, and it stands.
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class _Batch:
    keys: list[Document]
    claims: list[Document]
    profiles: list[Document]


@dataclass(frozen=True, slots=True)
class _Filling:
    """How profiles get into one database."""

    database: AsyncDatabase[Document]
    sealing: Sealing
    of_tenant: TenantSeal
    changes: Changes
    document_of: DocumentOf

    def made(self, numbers: range) -> _Batch:
        """Profiles with their keys and what they claim."""
        new = [self.sealing.new(self.of_tenant, new_id()) for _ in numbers]
        profiles = [
            self.document_of(self.changes, number, seal)
            for number, (seal, _) in zip(numbers, new, strict=True)
        ]
        claims = [
            self.changes.claim(entry["index"], profile["id"], SCOPE)
            for profile in profiles
            for entry in profile["identities"]
        ]
        return _Batch([keys for _, keys in new], claims, profiles)

    async def keep(self, batch: _Batch) -> None:
        """Insert what was made."""
        keyring = self.sealing.keyring.database
        await keyring[KEPT_KEYS].insert_many(batch.keys, ordered=False)
        await self.database[IDENTITIES].insert_many(batch.claims, ordered=False)
        await self.database[PROFILES].insert_many(batch.profiles, ordered=False)


async def filled(
    client: AsyncMongoClient[Document],
    name: str,
    size: int,
    document_of: DocumentOf,
    progress: Callable[[str], None],
) -> MongoProfiles:
    """The profiles of a database, once `size` of them are in it."""
    database = client[name]
    sealing = a_sealing(database)
    changes = Changes(client, database, sealing, lambda: BEGAN)
    of_tenant = await sealing.tenant(SCOPE.tenant)
    filling = _Filling(database, sealing, of_tenant, changes, document_of)
    parts = [range(at, min(at + _BATCH, size)) for at in range(0, size, _BATCH)]
    # The next batch is made while the server takes the last one.
    coming = asyncio.create_task(asyncio.to_thread(filling.made, parts[0]))
    for part, following in zip(parts, [*parts[1:], range(0)], strict=True):
        batch = await coming
        coming = asyncio.create_task(asyncio.to_thread(filling.made, following))
        await filling.keep(batch)
        progress(f"{part.stop:,} of {size:,} profiles are kept")
    await coming
    # A keyring of its own: it has no key of these profiles in its memory yet.
    return MongoProfiles(client, database, a_sealing(database), lambda: BEGAN)
