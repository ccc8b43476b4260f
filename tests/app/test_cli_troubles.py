"""Commands that can't do their work: one sentence on standard error, exit code 1, no traceback."""

import asyncio
import os
import re
import socket
import time
from collections.abc import Mapping

import pytest

from tests.support.process import Ended, command

PASSWORD = "Zq7canary"
SOURCE = {
    "SOURCES__CRM__CONNECTOR": "hubspot",
    "SOURCES__CRM__TENANT": "acme",
    "SOURCES__CRM__BASE_URL": "http://127.0.0.1:9",
    "SOURCES__CRM__SECRET": "env:PROFILE_GATEWAY_TEST_NOTHING",
}
PRODUCTION = {"ENV": "production", "AUTH__DEVELOPMENT": "false"}


@pytest.fixture
def fails(tmp_path):
    """Runs lines at the same time; each must fail.  What they said, by line."""

    async def run(*lines: str, **variables: str) -> Mapping[str, str]:
        at_once = asyncio.Semaphore(3)

        async def one(line: str) -> Ended:
            async with at_once:
                return await command(*line.split(), folder=tmp_path, **variables)

        ended = await asyncio.gather(*map(one, lines))
        said = {line: item.err for line, item in zip(lines, ended, strict=True)}
        assert {line: item.code for line, item in zip(lines, ended, strict=True)} == dict.fromkeys(
            lines, 1
        ), said
        assert "Traceback" not in "".join(said.values())
        assert PASSWORD not in "".join(item.err + item.out for item in ended)
        return said

    return run


@pytest.fixture
def silent():
    """The port of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_port_that_is_taken_is_named(fails, silent, tmp_path):
    said = await fails(f"serve --port {silent}", f"demo --port {silent}")

    told = f"Can't listen on 127.0.0.1, port {silent}: Address already in use.\n"
    assert set(said.values()) == {told}
    assert list(tmp_path.iterdir()) == []


async def test_an_address_that_is_not_ours_is_named(fails):
    said = await fails("serve --port 0 --host 192.0.2.1", "serve --port 0 --host nobody.invalid")

    assert said["serve --port 0 --host 192.0.2.1"] == (
        "Can't listen on 192.0.2.1, port 0: Cannot assign requested address.\n"
    )
    assert "Can't listen on nobody.invalid, port 0: " in "".join(said.values())


async def test_a_data_directory_that_is_none_is_named_by_every_command(fails, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "given").write_text("{}\n")
    lines = ["serve --port 0", "token --role agent", "backup it", "restore given"]

    said = await fails(*lines, "schema --tenant acme", STORE__PATH="file")
    doctor = await command("doctor", folder=tmp_path, STORE__PATH="file")

    assert [line for line, words in said.items() if "file" not in words] == []
    assert {len(words.splitlines()) for words in said.values()} == {1}
    assert (doctor.code, doctor.err) == (1, "")
    assert [line.split(":")[0] for line in doctor.out.splitlines()] == ["FAIL keys", "FAIL store"]


@pytest.mark.parametrize("place", ["file/below", "loop"])
async def test_a_way_that_leads_nowhere_is_named(fails, tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")

    said = await fails("serve --port 0", "backup it", STORE__PATH=place)

    assert all(place in words for words in said.values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_data_directory_that_may_not_be_made_is_named(fails, tmp_path):
    (tmp_path / "shut").mkdir(mode=0o500)

    said = await fails("serve --port 0", "token --role agent", "backup it", STORE__PATH="shut/data")

    assert all("shut/data" in words for words in said.values())
    assert all("Permission denied" in words for words in said.values())


async def test_a_settings_file_that_is_no_toml_is_named_by_every_command(fails, tmp_path):
    (tmp_path / "gateway.toml").write_text(f"env = '{PASSWORD}\n")

    said = await fails("serve", "token --role agent", "doctor")

    assert all(words.startswith("gateway.toml can't be read: ") for words in said.values())


async def test_an_unknown_setting_is_told_with_the_nearest(fails):
    said = await fails("serve", STORE_URI=f"mongodb://ada:{PASSWORD}@db.example.com")

    assert said["serve"] == ("GATEWAY_STORE_URI is no setting. Did you mean GATEWAY_STORE__URI?\n")


async def test_what_is_no_connection_string_is_refused_without_being_told(fails):
    said = await fails(
        *("serve --port 0", "backup it"),
        STORE__URI=f"mongodb://ada:{PASSWORD}/x@db.example.com",
    )

    assert all(words.startswith("store.uri can't be used: ") for words in said.values())


@pytest.mark.parametrize("port", ["silent", "closed"])
async def test_a_store_that_answers_nobody_is_given_up_soon(fails, silent, port):
    at = silent if port == "silent" else 9
    began = time.monotonic()

    said = await fails(
        *("serve --port 0", "backup it", "schema --tenant acme"),
        STORE__URI=f"mongodb://ada:{PASSWORD}@127.0.0.1:{at}/",
        STORE__DEADLINE_S="1",
    )

    # Three processes that start, each with patience of a second.
    assert time.monotonic() - began < 60
    assert all("The store gives no answer" in words for words in said.values())


async def test_doctor_says_that_the_store_gives_no_answer(tmp_path, silent):
    ended = await command(
        "doctor",
        folder=tmp_path,
        STORE__URI=f"mongodb://ada:{PASSWORD}@127.0.0.1:{silent}/",
        STORE__DEADLINE_S="1",
    )

    assert ended.code == 1
    keys, store = ended.out.splitlines()
    assert re.fullmatch(
        r"ok   keys: root key local:[\w-]{16}, made for development on this machine", keys
    )
    assert store == "FAIL store: gives no answer (ServerSelectionTimeoutError)"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (SOURCE, "sources.crm.secret: no secret found in the environment variable"),
        ({**SOURCE, "SOURCES__CRM__CONNECTOR": "hubspt"}, "did you mean hubspot?"),
        ({"KEYS__ROOT": "env:PROFILE_GATEWAY_TEST_NOTHING"}, "keys.root: no secret found"),
        ({"KEYS__ROOT": "file:short"}, "is shorter than 32 bytes"),
        ({"KEYS__ROOT": f"literal-{PASSWORD}"}, "keys.root: String should match"),
        ({"ENV": "production"}, "auth.development must be false"),
        (PRODUCTION, "keys.root must refer to a key of your own, or keys.vault to one in Vault."),
        (
            {**PRODUCTION, "AUTH__ISSUERS": '[{"issuer": "http://localhost:8081"}]'},
            "auth.issuers: http://localhost:8081 must be https",
        ),
        (
            {**PRODUCTION, "STORE__URI": f"mongodb://ada:{PASSWORD}@db.example.com"},
            "store.uri leads to another machine, so it must say tls=true",
        ),
        (
            {**PRODUCTION, "HTTP__HOST": "0.0.0.0"},  # noqa: S104 - refused
            "http.host is open to other machines, so http.tls.certificate must be set, or",
        ),
        ({"HTTP__TLS__KEY": "key.pem"}, "http.tls: certificate and key go together."),
        (
            {"HTTP__TLS__CERTIFICATE": "a.pem", "HTTP__TLS__KEY": "key.pem"},
            "http.tls.certificate: a.pem can't be read: No such file or directory.",
        ),
        (
            {"STORE__TLS_CA": f"-----BEGIN CERTIFICATE-----\n{PASSWORD}"},
            "store.tls_ca: must be the path of a PEM file, not what is in it.",
        ),
    ],
)
async def test_serve_says_which_setting_keeps_it_from_starting(fails, tmp_path, variables, told):
    (tmp_path / "short").write_text("c2hvcnQ=")
    if variables.get("SOURCES__CRM__CONNECTOR") == "hubspt":
        variables = {**variables, "SOURCES__CRM__SECRET": "file:short"}

    said = await fails("serve --port 0", **variables)

    assert told in said["serve --port 0"]
    assert not (tmp_path / "data" / "db").exists()


async def test_kept_keys_that_are_no_keys_any_more_are_named(fails, tmp_path):
    keys = tmp_path / "data" / "keys"
    keys.mkdir(parents=True)
    (keys / "development-issuer.pem").write_text(PASSWORD)
    (keys / "root.key").write_text(f"{PASSWORD}!")

    said = await fails("token --role agent", "serve --port 0", "demo --port 0")

    assert said == {
        "token --role agent": (
            "auth.development: the secret in development-issuer.pem isn't an EC key.\n"
        ),
        "serve --port 0": "keys.root: the secret must be base64url.\n",
        "demo --port 0": "keys.root: the secret must be base64url.\n",
    }


async def test_files_that_cannot_be_written_or_are_no_backup_are_named(
    fails, tmp_path, document_server, tenant
):
    (tmp_path / "other.json").write_text(f'{{"a": "{PASSWORD}"}}\n')
    (tmp_path / "cut.jsonl").write_text(
        '{"format":"profile-gateway-backup","version":1,"createdAt":"","database":"x"}\n'
    )

    said = await fails(
        *("backup no/where", "restore other.json", "restore cut.jsonl", "restore ."),
        STORE__URI=document_server.uri,
        STORE__DATABASE=tenant,
    )

    assert said == {
        "backup no/where": "no/where can't be written: No such file or directory.\n",
        "restore other.json": "line 1: this is no backup of a profile gateway\n",
        "restore cut.jsonl": "The file was cut short: its last line is no footer.\n",
        "restore .": ". can't be read: Is a directory.\n",
    }
