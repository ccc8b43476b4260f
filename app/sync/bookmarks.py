"""How far the synchronisation of an object has come, and who is at it.

A bookmark is moved only after what it covers is written.  Whoever moves it must hold its lease: the
lease ends by itself, and one who lost it can't move the bookmark any more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.background import ended
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import BOOKMARKS, key_of
from app.sync.errors import SyncTrouble
from app.sync.plan import SyncPlan
from graph.errors import StoreUnavailable
from graph.model.ids import new_id

LEASE: Final = timedelta(seconds=10)
_LOOK_EVERY_S: Final = 0.5


class Phase(StrEnum):
    """What is being done: reading what changed; then, in a full run, looking for what is gone, else
    reading records of profiles that were linked since; last, clearing what is left in profiles that
    aren't linked any more.
    """

    CHANGES = "CHANGES"
    LINKED = "LINKED"
    GONE = "GONE"
    UNLINKED = "UNLINKED"


@dataclass(frozen=True, slots=True)
class SyncMark:
    """Where a synchronisation stands.

    `cursor` is the source's own; `after` the last record that was looked for.  `is_full`: every
    record is being read.  A run that `is_done` has nothing left to do.  `began_at` is when
    it began, `since` when the one before it did.
    """

    cursor: str | None = None
    phase: Phase = Phase.CHANGES
    after: str = ""
    is_full: bool = True
    is_done: bool = False
    finished_at: datetime | None = None
    began_at: datetime | None = None
    since: datetime | None = None


class SyncBusy(SyncTrouble):
    """Another process synchronises this now."""


class SyncBookmark:
    """The bookmark of one plan, held by us from `take` to the end of `kept`."""

    def __init__(
        self, database: AsyncDatabase[Document], plan: SyncPlan, now: Callable[[], datetime]
    ) -> None:
        self._bookmarks = database[BOOKMARKS]
        self._plan = plan
        self._now = now
        self._holder = new_id()
        source = plan.source
        self._id = key_of(source.tenant, "sync", source.name, plan.object)

    async def take(self, *, is_patient: bool = True) -> SyncMark | None:
        """Take the lease; the mark that was left, None where every record must be read.

        Where another process holds it, wait whether that is alive, if we are patient.

        Raises:
            SyncBusy: it is.
        """
        seen = None
        while True:
            kept = await self._kept()
            if kept is None and await self._insert():
                return None
            if kept is not None:
                until = kept["leasedUntil"]
                if until is None or until <= self._now():
                    if await self._lease({"leasedUntil": until}):
                        return _mark(kept) if kept.get("shape") == self._plan.shape else None
                elif not is_patient or (seen and seen != until):
                    raise SyncBusy(
                        f"{self._plan.source.name}: {self._plan.object} is being synchronised"
                        " by another process now."
                    )
                seen = until
            await asyncio.sleep(_LOOK_EVERY_S)

    async def move(self, mark: SyncMark) -> None:
        """Move the bookmark, and hold it for longer.

        Raises:
            SyncBusy: we lost it to somebody else.
        """
        kept = {
            "cursor": mark.cursor,
            "phase": mark.phase.value,
            "after": mark.after,
            "isFull": mark.is_full,
            "isDone": mark.is_done,
            "finishedAt": mark.finished_at,
            "beganAt": mark.began_at,
            "since": mark.since,
            "shape": self._plan.shape,
        }
        if not await self._lease({"holder": self._holder}, kept):
            raise SyncBusy(f"{self._plan.source.name}: another process goes on with this.")

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Hold it until the end, and let others take it then."""
        beat = asyncio.create_task(self._beat(), name="sync-lease")
        try:
            yield
        finally:
            await ended(beat)
            with suppress(StoreUnavailable), store_failures():
                await self._bookmarks.update_one(
                    {"_id": self._id, "holder": self._holder}, {"$set": {"leasedUntil": None}}
                )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 4)
            with suppress(StoreUnavailable):  # then somebody else may take it
                await self._lease({"holder": self._holder})

    async def finished_at(self) -> datetime | None:
        """When a run last came to its end."""
        kept = await self._kept()
        at: datetime | None = (kept or {}).get("finishedAt")
        return at

    async def _kept(self) -> Document | None:
        with store_failures():
            return await self._bookmarks.find_one({"_id": self._id})

    async def _insert(self) -> bool:
        document = {
            "_id": self._id,
            "tenant": self._plan.source.tenant,
            "holder": self._holder,
            "leasedUntil": self._now() + LEASE,
        }
        try:
            with store_failures():
                await self._bookmarks.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def _lease(self, query: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> bool:
        held = {**(kept or {}), "holder": self._holder, "leasedUntil": self._now() + LEASE}
        with store_failures():
            done = await self._bookmarks.update_one({"_id": self._id, **query}, {"$set": held})
        return bool(done.matched_count)


def _mark(kept: Mapping[str, Any]) -> SyncMark | None:
    if "phase" not in kept:
        return None
    return SyncMark(
        cursor=kept["cursor"],
        phase=Phase(kept["phase"]),
        after=kept["after"],
        is_full=kept["isFull"],
        is_done=kept["isDone"],
        finished_at=kept["finishedAt"],
        began_at=kept["beganAt"],
        since=kept["since"],
    )


def begun(mark: SyncMark | None, now: datetime, *, is_full: bool) -> SyncMark:
    """Where a run begins: where an unfinished one stopped, or else what is new, or everything."""
    if mark is None:
        return SyncMark(began_at=now)
    if not mark.is_done:
        return mark
    if is_full:
        return SyncMark(finished_at=mark.finished_at, began_at=now)
    return SyncMark(
        mark.cursor,
        is_full=False,
        finished_at=mark.finished_at,
        began_at=now,
        since=mark.began_at,
    )
