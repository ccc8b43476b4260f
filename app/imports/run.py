"""An import from its first row to its last, or from where it was interrupted.

One thread reads and checks the next batch while the store takes the last one.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import BinaryIO, Final

from app.expertflow import customer_columns
from app.imports.batch_store import BatchStore
from app.imports.bookmark import Bookmark, bookmark_id
from app.imports.csv_rows import CsvRows
from app.imports.dead_letters import DeadLetter, DeadLetters
from app.imports.errors import Contested, ImportTrouble, RowRefused
from app.imports.json_rows import JsonRows, profile_columns
from app.imports.order import SHOWN, Format, Order, Outcome
from app.imports.roster import Person, Roster
from app.imports.row_check import CheckedRow, RowCheck
from app.imports.source_rows import SourceRow, SourceRows
from app.store.attach import Store
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.documents import Document
from app.store.sealing import Sealing
from graph.model.custom_field import CustomerSchema
from policies.plan import Scope

Progress = Callable[[int, int], None]
"""Called with the number of bytes that are imported, and of all."""

_ATTEMPTS: Final = 5
_BUSY: Final = "others are changing this profile all the time; import the row again"
_CHANGED: Final = (
    "The customer schema was changed meanwhile. What is imported so far is kept;"
    " run the same command again to go on."
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it was read, and either as it was checked or what is wrong with it."""

    source: SourceRow
    checked: CheckedRow | None = None
    errors: Sequence[tuple[str, str]] = ()


@dataclass(slots=True)
class _DryStore:
    """What a dry run would have written: the owners of new indexes, and their new profiles."""

    owners: dict[str, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)

    def held(self, ids: set[str]) -> dict[str, Document]:
        """Stand-ins for profiles that would be there by now."""
        empty = {"version": 1, "state": "IDENTIFIED", "identities": [], "claims": {}, "links": []}
        return {one: {"id": one, **empty} for one in ids & self.created}


async def import_rows(order: Order, store: Store, sealing: Sealing, progress: Progress) -> Outcome:
    """Import a file.

    Raises:
        ImportTrouble: it can't be imported as it is asked for, or can't go on.
        StoreUnavailable: the store gives no answer; what was imported so far is kept.
    """
    began = time.monotonic()
    now = datetime.now(UTC)
    scope = Scope(order.tenant)
    seal = await sealing.tenant(order.tenant)
    changes = Changes(store.client, store.database, sealing, lambda: now, order.max_identities)
    definitions = MongoDefinitions(store.database, sealing, order.normalising.region)
    schema = await definitions.current(order.tenant)
    check = RowCheck(
        schema, changes, seal, order.normalising, now, columns=order.columns, matched=order.matched
    )
    name = bookmark_id(order.file, order.tenant, order.reading)
    batches = BatchStore(store, changes, scope, name, now)
    with order.file.open("rb") as file:
        rows = _source(file, order, check)
        run = _Import(order, rows, check, schema, definitions, batches, changes.max_per_channel)
        outcome = await run.finished(progress)
    return replace(outcome, seconds=time.monotonic() - began)


def _source(file: BinaryIO, order: Order, check: RowCheck) -> SourceRows:
    if order.format is Format.CSV:
        rows = CsvRows(file)
        check.check_header(rows.header)
        return rows
    if order.format is Format.EXPERTFLOW:
        return JsonRows(file, customer_columns)
    mapped = order.columns.keys()
    return JsonRows(file, lambda row: profile_columns(row, mapped))


class _Import:
    def __init__(
        self,
        order: Order,
        rows: SourceRows,
        check: RowCheck,
        schema: CustomerSchema,
        definitions: MongoDefinitions,
        batches: BatchStore,
        max_per_channel: int,
    ) -> None:
        self._order = order
        self._rows = rows
        self._check = check
        self._schema = schema
        self._definitions = definitions
        self._batches = batches
        self._max_per_channel = max_per_channel
        self._dead = DeadLetters(order.dead_letters)
        self._dry = _DryStore()
        self._mark = Bookmark()
        self._told: list[str] = []

    async def finished(self, progress: Progress) -> Outcome:
        """Import what is left of the file."""
        if not self._order.is_dry:
            self._mark = await self._begun()
        if self._mark.is_finished:
            return self._outcome(was_done=True)
        size = self._order.file.stat().st_size
        progress(self._mark.offset, size)
        source = self._rows.rows(self._mark.row, self._mark.offset)
        next_batch = asyncio.create_task(asyncio.to_thread(self._read, source))
        try:
            while batch := await next_batch:
                self._check.seal = await self._batches.seal()
                next_batch = asyncio.create_task(asyncio.to_thread(self._read, source))
                await self._settle_all(batch)
                progress(self._mark.offset, size)
        finally:
            # The thread reads the file, which is closed behind us.
            await asyncio.wait([next_batch])
            if not next_batch.cancelled():
                next_batch.exception()
        if not self._order.is_dry:
            await self._move([], replace(self._mark, is_finished=True))
        return self._outcome()

    async def _begun(self) -> Bookmark:
        mark = await self._batches.mark()
        if mark is None:
            self._dead.refuse_others()
        elif not self._order.is_restart:
            if not mark.is_finished:
                self._dead.check(mark.dead_length)
            return mark
        return await self._batches.begin()

    def _read(self, source: Iterator[SourceRow]) -> list[_Row]:
        return [self._checked(row) for row in islice(source, self._order.batch)]

    def _checked(self, row: SourceRow) -> _Row:
        try:
            return _Row(row, self._check.checked(row))
        except RowRefused as refused:
            return _Row(row, None, refused.errors)

    async def _settle_all(self, batch: Sequence[_Row]) -> None:
        if await self._definitions.revision(self._order.tenant) != self._schema.revision:
            raise ImportTrouble(_CHANGED)
        try:
            await self._settle(batch)
        except Contested:
            for row in batch:
                await self._settle_alone(row)

    async def _settle_alone(self, row: _Row) -> None:
        for _ in range(_ATTEMPTS):
            try:
                return await self._settle([row])
            except Contested:
                continue
        return await self._settle([_Row(row.source, None, (("", _BUSY),))])

    async def _settle(self, batch: Sequence[_Row]) -> None:
        """Import a batch as a whole: its people, its dead letters, and how far we are."""
        roster = await self._roster([row.checked for row in batch if row.checked])
        letters: list[DeadLetter] = []
        for row in batch:
            errors = row.errors
            if row.checked:
                try:
                    roster.add(row.checked)
                except RowRefused as refused:
                    errors = refused.errors
            if errors:
                letters.append(DeadLetter(row.source, errors))
        people = list(roster.people.values())
        created = sum(person.held is None for person in people)
        last, mark = batch[-1].source, self._mark
        after = replace(
            mark,
            row=last.number,
            offset=last.end,
            created=mark.created + created,
            updated=mark.updated + sum(person.rows for person in people) - created,
            bad=mark.bad + len(letters),
        )
        if self._order.is_dry:
            self._mark = after
            self._dry.owners |= roster.owners
            self._dry.created |= {person.id for person in people if person.held is None}
        else:
            length = self._dead.put(mark.dead_length, letters)
            await self._move(people, replace(after, dead_length=length))
        self._told += [letter.told() for letter in letters[: SHOWN - len(self._told)]]

    async def _roster(self, rows: Sequence[CheckedRow]) -> Roster:
        indexes = dict.fromkeys(index for row in rows for index in row.columns)
        owners = await self._batches.owners(indexes)
        owners |= {one: self._dry.owners[one] for one in indexes if one in self._dry.owners}
        ids = set(owners.values())
        held = await self._batches.held(ids - self._dry.created) | self._dry.held(ids)
        return Roster(owners, held, self._schema, self._max_per_channel)

    async def _move(self, people: Sequence[Person], after: Bookmark) -> None:
        await self._batches.write(people, self._mark, after)
        self._mark = after

    def _outcome(self, *, was_done: bool = False) -> Outcome:
        mark = self._mark
        kept = self._order.dead_letters if mark.dead_length else None
        return Outcome(
            created=mark.created,
            updated=mark.updated,
            bad=mark.bad,
            seconds=0.0,
            dead_letters=kept,
            told=tuple(self._told),
            was_done=was_done,
            is_dry=self._order.is_dry,
        )
