"""Backup and restore from the command line: beside a running gateway, and into a new place."""

import json
import shutil
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest_asyncio

from tests.support.gateway import Caller, a_profile, define
from tests.support.process import Ended, command, serving

EVERYTHING = """
{
  identify(channel: VOICE, value: "+12025550143") { outcome profile { id } }
  customerSchema { revision fields { key kind dataClass } }
  profiles(first: 10) {
    totalCount
    edges { node {
      id version state birthDate createdAt name { full } custom { _keys tier }
      identities { channel value verified primary firstSeenAt }
    } }
  }
}
"""


@asynccontextmanager
async def asking(folder: Path, *roles: str) -> AsyncIterator[Caller]:
    """Somebody who asks a gateway that serves the data in `folder`."""
    async with (
        serving(folder / "data") as process,
        httpx2.AsyncClient(base_url=process.url, trust_env=False) as http,
    ):
        yield Caller(http, process.token(*roles, tenant="acme"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def backed_up(tmp_path_factory) -> tuple[Path, object, Ended, Ended]:
    """A folder with data and its backup, made beside the gateway; what it answered to everything.

    And how a restore into the running gateway ended, and one into its data when it was gone.
    """
    folder = tmp_path_factory.mktemp("first")
    async with asking(folder, "admin", "service", "supervisor") as caller:
        await define(caller, [{"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"}])
        voice = [{"channel": "VOICE", "value": "+12025550143", "verified": True}]
        await a_profile(caller, identities=voice, custom={"tier": "gold"}, birthDate="1985-12-10")
        await a_profile(caller, name={"given": "Grace", "family": "Hopper"})
        told = await command("backup", "all.jsonl", "--json", folder=folder)
        assert (told.code, told.err) == (0, "")
        answer = await caller.data(EVERYTHING)
        running = await command("restore", "all.jsonl", folder=folder)
    stopped = await command("restore", "all.jsonl", folder=folder)
    assert json.loads(told.out) == {"definitions": 1, "identities": 1, "meta": 1, "profiles": 2}
    return folder, answer, running, stopped


async def test_a_backup_beside_a_running_gateway_is_readable_by_us_alone(backed_up):
    folder, *_ = backed_up

    lines = (folder / "all.jsonl").read_text("utf-8").splitlines()

    assert len(lines) == 7
    assert stat.S_IMODE((folder / "all.jsonl").stat().st_mode) == 0o600
    assert {path.name for path in folder.iterdir()} == {"data", "all.jsonl"}


async def test_a_store_that_holds_data_takes_no_restore_running_or_not(backed_up):
    folder, answer, running, stopped = backed_up

    refused = Ended(1, "", "The database isn't empty: definitions holds documents.\n")
    async with asking(folder, "supervisor", "admin") as caller:
        after = await caller.data(EVERYTHING)
    assert (running, stopped) == (refused, refused)
    assert after == answer


async def test_with_its_keys_a_restored_gateway_gives_the_same_answers(backed_up, tmp_path):
    folder, answer, *_ = backed_up
    shutil.copytree(folder / "data" / "keys", tmp_path / "data" / "keys")

    told = await command("restore", str(folder / "all.jsonl"), folder=tmp_path)
    async with asking(tmp_path, "supervisor", "admin") as caller:
        restored = await caller.data(EVERYTHING)
    again = await command("backup", "again.jsonl", folder=tmp_path)

    assert (
        told
        == again
        == Ended(
            0,
            "        1 definitions\n        1 identities\n        1 meta\n        2 profiles\n",
            "",
        )
    )
    assert restored == answer
    assert restored["identify"]["outcome"] == "KNOWN"
    assert restored["profiles"]["totalCount"] == 2
    assert documents(tmp_path / "again.jsonl") == documents(folder / "all.jsonl")


def documents(file: Path) -> list[str]:
    """The lines between a backup's header and its footer."""
    return file.read_text("utf-8").splitlines()[1:-1]


async def test_without_its_keys_a_restored_gateway_refuses_to_serve(backed_up, tmp_path):
    folder, *_ = backed_up
    await command("restore", str(folder / "all.jsonl"), folder=tmp_path)

    refused = await command("serve", "--port", "0", folder=tmp_path)
    shutil.copytree(folder / "data" / "keys", tmp_path / "data" / "keys", dirs_exist_ok=True)
    mended = await command("doctor", "--fix", folder=tmp_path)

    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "The identities in this database were indexed with another identity key. Give that one by"
        " keys.identity, or put the development key it was made with back into the data directory"
        " (keys/identity.key).\n"
    )
    assert mended.code == 0


async def test_a_doctor_s_visit_does_not_stand_in_the_way_of_a_restore(backed_up, tmp_path):
    folder, *_ = backed_up
    await command("doctor", "--fix", folder=tmp_path)

    told = await command("restore", str(folder / "all.jsonl"), "--json", folder=tmp_path)

    assert json.loads(told.out) == {"definitions": 1, "identities": 1, "meta": 1, "profiles": 2}


async def test_a_changed_file_is_refused_and_leaves_nothing_behind(backed_up, tmp_path):
    folder, *_ = backed_up
    changed = (folder / "all.jsonl").read_text("utf-8").replace("gold", "lead")
    (tmp_path / "changed.jsonl").write_text(changed, "utf-8")

    refused = await command("restore", "changed.jsonl", folder=tmp_path)
    told = await command("restore", str(folder / "all.jsonl"), folder=tmp_path)

    assert (refused.code, refused.out) == (1, "")
    assert "a line was changed" in refused.err
    assert told.code == 0
