"""Writes what records tell into the profiles that are those records."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import ALL, Document, from_document
from app.store.linked_profiles import ChangedMeanwhile, LinkedProfiles, PlannedChange
from app.store.outbox import owe
from app.store.refetches import read_later
from app.store.sealing import ProfileSeal
from app.sync.activities import record_activities
from app.sync.asking import Asking
from app.sync.asking_facts import AskingFacts
from app.sync.copying import Copied, Copying, Told, ToldFacts
from app.sync.letters import SyncLetters
from app.sync.plan import SyncPlan
from app.sync.report import ConflictKind, SyncConflict, SyncLetter, SyncReport
from connectors.abilities import FactKind
from connectors.base import Record
from graph.model.owed import Owed
from graph.model.profile import Profile, ProfileState

_ATTEMPTS: Final = 20
_TOGETHER: Final = 3
_NONSENSE: Final = "the source's record makes no sense"
_FAILED: Final = {
    FactKind.TAG: ("labels", "the source's tags make no sense"),
    FactKind.SEGMENT: ("segments", "the source's segments make no sense"),
    FactKind.ACTIVITY: ("timeline", "the source's activities make no sense"),
}
_BUSY: Final = "others are changing this profile all the time"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A profile, and what is told of a record that it is, or was until now (`is_end`)."""

    told: Told
    held: Document = field(repr=False)
    is_end: bool = False


@dataclass(slots=True)
class _Wave:
    """What one transaction writes, and what must wait for the next one."""

    planned: list[PlannedChange] = field(default_factory=list)
    letters: list[SyncLetter] = field(default_factory=list)
    report: SyncReport = field(default_factory=SyncReport)
    settled: list[Told] = field(default_factory=list)
    waiting: list[Told] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    owed: dict[str, list[Owed]] = field(default_factory=dict)
    active: list[tuple[Profile, ProfileSeal, str]] = field(default_factory=list)


class Settling:
    """Settles what is told of the records of one plan."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        profiles: LinkedProfiles,
        plan: SyncPlan,
        asking: Asking,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._plan = plan
        self._asking = asking
        self._asking_facts = AskingFacts(plan)
        self._now = now
        self._letters = SyncLetters(database, plan)

    async def settle(self, told: Sequence[Told]) -> SyncReport:
        """Write what is told, all of it; what is told twice changes nothing the second time.

        Raises:
            SourceError: something else had to be asked, and can't be had now.
            StoreUnavailable: what was told must be told again.
        """
        report = SyncReport()
        # Of what is told of one record, the last counts.
        left = list({one.id: one for one in told}.values())
        asked = set[str]()
        facts = dict[str, ToldFacts]()
        while left:
            wave = await self._settled(left, facts)
            await self._record(wave, facts)
            report.add(wave.report)
            new = [one for one in dict.fromkeys(wave.again) if one not in asked]
            asked.update(new)
            left = [*wave.waiting, *await self._asking.records(new)]
        return report

    async def _settled(self, told: Sequence[Told], facts: dict[str, ToldFacts]) -> _Wave:
        """Settle as much as one transaction can."""
        for _ in range(_TOGETHER if len(told) > 1 else _ATTEMPTS):
            wave = await self._prepared(told, facts)
            try:
                await self._write(wave)
            except ChangedMeanwhile:
                told = await self._read_again(told, facts)
                continue
            return wave
        if len(told) > 1:
            wave = await self._settled(told[:1], facts)
            wave.waiting += told[1:]
            return wave
        wave = _Wave(settled=list(told))
        self._refuse(wave, SyncLetter(self._plan.object, told[0].id, "", _BUSY))
        await self._write(wave)
        return wave

    async def _read_again(
        self, told: Sequence[Told], facts: dict[str, ToldFacts]
    ) -> Sequence[Told]:
        """What is told now, where somebody may have written meanwhile what is newer."""
        asked = [
            one.id
            for one in told
            if one.record and (len(told) == 1 or one.record.modified_at is None)
        ]
        for one in asked:
            facts.pop(one, None)
        found = {one.id: one for one in await self._asking.records(asked)}
        return [found.get(one.id, one) for one in told]

    async def _record(self, wave: _Wave, facts: dict[str, ToldFacts]) -> None:
        """Keep activities, each for itself: told again, they are the same ones."""
        for profile, seal, record in wave.active:
            refused = await record_activities(
                self._profiles,
                self._plan,
                profile,
                seal,
                record,
                facts[record].facts if record in facts else (),
                self._now(),
            )
            for letter in refused:
                wave.report.letter(letter)

    async def _write(self, wave: _Wave) -> None:
        records = [one.id for one in wave.settled]
        place = self._plan.source.tenant, self._plan.source.name, self._plan.object

        async def also(session: AsyncClientSession) -> None:
            for profile, owed in wave.owed.items():
                tenant = self._plan.source.tenant
                await owe(self._database, tenant, profile, owed, self._now(), session)
            # Told again, nobody would be that record any more.
            await read_later(self._database, place, wave.again, self._now(), session)
            await self._letters.settle(records, wave.letters, self._now(), session)

        await self._profiles.write(wave.planned, also)

    async def _prepared(self, told: Sequence[Told], facts: dict[str, ToldFacts]) -> _Wave:
        wave = _Wave()
        pairs = await self._pairs(told, wave)
        await self._ask_facts(pairs, facts)
        documents = {pair.held["id"]: pair.held for pair in pairs}
        seals = await self._profiles.seals(self._plan.source.tenant, list(documents.values()))
        taken = set[str]()
        copying = Copying(self._plan, self._now())
        by_told: dict[str, list[_Pair]] = {}
        for pair in pairs:
            by_told.setdefault(pair.told.id, []).append(pair)
        for one in told:
            ids = {pair.held["id"] for pair in by_told.get(one.id, ())}
            if taken & ids:
                wave.waiting.append(one)
                continue
            taken |= ids
            wave.settled.append(one)
            wave.report.seen += 1
            for kind in sorted(facts[one.id].failed) if one.id in facts else ():
                self._refuse(wave, SyncLetter(self._plan.object, one.id, *_FAILED[kind]))
            for pair in by_told.get(one.id, ()):
                self._plan_pair(pair, seals[pair.held["id"]], copying, facts, wave)
        return wave

    async def _pairs(self, told: Iterable[Told], wave: _Wave) -> list[_Pair]:
        source, attribute = self._plan.source, self._plan.profile_attribute
        records = [one.id for one in told]
        holders = await self._profiles.of_records(
            source.tenant, source.name, self._plan.object, records
        )
        named = {one.id: _text(one.record, attribute) for one in told if attribute and one.record}
        ids = {one for one in named.values() if one}
        known = await self._profiles.of_ids(source.tenant, ids) if ids else {}
        pairs = list[_Pair]()
        for one in told:
            held = holders.get(one.id, [])
            if one.record is not None and attribute in one.record.values:
                owner = known.get(named[one.id])
                pairs += [_Pair(one, item, is_end=True) for item in held if not _same(item, owner)]
                held = [owner] if owner else []
            if one.record is not None and not held:
                wave.report.unlinked += 1
            if one.is_unreadable:
                if held:
                    self._refuse(wave, SyncLetter(self._plan.object, one.id, "", _NONSENSE))
                continue
            if len(held) > 1:
                self._tell_shared(one, held, wave)
            is_end = one.record is None and one.into_id is None
            pairs += [_Pair(one, item, is_end=is_end) for item in held]
        return pairs

    @staticmethod
    def _tell_shared(told: Told, held: Sequence[Document], wave: _Wave) -> None:
        for item in held:
            found = SyncConflict(ConflictKind.TWO_PROFILES, item["id"], told.id)
            wave.report.conflict(found)

    async def _ask_facts(self, pairs: Sequence[_Pair], facts: dict[str, ToldFacts]) -> None:
        wanted = {pair.told.id for pair in pairs if pair.told.record and not pair.is_end}
        facts |= await self._asking_facts.of(sorted(wanted - facts.keys()))

    def _plan_pair(
        self,
        pair: _Pair,
        seal: ProfileSeal,
        copying: Copying,
        facts: dict[str, ToldFacts],
        wave: _Wave,
    ) -> None:
        told, report = pair.told, wave.report
        if pair.held["state"] == ProfileState.ERASED.value or seal.keys.is_destroyed:
            report.erased += 1
            return
        profile = from_document(pair.held, seal, ALL)
        if pair.is_end:
            found = copying.of_end(profile, told.id)
            report.gone += bool(found.changes)
        elif told.into_id is not None:
            found = copying.of_merge(profile, told.id, told.into_id)
            report.merged += bool(found.changes)
        else:
            assert told.record is not None  # noqa: S101 - what else is told was handled above
            known = replace(told, facts=facts.get(told.id))
            wave.active.append((profile, seal, told.id))
            found = copying.of_record(profile, known, told.record)
        self._count(found, wave)
        if found.owed:
            place = self._plan.source.name, self._plan.object
            wave.owed[profile.id] = [Owed(one, *place) for one in found.owed]
        if found.changes or found.custom:
            author = copying.author(told.record)
            wave.planned.append(PlannedChange(pair.held, seal, copying.patch(found), author))

    def _count(self, found: Copied, wave: _Wave) -> None:
        is_changed = bool(found.changes or found.custom)
        wave.report.changed += is_changed
        wave.report.unchanged += not is_changed
        for conflict in found.conflicts:
            wave.report.conflict(conflict)
        for letter in found.letters:
            self._refuse(wave, letter)
        if found.again:
            wave.again.append(found.again)

    @staticmethod
    def _refuse(wave: _Wave, letter: SyncLetter) -> None:
        wave.report.letter(letter)
        wave.letters.append(letter)


def _text(record: Record | None, attribute: str) -> str:
    value = record.values.get(attribute) if record else None
    return str(value) if value is not None else ""


def _same(one: Document, other: Document | None) -> bool:
    return other is not None and one["_id"] == other["_id"]
