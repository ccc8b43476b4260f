"""Rotating keys while people read and write, and when it is killed in the middle.

ROTATION_PROFILES says how many profiles there are.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from app.keyring.keyring import META, PROFILES, TENANTS
from app.keyring.tenant_keys import version_of
from app.store.client import open_client
from tests.flow.documents import CREATE, RECORD, UPDATE
from tests.support.gateway import Caller, define
from tests.support.process import GatewayProcess, command, running, serving

COUNT = int(os.environ.get("ROTATION_PROFILES", "400"))
LONG_S = 9_000
TENANT = "acme"
CACHED = {"KEYS__CACHED_S": "0.5"}
READ = """
query ($id: ID!) { profile(id: $id) { identities { value } custom { note } name { family } } }
"""
SAID = """
query ($id: ID!, $after: String) { profile(id: $id) { timeline(first: 100, after: $after) {
  edges { node { summary recording } } pageInfo { hasNextPage endCursor } } } }
"""
WHO = """
query ($value: String!) {
  identify(channel: EMAIL, value: $value) { profile { id custom { note } identities { value } } }
}
"""


@dataclass(slots=True)
class Rotating:
    """A gateway with profiles, and what its callers saw."""

    gateway: GatewayProcess
    folder: Path
    service: Caller
    listener: Caller
    notes: dict[str, str] = field(default_factory=dict)
    said: dict[str, int] = field(default_factory=dict)
    wrong: list[Any] = field(default_factory=list)
    calls: int = 0

    async def rotated(self, level: str) -> tuple[int, str]:
        """The exit code of `keys rotate`, and what it complained of."""
        async with running("keys", "rotate", level, folder=self.folder, **CACHED) as process:
            out, err = await asyncio.wait_for(process.process.communicate(), LONG_S)
        return process.process.returncode, err.decode() + out.decode() * bool(err)

    @asynccontextmanager
    async def keyring(self) -> AsyncIterator[Any]:
        """The keyring's database."""
        address = (self.folder / "data" / "server-address").read_text()
        async with open_client(address, 30) as client:
            yield client["profile_gateway-keyring"]

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Any]:
        """The database of the profiles."""
        address = (self.folder / "data" / "server-address").read_text()
        async with open_client(address, 30) as client:
            yield client["profile_gateway"]

    async def talk(self, id_: str) -> None:
        """One more conversation with somebody, told of in two parts."""
        number = self.said.get(id_, 0)
        given = {"profileId": id_, "kind": "CALL", "externalId": f"{id_} {number}"}
        for more in ({"recording": f"recording {number}"}, {"summary": f"said {number}"}):
            done = await self.service.ask(RECORD, {"input": {**given, **more}})
            if "errors" in done:
                self.wrong.append(done)
        self.said[id_] = number + 1

    async def keep_busy(self, until: asyncio.Event) -> None:
        """Read, look up and change, one after the other, and note what isn't as it should be."""
        ids = sorted(self.notes)
        while not until.is_set():
            id_ = ids[self.calls % len(ids)]
            self.calls += 1
            note = f"note {self.calls}"
            change = {"id": id_, "custom": {"note": note}}
            done = await self.service.ask(UPDATE, {"input": change})
            seen = await self.service.ask(READ, {"id": id_})
            if "errors" in done or "errors" in seen:
                self.wrong.append((done, seen))
            elif seen["data"]["profile"]["custom"]["note"] != note:
                self.wrong.append(seen)
            self.notes[id_] = note
            await self.talk(id_)
            new = await self.service.ask(CREATE, {"input": {"custom": {"note": "new"}}})
            if "errors" in new:
                self.wrong.append(new)
            else:
                self.notes[new["data"]["createProfile"]["profile"]["id"]] = "new"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rotating(tmp_path_factory) -> AsyncIterator[Rotating]:
    folder = tmp_path_factory.mktemp("rotating")
    settings = {f"GATEWAY_{name}": value for name, value in CACHED.items()}
    async with (
        serving(folder / "data", settings) as gateway,
        httpx2.AsyncClient(base_url=gateway.url, timeout=60) as client,
    ):
        admin, service = (
            Caller(client, gateway.token(role, tenant=TENANT)) for role in ("admin", "service")
        )
        await define(admin, [{"key": "note", "kind": "STRING", "dataClass": "CONTACT"}])
        rows = [f"a{number}@example.org,note of {number},Name{number}" for number in range(COUNT)]
        text = "\n".join(["identities.EMAIL,custom.note,name.family", *rows])
        (folder / "people.csv").write_text(text)
        async with running("import", "people.csv", "--tenant", TENANT, folder=folder) as imported:
            _, err = await asyncio.wait_for(imported.process.communicate(), LONG_S)
        assert (imported.process.returncode, err) == (0, b"")
        listener = Caller(client, gateway.token("reviewer", tenant=TENANT))
        found = Rotating(gateway, folder, service, listener)
        for number in range(0, COUNT, max(1, COUNT // 40)):
            data = await service.data(WHO, {"value": f"a{number}@example.org"})
            id_ = data["identify"]["profile"]["id"]
            found.notes[id_] = f"note of {number}"
            await found.talk(id_)
        yield found


async def said_by(rotating: Rotating, id_: str) -> list[dict[str, str]]:
    """All that was said in somebody's conversations, the newest first."""
    found, page = [], {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        data = await rotating.listener.data(SAID, {"id": id_, "after": page["endCursor"]})
        page = data["profile"]["timeline"]["pageInfo"]
        found += [edge["node"] for edge in data["profile"]["timeline"]["edges"]]
    return found


async def all_readable(rotating: Rotating) -> None:
    """Every profile that somebody knows of says what it should, and can still be found."""
    for id_, note in rotating.notes.items():
        data = await rotating.service.data(READ, {"id": id_})
        assert data["profile"]["custom"]["note"] == note
    for id_, count in rotating.said.items():
        assert await said_by(rotating, id_) == [
            {"summary": f"said {number}", "recording": f"recording {number}"}
            for number in reversed(range(count))
        ]
    for number in range(1, COUNT, max(1, COUNT // 40)):
        data = await rotating.service.data(WHO, {"value": f"a{number}@example.org"})
        found = data["identify"]["profile"]
        assert found["identities"] == [{"value": f"a{number}@example.org"}]
        assert found["custom"]["note"].startswith("note")


async def begun(rotating: Rotating, what: str = "rotation") -> None:
    """Return as soon as a rotation has done some profiles and not all."""
    async with rotating.keyring() as keyring:
        for _ in range(LONG_S * 50):
            mark = await keyring[META].find_one({"_id": f"{what}/{TENANT}"})
            if mark and mark.get("after"):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("no rotation has begun")


@pytest.mark.timeout(LONG_S)
async def test_profiles_get_new_keys_under_load_even_where_it_is_killed_in_the_middle(rotating):
    over = asyncio.Event()
    busy = asyncio.create_task(rotating.keep_busy(over))
    async with running("keys", "rotate", "profile", folder=rotating.folder, **CACHED) as first:
        await begun(rotating)
        killed = await first.stopped(signal.SIGKILL)
    status = await command("keys", "status", folder=rotating.folder)

    code, told = await rotating.rotated("profile")
    over.set()
    await busy

    assert killed.code == -signal.SIGKILL
    assert "run `keys rotate profile` to finish" in status.out
    assert (code, told) == (0, "")
    assert rotating.wrong == []
    assert rotating.calls > 20
    await all_readable(rotating)
    async with rotating.keyring() as keyring:
        held = await keyring[PROFILES].find({}).to_list()
    generations = [[entry["generation"] for entry in document["keys"]] for document in held]
    assert len(held) >= COUNT
    # Those that were created behind the walk have their first key alone.
    assert {len(one) for one in generations} == {1}
    assert sum(one == [2] for one in generations) >= COUNT


@pytest.mark.timeout(LONG_S)
async def test_a_tenant_gets_a_new_key_under_load_and_the_former_one_is_gone(rotating):
    over = asyncio.Event()
    busy = asyncio.create_task(rotating.keep_busy(over))

    code, told = await rotating.rotated("tenant")
    over.set()
    await busy

    assert (code, told) == (0, "")
    assert rotating.wrong == []
    await all_readable(rotating)
    async with rotating.keyring() as keyring:
        held = await keyring[PROFILES].find({}).to_list()
        keys = await keyring[TENANTS].find({}).sort("_id", 1).to_list()
    assert {entry["by"] for document in held for entry in document["keys"]} == {2}
    assert [document["_id"] for document in keys] == ["acme/data/000002", "acme/index/000001"]


@pytest.mark.timeout(LONG_S)
async def test_a_tenant_gets_a_new_index_under_load_even_where_it_is_killed_in_the_middle(rotating):
    over = asyncio.Event()
    busy = asyncio.create_task(rotating.keep_busy(over))
    async with running("keys", "rotate", "index", folder=rotating.folder, **CACHED) as first:
        await begun(rotating, "index-rotation")
        killed = await first.stopped(signal.SIGKILL)
    status = await command("keys", "status", folder=rotating.folder)

    code, told = await rotating.rotated("index")
    over.set()
    await busy

    assert killed.code == -signal.SIGKILL
    assert "run `keys rotate index` to finish" in status.out
    assert (code, told) == (0, "")
    assert rotating.wrong == []
    await all_readable(rotating)
    async with rotating.keyring() as keyring:
        keys = await keyring[TENANTS].find({"purpose": "index"}).to_list()
    assert [key["version"] for key in keys] == [2]
    async with rotating.store() as store:
        claims = [one["_id"] async for one in store["identities"].find({})]
        claims += [one["_id"] async for one in store["interactionClaims"].find({})]
    assert len(claims) >= COUNT
    # What was claimed behind the walk, by both keys, is claimed by the new one alone as well.
    assert {version_of(one) for one in claims} == {2}
