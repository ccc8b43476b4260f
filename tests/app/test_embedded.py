import asyncio
import os
import random
import signal
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from app.store.client import open_client, server_description
from app.store.embedded import EmbeddedServer, Timing
from app.store.embedded_files import DirectoryInUse, EmbeddedServerError
from tests.support.embedded import QUICK

# A gateway in small: it starts the server, says which process it is, and waits to be killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from app.store.embedded import EmbeddedServer

async def main():
    async with EmbeddedServer(Path(sys.argv[1])) as server:
        print(server.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_it_answers_from_start_to_stop_and_leaves_no_process(tmp_path: Path):
    async with EmbeddedServer(tmp_path) as server:
        pid = server.pid
        async with open_client(server.uri, 5) as client:
            described = await server_description(client)

    assert described.embedded_version == (tmp_path / "server-version").read_text().strip()
    assert described.replica_set == "secantus"
    assert pid is not None
    assert has_ended(pid)
    assert server.pid is None


async def test_nobody_else_can_read_what_it_writes(tmp_path: Path):
    path = tmp_path / "data"
    path.mkdir(mode=0o755)

    async with EmbeddedServer(path):
        modes = {file: stat.S_IMODE(file.stat().st_mode) for file in path.rglob("*")}

    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {file.name for file in modes} >= {"server-version", "server.log", "WiredTiger.wt"}
    assert {file.name for file, mode in modes.items() if mode & 0o077} == set()


async def test_an_ordinary_user_of_the_server_cannot_inject_faults(tmp_path: Path):
    async with EmbeddedServer(tmp_path) as server, open_client(server.uri, 5) as client:
        with pytest.raises(pymongo.errors.OperationFailure) as refused:
            await client.admin.command("configureFailPoint", "failCommand", mode="off")

    assert refused.value.code == 59


async def test_a_killed_server_comes_back_at_the_same_address(tmp_path: Path):
    async with EmbeddedServer(tmp_path, timing=QUICK) as server:
        async with open_client(server.uri, 5) as client:
            await client.shop.notes.insert_one({"_id": "kept"})
            before = server.pid, server.uri

            os.kill(before[0], signal.SIGKILL)
            kept = await until(lambda: client.shop.notes.find_one({"_id": "kept"}))

        assert kept == {"_id": "kept"}
        assert server.pid != before[0]
        assert server.uri == before[1]


async def test_a_server_that_hangs_is_killed_and_started_again(tmp_path: Path):
    async with EmbeddedServer(tmp_path, timing=QUICK) as server:
        hung = server.pid
        os.kill(hung, signal.SIGSTOP)

        async with open_client(server.uri, 1) as client:
            answer = await until(lambda: client.admin.command("ping"))

        assert answer["ok"] == 1
        assert server.pid != hung
        assert has_ended(hung)


async def test_a_server_that_answers_only_errors_is_started_again(tmp_path: Path):
    async with EmbeddedServer(tmp_path, test_commands=True, timing=QUICK) as server:
        sick = server.pid
        async with open_client(server.uri, 5) as client:
            await fail_every(client, "update")
            written = await until(
                lambda: client.shop.notes.update_one({"_id": 1}, {"$set": {"a": 1}}, upsert=True)
            )

        assert written.upserted_id == 1
        assert server.pid != sick


async def test_attempts_to_restart_it_go_on_until_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_server_that_says: Callable[[str], None]
):
    timing = Timing(probe_every_s=0.5, longest_pause_s=0.2)
    async with EmbeddedServer(tmp_path, timing=timing) as server:
        a_server_that_says("no space")
        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: asyncio.to_thread(said, tmp_path, "no space", times=5))

        monkeypatch.undo()
        async with open_client(server.uri, 5) as client:
            assert await until(lambda: client.admin.command("ping"))


async def test_it_dies_with_a_gateway_that_is_killed(tmp_path: Path):
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        async with asyncio.timeout(20):
            child = int(await parent.stdout.readline())
    finally:
        parent.kill()
        await parent.wait()

    assert await until(lambda: asyncio.to_thread(has_ended, child))


async def test_a_second_gateway_on_the_same_directory_is_refused(tmp_path: Path):
    async with EmbeddedServer(tmp_path) as first, open_client(first.uri, 5) as client:
        with pytest.raises(DirectoryInUse, match=rf"in use by .* \(process {os.getpid()}\)"):
            await EmbeddedServer(tmp_path).start()

        assert await client.admin.command("ping")


async def test_a_stopped_server_can_be_started_again_on_its_data(tmp_path: Path):
    server = EmbeddedServer(tmp_path)
    async with server, open_client(server.uri, 5) as client:
        await client.shop.notes.insert_one({"_id": "kept"})

    async with server, open_client(server.uri, 5) as client:
        kept = await client.shop.notes.find_one()

    assert kept == {"_id": "kept"}


async def test_data_of_another_series_of_the_server_is_refused_by_both_names(tmp_path: Path):
    async with EmbeddedServer(tmp_path):
        installed = (tmp_path / "server-version").read_text().strip()
    (tmp_path / "server-version").write_text("0.99.1\n")

    with pytest.raises(EmbeddedServerError) as refused:
        await EmbeddedServer(tmp_path).start()

    assert "made by secantusdb 0.99.1" in str(refused.value)
    assert f"installed secantusdb {installed}" in str(refused.value)
    assert "`profile-gateway backup FILE`" in str(refused.value)
    assert "`profile-gateway restore FILE`" in str(refused.value)
    assert (tmp_path / "server-version").read_text() == "0.99.1\n"


async def test_data_that_the_server_itself_refuses_is_refused_by_both_names(
    tmp_path: Path, a_server_that_says: Callable[[str], None]
):
    (tmp_path / "db").mkdir()
    (tmp_path / "server-version").write_text("0.7.0b0\n")
    a_server_that_says("secantus.storage.IncompatibleStorageFormatError: other keys")

    with pytest.raises(EmbeddedServerError, match=r"made by secantusdb 0\.7\.0b0, and the inst"):
        await EmbeddedServer(tmp_path).start()


async def test_a_server_that_ends_at_once_is_reported_with_its_code_and_log(
    tmp_path: Path, a_server_that_says: Callable[[str], None]
):
    a_server_that_says("no space")

    with pytest.raises(EmbeddedServerError, match=r"ended with code 3 .*server\.log"):
        await EmbeddedServer(tmp_path).start()

    assert (tmp_path / "server.log").read_text() == "no space\n" * 3


async def test_a_missing_server_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EmbeddedServerError) as missing:
        await EmbeddedServer(tmp_path / "data").start()

    assert "pip install 'secantusdb>=0.7.0b3,<0.8'" in str(missing.value)
    assert "GATEWAY_STORE__URI" in str(missing.value)
    assert not (tmp_path / "data").exists()


async def test_no_acknowledged_write_is_lost_in_ten_kills(tmp_path: Path):
    chance = random.Random(20261123)  # noqa: S311 - moments to kill at, no secrets
    acknowledged: set[str] = set()
    async with EmbeddedServer(tmp_path, timing=QUICK) as server:
        for kill in range(10):
            async with open_client(server.uri, 5) as client:
                killed = asyncio.Event()
                writers = [
                    asyncio.create_task(write_until(killed, client, f"{kill}-{n}", acknowledged))
                    for n in range(8)
                ]
                await asyncio.sleep(chance.uniform(0.05, 0.6))
                os.kill(server.pid, signal.SIGKILL)
                killed.set()
                await asyncio.gather(*writers)

                await until(lambda client=client: client.admin.command("ping"))
                found = {note["_id"] async for note in client.shop.notes.find()}
                assert acknowledged - found == set()

    assert len(acknowledged) > 100


async def write_until(
    killed: asyncio.Event, client: AsyncMongoClient[Any], name: str, acknowledged: set[str]
) -> None:
    """Insert notes, every other writer by transactions of two."""
    notes, in_pairs, number = client.shop.notes, int(name[-1]) % 2, 0
    while not killed.is_set():
        number += 1
        texts = [{"_id": f"{name}-{number}-{part}", "text": "x"} for part in range(1 + in_pairs)]
        try:
            if in_pairs:
                async with client.start_session() as session, await session.start_transaction():
                    await notes.insert_many(texts, session=session)
            else:
                await notes.insert_many(texts)
        except PyMongoError:
            return
        acknowledged.update(text["_id"] for text in texts)


async def until(attempt: Callable[[], Awaitable[Any]]) -> Any:
    """The first answer that isn't false and no failure of the server, within 30 s."""
    async with asyncio.timeout(30):
        while True:
            with suppress(PyMongoError):
                if answer := await attempt():
                    return answer
            await asyncio.sleep(0.05)


async def fail_every(client: AsyncMongoClient[Any], command: str) -> None:
    await client.admin.command(
        {
            "configureFailPoint": "failCommand",
            "mode": "alwaysOn",
            "data": {"failCommands": [command], "errorCode": 1},
        }
    )


def said(path: Path, words: str, *, times: int) -> bool:
    return (path / "server.log").read_text().count(words) >= times


def has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in {"Z", "X"}


@pytest.fixture
def a_server_that_says(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Put an executable in the server's place that says something and ends with code 3."""
    place = tmp_path_factory.mktemp("bin")

    def install(words: str) -> None:
        (place / "secantusd-py").write_text(f"#!/bin/sh\necho '{words}'\nexit 3\n")
        (place / "secantusd-py").chmod(0o755)
        (place / "python").symlink_to(sys.executable)
        monkeypatch.setattr(sys, "executable", str(place / "python"))

    return install
