"""A purge that is killed between any two writes goes on, and finds what others put back."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.field_work import FieldWork
from app.store.changes import Changes
from app.store.client import open_client
from app.store.definition_documents import definition_document
from app.store.definitions import MongoDefinitions
from app.store.embedded import EmbeddedServer
from app.store.history import entry_document
from app.store.indexes import create_indexes
from app.store.names import key_of
from app.store.profiles import MongoProfiles
from app.store.rewriting import Rewriting
from app.store.search import kept_keys
from graph.kinds.search import findable
from graph.merges import found_by, merging
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.history import HistoryEntry, HistoryKind, ValueChange
from graph.model.ids import new_id
from graph.model.merging import Plan
from graph.model.profile import PersonName, Profile, ProfileState
from graph.model.search import BY_ID
from policies.classification import DataClass
from policies.plan import Scope
from tests.support.authors import TESTER
from tests.support.embedded import QUICK, restarted
from tests.support.sealing import a_sealing

NAME = "profiles"
NOW = datetime.now(UTC).replace(microsecond=0)
# More than are read at once.
MANY = 120
# Each goes on where the one before was killed.
KILLED_AT = (2, 3, 4, 6, 8)
SEEN = ("profiles", "identities", "history")


@dataclass(slots=True)
class Store:
    """A store of one tenant: two fields, one of them retired, and profiles that had both."""

    database: Any
    tenant: str
    definitions: MongoDefinitions
    changes: Changes
    schema: CustomerSchema

    @property
    def gone(self) -> str:
        """The id of the retired field."""
        return self.schema.retired[0].id

    @property
    def kept(self) -> str:
        """The id of the other."""
        return self.schema.fields[0].id

    async def purge(self) -> None:
        """Have the retired field purged."""
        wanted = replace(self.schema.retired[0], is_purged=True, defined_at=NOW)
        await self.definitions.define(self.tenant, wanted)

    async def work(self) -> None:
        """Work on all jobs, in this process."""
        nothing = asyncio.Event()
        await FieldWork(
            self.database, self.definitions, self.changes, lambda: NOW, nothing, lambda _: None
        ).drain()

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """What is kept of the tenant."""
        return {
            name: await self.database[name].find({"tenant": self.tenant}).sort("_id").to_list()
            for name in SEEN
        }


@dataclass
class Written(CommandListener):
    """How many write commands each collection was sent."""

    seen: Counter[str] = field(default_factory=Counter)

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in {"insert", "update", "delete"}:
            self.seen[event.command[event.command_name]] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


def a_field(key: str) -> FieldDefinition:
    return FieldDefinition(
        id="",
        key=key,
        label=key,
        kind="STRING",
        data_class=DataClass.PUBLIC,
        is_unique=True,
        is_searchable=True,
        defined_at=NOW,
    )


async def filled(database: Any, tenant: str) -> Store:
    """A store with a retired field that everybody has a value of."""
    await create_indexes(database)
    sealing, scope = a_sealing(database), Scope(tenant)
    changes = Changes(database.client, database, sealing, lambda: NOW)
    profiles = MongoProfiles(database.client, database, sealing, lambda: NOW)
    definitions = MongoDefinitions(database, sealing)
    await definitions.define(tenant, a_field("gone"))
    schema = await definitions.define(tenant, a_field("kept"))
    gone, kept = (schema.by_key[key].id for key in ("gone", "kept"))
    ids = [new_id() for _ in range(3)]
    for number, id_ in enumerate(ids):
        values: dict[str, object] = {gone: f"gone {number}", kept: f"kept {number}"}
        person = Profile(
            id=id_,
            version=1,
            state=ProfileState.IDENTIFIED,
            name=PersonName(given=f"N{number}"),
            custom=values,
        )
        await profiles.create(person, findable(values, schema), [], scope, TESTER)
    await _cloned(database, tenant, ids[2])
    plan = merging(*ids[:2], Plan(new_id(), NOW), None)
    rewriting = Rewriting(database, changes, lambda: NOW)
    await rewriting.rewrite(ids[:2], plan, found_by(schema), scope, TESTER)
    await _told(database, changes, tenant, ids[2], gone)
    retired = replace(schema.by_id[gone], is_retired=True, is_searchable=False, defined_at=NOW)
    await definitions.define(tenant, retired)
    store = Store(database, tenant, definitions, changes, schema)
    await store.work()
    store.schema = await definitions.current(tenant)
    return store


async def _cloned(database: Any, tenant: str, id_: str) -> None:
    """Many more like one profile, but for what it claims."""
    one = await database["profiles"].find_one({"_id": key_of(tenant, id_)})
    del one["claims"]
    clones = [
        one
        | {"_id": key_of(tenant, clone), "id": clone}
        | {"search": {BY_ID.slot: kept_keys(tenant, clone, BY_ID, (clone,))}, "grams": []}
        for clone in (new_id() for _ in range(MANY))
    ]
    await database["profiles"].insert_many(clones)


async def _told(database: Any, changes: Changes, tenant: str, id_: str, gone: str) -> None:
    """Entries of history: of one nothing is left without the field, of the other its name."""
    seal = await changes.sealing.written(tenant, id_)
    changed = (ValueChange(f"custom.{gone}", "gone -1", "gone 2"),)
    named = ValueChange("name.given", "M", "N2")
    for version, found in enumerate((changed, (*changed, named)), 1):
        entry = HistoryEntry(
            profile_id=id_, version=version, at=NOW, kind=HistoryKind.CHANGED, changes=found
        )
        await database["history"].insert_one(entry_document(entry, seal, frozenset()))


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(tmp_path / "store", timing=QUICK) as started:
        yield started


async def killed_at(uri: str, now: datetime, at: int) -> int | None:
    """How a process ended that was to be killed before its `at`th write."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.killed_purge"),
        *(uri, NAME, now.isoformat(), str(at)),
        stdout=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(process.communicate(), 60)
    return process.returncode


def untouched(documents: dict[str, list[dict[str, Any]]], kept: str) -> list[Any]:
    """What a purge may not touch: versions, states and the other field."""
    return [
        (one["_id"], one["version"], one["state"], one["custom"][kept])
        for one in documents["profiles"]
    ]


@pytest.mark.timeout(300)
async def test_killed_again_and_again_it_ends_with_nothing_left(
    server: EmbeddedServer, tenant: str
):
    async with open_client(server.uri, 20) as client:
        store = await filled(client[NAME], tenant)
        before = await store.everything()
        await store.purge()
        ended = []
        for number, at in enumerate(KILLED_AT, 1):
            # A lease holds for half a minute.
            ended.append(await killed_at(server.uri, NOW + timedelta(minutes=number), at))
            await restarted(server)
            half = await store.everything()
            assert len(half["profiles"]) == len(before["profiles"])
        ended.append(await killed_at(server.uri, NOW + timedelta(hours=1), 10_000))
        after = await store.everything()
        purged = (await store.definitions.current(tenant)).by_id[store.gone]
        jobs = await store.database["jobs"].find({"field": store.gone}).sort("_id").to_list()

    assert ended == [-signal.SIGKILL] * len(KILLED_AT) + [0]
    assert store.gone in str(before["profiles"])
    assert store.gone in str(before["identities"])
    assert store.gone in str(before["history"])
    assert store.gone not in str(after)
    assert "gone " not in str(after)
    assert untouched(after, store.kept) == untouched(before, store.kept)
    assert [list(one["changes"]) for one in after["history"] if one["kind"] == "CHANGED"] == [
        ["name/given"]
    ]
    assert len(after["identities"]) == 3
    assert purged.purged_at == NOW + timedelta(hours=1)
    assert not any(job["isOpen"] for job in jobs)


async def test_what_somebody_puts_back_behind_it_is_found_by_the_next_pass(
    document_server: EmbeddedServer, tenant: str
):
    async with open_client(document_server.uri, 20) as client:
        store = await filled(client[tenant], tenant)
        await store.purge()
        profiles, value = store.database["profiles"], f"custom.{store.gone}"
        first = await profiles.find_one({value: {"$exists": True}})
        work = asyncio.create_task(store.work())
        async with asyncio.timeout(60):
            while await profiles.find_one({value: {"$exists": True}}):  # noqa: ASYNC110 - a store
                await asyncio.sleep(0.05)
        await profiles.update_one({"_id": first["_id"]}, {"$set": {value: "gone again"}})
        await work
        after = await store.everything()

    assert "gone again" not in str(after)
    assert store.gone not in str(after)


async def test_where_nothing_is_left_one_pass_writes_nothing_but_its_progress(
    document_server: EmbeddedServer, tenant: str
):
    written = Written()
    async with open_client(document_server.uri, 20) as client:
        store = await filled(client[tenant], tenant)
        await store.purge()
        await store.work()
        version = replace((await store.definitions.current(tenant)).retired[0], version=4)
    job = {"_id": f"{tenant}/again", "version": 4, "isOpen": True, "leasedUntil": None}
    async with AsyncMongoClient(
        document_server.uri, tz_aware=True, tzinfo=UTC, event_listeners=[written]
    ) as client:
        database = client[tenant]
        done = await database["jobs"].find_one({"field": store.gone, "version": 3})
        await database["jobs"].insert_one(done | job | {"after": None, "done": 0})
        document = definition_document(tenant, 99, replace(version, is_ready=False))
        await database["definitions"].insert_one(document)
        written.seen.clear()
        again = replace(store, database=database)
        again.definitions = MongoDefinitions(database, store.changes.sealing)
        await again.work()

    batches = (MANY + 3) // 100 + 1
    # Leased, advanced, closed; and the definition is ready.
    assert written.seen == {"jobs": 2 + batches, "definitions": 1}
