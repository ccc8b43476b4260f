"""Backup and restore from the command line: beside a running gateway, and into a new place."""

import json
import re
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
    """A folder with data and its backups, made beside the gateway; what it answered to everything.

    And how a restore into the running gateway ended, and one into its data when it was gone.
    """
    folder = tmp_path_factory.mktemp("first")
    async with asking(folder, "admin", "service", "supervisor") as caller:
        await define(caller, [{"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"}])
        voice = [{"channel": "VOICE", "value": "+12025550143", "verified": True}]
        await a_profile(caller, identities=voice, custom={"tier": "gold"}, birthDate="1985-12-10")
        await a_profile(caller, name={"given": "Grace", "family": "Hopper"})
        told = await command("backup", "all.jsonl", "--json", folder=folder)
        beside = await command("backup", "keys.jsonl", "--keyring", "--json", folder=folder)
        assert (told.code, told.err, beside.code, beside.err) == (0, "", 0, "")
        answer = await caller.data(EVERYTHING)
        running = await command("restore", "all.jsonl", folder=folder)
    stopped = await command("restore", "all.jsonl", folder=folder)
    assert json.loads(told.out) == {"definitions": 1, "identities": 1, "meta": 1, "profiles": 2}
    assert json.loads(beside.out) == {"meta": 1, "profiles": 2, "tenants": 2}
    return folder, answer, running, stopped


async def test_a_backup_beside_a_running_gateway_is_readable_by_us_alone(backed_up):
    folder, *_ = backed_up

    found = {
        path.name: (
            len(path.read_text("utf-8").splitlines()),
            stat.S_IMODE(path.stat().st_mode),
        )
        for path in folder.glob("*.jsonl")
    }

    assert found == {"all.jsonl": (7, 0o600), "keys.jsonl": (7, 0o600)}
    assert {path.name for path in folder.iterdir()} == {"data", *found}


async def test_neither_backup_holds_what_identifies_somebody_or_a_key(backed_up):
    folder, *_ = backed_up
    root = (folder / "data" / "keys" / "root.key").read_text("utf-8").strip()
    data, keys = ((folder / name).read_text("utf-8") for name in ("all.jsonl", "keys.jsonl"))

    assert "2025550143" not in data + keys
    assert root.rstrip("=") not in data + keys
    assert "Hopper" in data
    assert "Hopper" not in keys


async def test_a_keyring_that_holds_keys_takes_no_restore(backed_up):
    folder, *_ = backed_up

    refused = await command("restore", "keys.jsonl", "--keyring", folder=folder)

    assert refused == Ended(1, "", "The database isn't empty: meta holds documents.\n")


async def test_a_store_that_holds_data_takes_no_restore_running_or_not(backed_up):
    folder, answer, running, stopped = backed_up

    refused = Ended(1, "", "The database isn't empty: definitions holds documents.\n")
    async with asking(folder, "supervisor", "admin") as caller:
        after = await caller.data(EVERYTHING)
    assert (running, stopped) == (refused, refused)
    assert after == answer


async def test_with_its_keyring_and_root_key_a_restored_gateway_gives_the_same_answers(
    backed_up, tmp_path
):
    folder, answer, *_ = backed_up
    root_key_of(folder, tmp_path)

    told = await restored(folder, tmp_path)
    keys = await restored(folder, tmp_path, keyring=True)
    async with asking(tmp_path, "supervisor", "admin") as caller:
        after = await caller.data(EVERYTHING)
    again = await command("backup", "again.jsonl", folder=tmp_path)
    keys_again = await command("backup", "keys.jsonl", "--keyring", folder=tmp_path)

    data = "        1 definitions\n        1 identities\n        1 meta\n        2 profiles\n"
    beside = "        1 meta\n        2 profiles\n        2 tenants\n"
    assert told == again == Ended(0, data, "")
    assert keys == keys_again == Ended(0, beside, "")
    assert after == answer
    assert after["identify"]["outcome"] == "KNOWN"
    assert after["profiles"]["totalCount"] == 2
    assert documents(tmp_path / "again.jsonl") == documents(folder / "all.jsonl")
    assert documents(tmp_path / "keys.jsonl") == documents(folder / "keys.jsonl")


async def restored(folder: Path, into: Path, *, keyring: bool = False) -> Ended:
    """How the restore of a backup in `folder` ended: of the data, or of the keyring."""
    file, options = ("keys.jsonl", ["--keyring"]) if keyring else ("all.jsonl", [])
    return await command("restore", str(folder / file), *options, folder=into)


def root_key_of(folder: Path, into: Path) -> None:
    """Bring the development root key along, and the issuer's."""
    shutil.copytree(folder / "data" / "keys", into / "data" / "keys", dirs_exist_ok=True)


def documents(file: Path) -> list[str]:
    """The lines between a backup's header and its footer."""
    return file.read_text("utf-8").splitlines()[1:-1]


async def test_without_its_keyring_a_restored_gateway_refuses_to_serve(backed_up, tmp_path):
    folder, *_ = backed_up
    root_key_of(folder, tmp_path)
    await restored(folder, tmp_path)

    refused = await command("serve", "--port", "0", folder=tmp_path)
    await restored(folder, tmp_path, keyring=True)
    mended = await command("doctor", "--fix", folder=tmp_path)

    assert (refused.code, refused.out) == (1, "")
    assert re.fullmatch(
        r"The data in profile_gateway was sealed with the keyring [0-9a-f]{16}, and the database"
        r" profile_gateway-keyring holds none\. Restore the keyring's own backup with"
        r" `profile-gateway restore --keyring FILE`, or name its database in keys\.database\.\n",
        refused.err,
    )
    assert (mended.code, mended.err) == (0, "")


async def test_without_its_root_key_a_restored_gateway_refuses_to_serve(backed_up, tmp_path):
    folder, *_ = backed_up
    for keyring in (False, True):
        await restored(folder, tmp_path, keyring=keyring)

    refused = await command("serve", "--port", "0", folder=tmp_path)
    root_key_of(folder, tmp_path)
    mended = await command("doctor", "--fix", folder=tmp_path)

    assert (refused.code, refused.out) == (1, "")
    assert re.fullmatch(
        r"The root key local:[\w-]{16} is missing: it wrapped a key that is stored, and it isn't in"
        rf" the file {re.escape(str(tmp_path))}/data/keys/root\.key\. Name it in"
        r" keys\.former_roots\.\n",
        refused.err,
    )
    assert (mended.code, mended.err) == (0, "")


async def test_a_doctor_s_visit_does_not_stand_in_the_way_of_a_restore(backed_up, tmp_path):
    folder, *_ = backed_up
    await command("doctor", "--fix", folder=tmp_path)

    told = await restored(folder, tmp_path)
    keys = await restored(folder, tmp_path, keyring=True)

    assert (told.code, told.err) == (keys.code, keys.err) == (0, "")


async def test_a_changed_file_is_refused_and_leaves_nothing_behind(backed_up, tmp_path):
    folder, *_ = backed_up
    changed = (folder / "all.jsonl").read_text("utf-8").replace("gold", "lead")
    (tmp_path / "changed.jsonl").write_text(changed, "utf-8")

    refused = await command("restore", "changed.jsonl", folder=tmp_path)
    told = await restored(folder, tmp_path)

    assert (refused.code, refused.out) == (1, "")
    assert "a line was changed" in refused.err
    assert told.code == 0
