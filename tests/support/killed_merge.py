"""A process that merges or takes apart two profiles and is killed before its nth store command.

Run with a store's address, a database, a tenant, what to do (`merge` or `part`), the ids of the
survivor and of the absorbed profile, and n.  Commands of the transaction alone are counted.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.store.changes import Changes
from app.store.rewriting import Rewriting
from graph.merges import found_by, merging, parting
from graph.model.custom_field import CustomerSchema
from graph.model.ids import new_id
from graph.model.merging import Plan
from policies.plan import Scope
from tests.support.authors import TESTER
from tests.support.sealing import a_sealing


@dataclass
class Killer(CommandListener):
    """Kills its own process when the nth command of a transaction is about to be sent."""

    at: int
    seen: list[str] = field(default_factory=list)

    def started(self, event: CommandStartedEvent) -> None:
        """A command is about to be sent."""
        if "txnNumber" in event.command:
            self.seen.append(event.command_name)
            if len(self.seen) == self.at:
                os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """A command was carried out."""

    def failed(self, event: CommandFailedEvent) -> None:
        """A command was refused."""


async def act(uri: str, name: str, tenant: str, what: str, ids: list[str], at: int) -> None:
    """Merge or part two profiles; says how many commands that took where it survives."""
    killer = Killer(at)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        uri, tz_aware=True, tzinfo=UTC, event_listeners=[killer], timeoutMS=20_000
    )
    async with client:
        database = client[name]
        now = datetime.now(UTC)
        changes = Changes(client, database, a_sealing(database), lambda: now)
        rewriting, scope = Rewriting(database, changes, lambda: now), Scope(tenant)
        survivor, absorbed = ids
        if what == "merge":
            rewrite = merging(survivor, absorbed, Plan(new_id(), now), None)
        else:
            rewrite = parting(absorbed, {}, None)
        found = found_by(CustomerSchema())
        await rewriting.rewrite([survivor, absorbed], rewrite, found, scope, TESTER)
    sys.stdout.write(f"{len(killer.seen)}\n")


if __name__ == "__main__":
    _, uri_, name_, tenant_, what_, survivor_, absorbed_, at_ = sys.argv
    asyncio.run(act(uri_, name_, tenant_, what_, [survivor_, absorbed_], int(at_)))
