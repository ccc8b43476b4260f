"""`profile-gateway import` as users run it, also when it is killed in the middle."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable

from tests.app.imports.importing import customers, dead_letters, without_ids_and_times
from tests.support.process import Ended, running

MAP = """
[columns]
"First name" = "name.given"
"E-mail" = "identities.EMAIL"
"Remark" = ""
"""


async def ended(importing, *words: str) -> Ended:
    """How an import ended, however long it takes."""
    told = ("import", *words, "--tenant", importing.tenant)
    async with running(*told, folder=importing.folder, **importing.environment) as it:
        out, err = await it.process.communicate()
    return Ended(it.process.returncode, out.decode(), err.decode())


async def test_columns_go_where_the_map_says_and_the_outcome_is_told(importing):
    importing.file("map.toml", MAP)
    importing.file("a.csv", "First name;E-mail;Remark\r\nAda;a@example.com;x\r\nEve;nobody;y\r\n")

    told = await ended(importing, "a.csv", "--map", "map.toml")
    again = await ended(importing, "a.csv", "--map", "map.toml", "--json")

    lines = told.out.splitlines()
    assert (told.code, told.err) == (0, "row 2: E-mail: not an e-mail address\n")
    assert lines[:3] == [
        "        1 created",
        "        0 updated",
        "        1 bad, kept in a.csv.dead.jsonl",
    ]
    assert json.loads(again.out)["wasDone"] is True
    assert [one["name"] for one in await importing.profiles()] == [{"given": "Ada"}]
    [letter] = dead_letters(importing.folder / "a.csv")
    assert letter["data"] == {"First name": "Eve", "E-mail": "nobody", "Remark": "y"}


async def test_an_unknown_target_refuses_to_start_with_the_nearest_one(importing):
    importing.file("a.csv", "Name.given,identities.EMAIL\nAda,a@example.com\n")
    importing.file("b.csv", "firstname,identities.EMIAL\nAda,a@example.com\n")
    importing.file("map.toml", '[columns]\nfirstname = "given"\n')

    one = await ended(importing, "a.csv")
    other = await ended(importing, "b.csv", "--map", "map.toml")

    assert one == Ended(1, "", "There is no target 'Name.given'; the nearest is 'name.given'.\n")
    assert other == Ended(1, "", "There is no target 'given'; the nearest is 'name.given'.\n")
    assert await importing.count() == 0


async def test_a_file_of_unknown_format_and_a_wrong_channel_are_refused(importing):
    importing.file("a.txt", "identities.EMAIL\n")

    nameless = await ended(importing, "a.txt")
    channel = await ended(importing, "a.txt", "--format", "csv", "--match", "FAX")

    assert (nameless.code, channel.code) == (1, 2)
    assert "--format" in nameless.err


async def test_an_import_that_is_killed_goes_on_to_the_same_end(importing, rows):
    await importing.define("tier", is_searchable=True)
    text = customers(rows) + customers(rows // 10).partition("\n")[2]
    killed, whole = importing.file("killed.csv", text), importing.file("whole.csv", text + "\n")
    words = ("killed.csv", "--batch", "100", "--tenant", importing.tenant)
    bookmarks = importing.store.database["bookmarks"]

    async with running("import", *words, folder=importing.folder, **importing.environment) as it:
        await until(lambda: bookmarks.find_one({"row": {"$gte": rows // 3}}))
        await it.stopped(signal.SIGKILL)
    half = await importing.count()
    second = await ended(importing, "killed.csv", "--batch", "100", "--json")
    interrupted = without_ids_and_times(await importing.profiles())
    letters = dead_letters(killed)
    await emptied(importing)
    straight = await ended(importing, "whole.csv", "--batch", "100", "--json")

    assert 0 < half < rows - rows // 100
    assert counts(second) == counts(straight)
    assert interrupted == without_ids_and_times(await importing.profiles())
    assert letters == dead_letters(whole)
    assert len(letters) == counts(straight)["bad"]


async def until(ask: Callable[[], Awaitable[object]]) -> None:
    """Wait for an answer; fails after a minute without one."""
    async with asyncio.timeout(60):
        while not await ask():  # noqa: ASYNC110 - another process makes it come true
            await asyncio.sleep(0.02)


async def emptied(importing) -> None:
    """Take away what was imported."""
    for name in ("profiles", "identities"):
        await importing.store.database[name].delete_many({})


def counts(told: Ended) -> dict[str, int]:
    """What an import counted."""
    assert told.code == 0, told.err
    outcome = json.loads(told.out)
    return {key: outcome[key] for key in ("created", "updated", "bad")}


async def test_without_its_dead_letters_an_interrupted_import_does_not_go_on(importing):
    await importing.define("tier")
    await importing.do(importing.file("a.csv", customers(200, bad_every=10)))
    bookmarks = importing.store.database["bookmarks"]
    await bookmarks.update_many({}, {"$set": {"isFinished": False}})
    importing.file("a.csv.dead.jsonl", "")

    told = await ended(importing, "a.csv")

    assert (told.code, told.out) == (1, "")
    assert "begin again with --restart" in told.err
