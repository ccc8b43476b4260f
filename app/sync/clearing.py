"""Takes copies away from profiles that aren't the record any more that they were copied from."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from app.store.documents import ALL, Document, from_document
from app.store.linked_profiles import ChangedMeanwhile, LinkedProfiles, PlannedChange
from app.store.sealing import ProfileSeal
from app.sync.copying import Copying
from app.sync.plan import SyncPlan
from app.sync.report import SyncReport
from graph.model.profile import ProfileState

_AT_ONCE: Final = 100
_ATTEMPTS: Final = 3


class Clearing:
    """Clears what is left of one plan's records in profiles without a link to any."""

    def __init__(
        self, profiles: LinkedProfiles, plan: SyncPlan, now: Callable[[], datetime]
    ) -> None:
        self._profiles = profiles
        self._plan = plan
        self._now = now

    async def clear(self, ids: Sequence[str]) -> SyncReport:
        """Clear the copies of those of the profiles that have no link; what is theirs stays.

        Who is being changed all the time is left to the next run, which finds them again.
        """
        report = SyncReport()
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            if not await self._cleared(part, report):
                for one in part:
                    await self._cleared([one], report)
        return report

    async def _cleared(self, ids: Sequence[str], report: SyncReport) -> bool:
        """Clear them in one transaction; False where others change one of them meanwhile."""
        for _ in range(_ATTEMPTS):
            planned = await self._planned(ids)
            try:
                if planned:
                    await self._profiles.write(planned)
            except ChangedMeanwhile:
                continue
            report.changed += len(planned)
            return True
        return False

    async def _planned(self, ids: Sequence[str]) -> list[PlannedChange]:
        tenant = self._plan.source.tenant
        # Two ids may lead to one profile.
        held = {one["id"]: one for one in (await self._profiles.of_ids(tenant, ids)).values()}
        seals = await self._profiles.seals(tenant, list(held.values()))
        copying, planned = Copying(self._plan, self._now()), list[PlannedChange]()
        for id_, document in held.items():
            if not _is_erased(document, seals[id_]):
                found = copying.of_unlinked(from_document(document, seals[id_], ALL))
                if found.changes or found.custom:
                    patch, author = copying.patch(found), copying.author()
                    planned.append(PlannedChange(document, seals[id_], patch, author))
        return planned


def _is_erased(document: Document, seal: ProfileSeal) -> bool:
    return document["state"] == ProfileState.ERASED.value or seal.keys.is_destroyed
