"""A merge whose process is killed between any two store commands happened, or it didn't."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from app.store.changes import Changes
from app.store.client import open_client
from app.store.embedded import EmbeddedServer
from app.store.indexes import create_indexes
from app.store.profiles import MongoProfiles
from app.store.rewriting import Rewriting
from graph.merges import found_by, merging
from graph.model.channel import Channel
from graph.model.custom_field import CustomerSchema
from graph.model.identity import Identity, identity_name
from graph.model.ids import new_id
from graph.model.merging import Plan
from graph.model.profile import PersonName, Profile, ProfileState
from graph.model.search import Findable
from graph.ports import NamedIdentity
from policies.plan import Scope
from tests.support.authors import TESTER
from tests.support.embedded import QUICK, restarted
from tests.support.sealing import a_sealing

MOST_COMMANDS = 40
LEAST_KILLS = 10
# MERGE_KILLS=1 kills before each command, which takes minutes.
STEP = int(os.environ.get("MERGE_KILLS", "4"))
COLLECTIONS = ("profiles", "identities", "aliases", "history")


async def killed_at(uri, name, tenant, what, ids, at):
    """How a process ended that was to be killed before its `at`th command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.killed_merge"),
        *(uri, name, tenant, what, *ids, str(at)),
        stdout=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(process.communicate(), 60)
    return process.returncode


async def everything(database, tenant):
    """All documents of a tenant, without what every change has anew."""
    return {
        name: await database[name].find({"tenant": tenant}).sort("_id").to_list()
        for name in COLLECTIONS
    }


async def two(store, scope):
    """The ids of two profiles, each with an identity."""
    ids = [new_id(), new_id()]
    for number, id_ in enumerate(ids):
        name = identity_name(Channel.VOICE, f"+1202555014{number}", "US")
        identity = Identity(channel=Channel.VOICE, value=name.value)
        person = Profile(
            id=id_,
            version=1,
            state=ProfileState.IDENTIFIED,
            name=PersonName(given=f"N{number}"),
            gender="x" if number else None,
        )
        await store.create(person, Findable(), [NamedIdentity(name, identity)], scope, TESTER)
    return ids


def told(documents):
    """What tells before from after: where documents lie, their states, whose claims they are."""
    return (
        [(one["_id"], one["state"], one["version"]) for one in documents["profiles"]],
        [(one["_id"], one["profile"], one.get("origin")) for one in documents["identities"]],
        [(one["_id"], one["profile"]) for one in documents["aliases"]],
        [one["_id"].split("/")[1] for one in documents["history"]],
    )


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(tmp_path / "store", timing=QUICK) as started:
        yield started


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", ["merge", "part"])
async def test_killed_between_any_two_commands_it_leaves_before_or_after(
    server: EmbeddedServer, tenant: str, what: str
):
    name, now = "profiles", datetime.now(UTC)
    async with open_client(server.uri, 20) as client:
        database = client[name]
        await create_indexes(database)
        changes = Changes(client, database, a_sealing(database), lambda: now)
        store = MongoProfiles(client, database, a_sealing(database), lambda: now)
        rewriting = Rewriting(database, changes, lambda: now)
        ended, left = None, []
        for at in range(1, MOST_COMMANDS, STEP):
            scope = Scope(f"{tenant}-{at}")
            ids = await two(store, scope)
            if what == "part":
                plan = merging(*ids, Plan(new_id(), now), None)
                await rewriting.rewrite(ids, plan, found_by(CustomerSchema()), scope, TESTER)
            before = await everything(database, scope.tenant)
            ended = await killed_at(server.uri, name, scope.tenant, what, ids, at)
            if ended == 0:
                break
            await restarted(server)
            left.append((ended, await everything(database, scope.tenant) == before))
        after = await everything(database, scope.tenant)
    # The last command is the commit: whoever is killed before it has changed nothing.
    assert (ended, told(after) != told(before)) == (0, True)
    assert left == [(-signal.SIGKILL, True)] * len(left)
    assert len(left) > LEAST_KILLS / STEP
