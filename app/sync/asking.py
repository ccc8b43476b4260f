"""Asks a source for what a synchronisation needs beside the changes that it tells."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from app.sync.copying import Told
from app.sync.plan import SyncPlan
from connectors.abilities import ChangeKind, ChangePage, TellsChanges
from connectors.base import Call, Key, Outcome, Record
from connectors.errors import Fatal, Retriable, SourceError
from graph.sources import Source

# Nobody waits for the answer, and there is much to read.
PATIENCE_S: Final = 30.0
Given = TypeVar("Given")


class Asking:
    """Asks for one plan, for `most` records at a time."""

    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan
        self.most = plan.source.connector.max_keys
        self._read_at = plan.source.now()

    async def page(self, cursor: str | None) -> ChangePage:
        """The next changes; see `TellsChanges.changed`."""
        connector = self._plan.source.connector
        assert isinstance(connector, TellsChanges)  # noqa: S101 - `plans_of` makes sure
        plan = self._plan
        self._read_at = plan.source.now()
        return await through(
            plan.source,
            lambda call: connector.changed(call, plan.object, cursor, plan.attributes),
        )

    async def told(self, page: ChangePage) -> list[Told]:
        """What a page tells, each record with its state."""
        unknown = [
            change.id
            for change in page.changes
            if change.kind is ChangeKind.UPSERTED and change.record is None
        ]
        fetched = {one.id: one for one in await self.records(unknown)}
        read_at = self._read_at
        found = [
            fetched.get(change.id)
            or Told(change.id, change.record, into_id=change.into_id, read_at=read_at)
            for change in page.changes
            if change.kind is not ChangeKind.UPSERTED or change.record or change.id in fetched
        ]
        return found + [one for one in fetched.values() if one.id not in unknown]

    async def records(self, ids: Sequence[str]) -> list[Told]:
        """The present state of records; one that was merged comes with the one it became.

        Raises:
            SourceError: they can't be had now.
        """
        found = dict[str, Told]()
        for at in range(0, len(ids), self.most):
            keys = [Key("id", one) for one in ids[at : at + self.most]]
            read_at = self._plan.source.now()
            outcomes = await self._fetched(keys)
            for key, outcome in outcomes.items():
                _settle(key.value, outcome, found, read_at)
        return list(found.values())

    async def _fetched(self, keys: Sequence[Key]) -> dict[Key, Outcome]:
        source, plan = self._plan.source, self._plan
        connector, attributes = source.connector, plan.attributes
        found = await through(
            source, lambda call: connector.fetch(call, plan.object, keys, attributes)
        )
        return dict(found)


async def through(source: Source, make: Callable[[Call], Awaitable[Given]]) -> Given:
    """What a call to a source gives, made as all are; nobody waits for it, so it may take long."""
    return await source.gate.through(PATIENCE_S, make, is_patient=True)


def _settle(id: str, outcome: Outcome, found: dict[str, Told], read_at: datetime) -> None:
    if isinstance(outcome, Retriable | Fatal):
        raise outcome
    if isinstance(outcome, SourceError):
        found[id] = Told(id, is_unreadable=True)
    elif isinstance(outcome, Record) and outcome.id != id:
        found[id] = Told(id, into_id=outcome.id)
        found[outcome.id] = Told(outcome.id, outcome, read_at=read_at)
    else:
        found[id] = Told(id, outcome, read_at=read_at)
