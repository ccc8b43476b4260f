"""What rotations of keys have in common."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pymongo
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from app.store.documents import Document
from app.store.search import path_of, walked
from graph.model.search import BY_ID

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many of how many are."""

BATCH: Final = 200
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
MARGIN_S: Final = 10.0
"""How long a write may take that began with a key which was still in memory."""
_WITHIN_S: Final = 300.0
_AGAIN: Final = ("TransientTransactionError", "UnknownTransactionCommitResult")


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation has done; `left` are profiles that can't be opened, and stay as they are."""

    tenants: int = 0
    profiles: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Settling:
    """Waits until every gateway has forgotten the keys that it kept in memory."""

    cached_s: float
    progress: Progress
    margin_s: float = MARGIN_S

    @property
    def wait_s(self) -> float:
        """How long somebody may still act by what they knew."""
        return self.cached_s + self.margin_s

    async def until(self, since: datetime) -> None:
        """Wait until everybody has forgotten what they knew at that time."""
        wait_s = self.wait_s
        while (left := wait_s - (now() - since).total_seconds()) > 0:
            self.progress("waiting for former keys", int(wait_s - left), int(wait_s))
            await asyncio.sleep(min(left, 1.0))


def profiles_of(
    profiles: AsyncCollection[Document], tenant: str, after: str | None, wanted: Document
) -> AsyncIterator[list[Document]]:
    """All profiles of a tenant behind a search key, absorbed ones too, some hundred at a time."""
    query, path = walked(tenant, after), path_of(BY_ID)
    return batches(profiles.find(query, wanted, batch_size=BATCH).sort(path, 1))


async def batches(cursor: Any) -> AsyncIterator[list[Document]]:  # noqa: ANN401 - a cursor
    """The documents of a cursor, some hundred at a time."""
    async with cursor:
        while True:
            with pymongo.timeout(_WITHIN_S):
                documents = await cursor.to_list(BATCH)
            if not documents:
                return
            yield documents


async def is_written_together(
    database: AsyncDatabase[Document], write: Callable[[AsyncClientSession], Awaitable[None]]
) -> bool:
    """Whether `write` was done in one transaction; otherwise others were writing the same.

    What it read and then changes was changed by nobody else meanwhile.  A transaction is on the
    disk once, where single updates are one by one.
    """
    try:
        with pymongo.timeout(_WITHIN_S):
            async with (
                database.client.start_session() as session,
                await session.start_transaction(),
            ):
                await write(session)
    except PyMongoError as error:
        if any(error.has_error_label(label) for label in _AGAIN):
            return False
        raise
    return True


def now() -> datetime:
    """The instant, UTC."""
    return datetime.now(UTC)
