"""One synchronisation of one object: from what was left, to all that is known."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.linked_profiles import LinkedProfiles
from app.sync.asking import Asking
from app.sync.bookmarks import Phase, SyncBookmark, SyncMark, begun
from app.sync.clearing import Clearing
from app.sync.copying import Told
from app.sync.plan import SyncPlan
from app.sync.report import SyncReport
from app.sync.settling import Settling
from connectors.errors import CursorExpired

# Other gateways' clocks.
_SKEW: Final = timedelta(minutes=1)
Heard = Callable[[int], None]
"""Called with the number of records that were looked at."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What one run did with one object; `is_full`: it looked at every record."""

    object: str
    is_full: bool
    report: SyncReport = field(default_factory=SyncReport)

    def as_json(self) -> dict[str, Any]:
        """As commands print it."""
        return {"object": self.object, "full": self.is_full, **self.report.as_json()}


class SyncRun:
    """Synchronises the objects of sources, one after the other."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        profiles: LinkedProfiles,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._now = now

    async def run(
        self,
        plan: SyncPlan,
        *,
        is_full: bool = False,
        is_patient: bool = True,
        heard: Heard = lambda _: None,
    ) -> Synced:
        """Synchronise one object; what was interrupted goes on where it stopped.

        Raises:
            SourceError: the source can't be asked now, or a person must act; what was synchronised
                so far is kept.
            SyncBusy: another process does it now.
            StoreUnavailable: the store gives no answer.
        """
        bookmark = SyncBookmark(self._database, plan, self._now)
        left = await bookmark.take(is_patient=is_patient)
        mark = begun(left, self._now(), is_full=is_full)
        report = SyncReport()
        async with bookmark.kept():
            if left is None:
                await self._profiles.make_findable(plan.source.tenant)
            done = await self._finished(plan, bookmark, mark, report, heard)
            if left and not left.is_done:
                # What changed since it was interrupted may lie behind what it had read.
                new = begun(done, self._now(), is_full=False)
                await self._finished(plan, bookmark, new, report, heard)
        return Synced(plan.object, done.is_full, report)

    def settling(self, plan: SyncPlan) -> Settling:
        """What writes what records of a plan tell."""
        return Settling(self._database, self._profiles, plan, Asking(plan), self._now)

    async def _finished(
        self,
        plan: SyncPlan,
        bookmark: SyncBookmark,
        mark: SyncMark,
        report: SyncReport,
        heard: Heard,
    ) -> SyncMark:
        asking, settling = Asking(plan), self.settling(plan)
        linked = list[str]()
        await bookmark.move(mark)
        while not (mark.is_done or mark.phase is Phase.UNLINKED):
            if mark.phase is Phase.CHANGES:
                told, mark = await self._changes(asking, mark)
            else:
                linked = linked or await self._linked(plan, mark)
                told, mark = await self._compared(asking, mark, linked)
            found = await settling.settle(told)
            report.add(found)
            await plan.source.invalidate(plan.object, [one.id for one in told])
            await bookmark.move(mark)
            heard(len(told))
        if not mark.is_done:
            report.add(await self._cleared(plan, mark))
            mark = replace(mark, is_done=True, finished_at=self._now())
            await bookmark.move(mark)
        return mark

    async def _changes(self, asking: Asking, mark: SyncMark) -> tuple[list[Told], SyncMark]:
        try:
            page = await asking.page(mark.cursor)
        except CursorExpired:
            if mark.cursor is None:
                raise
            return [], SyncMark(finished_at=mark.finished_at, began_at=mark.began_at)
        told = await asking.told(page)
        after = replace(mark, cursor=page.cursor)
        if page.is_last:
            after = replace(after, phase=Phase.GONE if mark.is_full else Phase.LINKED)
        return told, after

    async def _linked(self, plan: SyncPlan, mark: SyncMark) -> list[str]:
        """The records to be compared, behind the last that was."""
        place = plan.source.tenant, plan.source.name, plan.object
        if mark.phase is Phase.GONE:
            return await self._profiles.records_after(*place, mark.after)
        if mark.since is None:
            return []
        fields = {one.kept_as for one in plan.fields}
        found = await self._profiles.records_of_new(
            plan.source.tenant, (plan.source.name, plan.object), fields, mark.since - _SKEW
        )
        return [one for one in found if one > mark.after]

    async def _compared(
        self, asking: Asking, mark: SyncMark, linked: list[str]
    ) -> tuple[list[Told], SyncMark]:
        """Ask for the first of the records `linked`; a full run has read what is there."""
        most = asking.most
        ids = linked[:most]
        del linked[:most]
        told = await asking.records(ids)
        if mark.phase is Phase.GONE:
            missing = [one for one in told if one.record is None and not one.is_unreadable]
            # Of one that became another, the other comes along.
            survivors = {one.into_id for one in missing}
            told = missing + [one for one in told if one.id in survivors]
        if not linked:
            return told, replace(mark, phase=Phase.UNLINKED, after="")
        return told, replace(mark, after=ids[-1])

    async def _cleared(self, plan: SyncPlan, mark: SyncMark) -> SyncReport:
        """Clear what is left in profiles that aren't linked; what was cleared isn't found again."""
        since = None if mark.is_full or mark.since is None else mark.since - _SKEW
        # A record that names a profile is linked again where it is read: where all of them were.
        if not mark.is_full and (since is None or plan.profile_attribute):
            return SyncReport()
        place = plan.source.name, plan.object
        fields = {one.kept_as for one in plan.fields}
        ids = await self._profiles.unlinked(plan.source.tenant, place, fields, since)
        return await Clearing(self._profiles, plan, self._now).clear(ids)
