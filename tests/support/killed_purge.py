"""A process that works on field jobs and is killed before its nth write command.

Run with a store's address, a database, a time (ISO 8601) that is now, and n.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.field_work import FieldWork
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from tests.support.sealing import a_sealing

_WRITES = frozenset({"insert", "update", "delete", "commitTransaction"})


@dataclass
class Killer(CommandListener):
    """Kills its own process when the nth write is about to be sent."""

    at: int
    seen: int = 0

    def started(self, event: CommandStartedEvent) -> None:
        """A command is about to be sent."""
        if event.command_name in _WRITES:
            self.seen += 1
            if self.seen == self.at:
                os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """A command was carried out."""

    def failed(self, event: CommandFailedEvent) -> None:
        """A command was refused."""


async def work(uri: str, name: str, now: datetime, at: int) -> None:
    """Work on all jobs; says how many writes that took where it survives."""
    killer = Killer(at)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        uri, tz_aware=True, tzinfo=UTC, event_listeners=[killer], timeoutMS=20_000
    )
    async with client:
        database = client[name]
        sealing = a_sealing(database)
        changes = Changes(client, database, sealing, lambda: now)
        definitions = MongoDefinitions(database, sealing)
        nothing = asyncio.Event()
        fields = FieldWork(database, definitions, changes, lambda: now, nothing, lambda _: None)
        await fields.drain()
    sys.stdout.write(f"{killer.seen}\n")


if __name__ == "__main__":
    _, uri_, name_, now_, at_ = sys.argv
    asyncio.run(work(uri_, name_, datetime.fromisoformat(now_), int(at_)))
