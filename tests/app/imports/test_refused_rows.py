"""Rows and headers that can't be imported, and why."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.imports.errors import ImportTrouble
from tests.app.imports.importing import dead_letters

ERASED = {"$set": {"state": "ERASED"}}


async def test_two_columns_with_one_target_refuse_to_start(importing):
    file = importing.file("a.csv", "given,name.given,identities.EMAIL\nAda,Eve,a@example.com\n")

    with pytest.raises(ImportTrouble, match=r"'name\.given' has the target of another"):
        await importing.do(file, columns={"given": "name.given"})

    assert await importing.count() == 0


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ({"name.given": "Ada"}, "identities", "expected an identity"),
        ({"name.gven": "Ada"}, "name.gven", "the nearest is 'name.given'"),
        ({"custom": {"none": 1}}, "custom.none", "There is no target"),
        ({"name": {"given": {"a": 1}}}, "name.given", "expected text"),
        ({"birthDate": "1700-01-01"}, "birthDate", "expected a day"),
        ({"identities": {"EMAIL": [7]}}, "identities.EMAIL", "not an e-mail address"),
        ({"identities": {"EMAIL": {"a": 7}}}, "identities.EMAIL", "expected text"),
        ({"identities": {"VOICE": "1.2E+11"}}, "identities.VOICE", "expected a phone number"),
        ({"identities": [1]}, "identities", "channel and value"),
        ({"links": [{"source": "crm"}]}, "links", "source, object and recordId"),
        ({"link.crm.contacts": "x" * 201}, "links", "printable characters"),
        ({"custom.tier": "a\0b"}, "custom.tier", "no control characters"),
    ],
)
async def test_a_bad_field_is_told_by_its_name(importing, row, field, words):
    await importing.define("tier")
    file = importing.file("a.jsonl", json.dumps(row))

    outcome = await importing.do(file)

    errors = dead_letters(file)[0]["errors"]
    assert (outcome.created, outcome.bad) == (0, 1)
    assert [words in error["reason"] for error in errors if error["field"] == field] == [True]


async def test_lists_of_json_and_links_are_taken_as_they_are(importing):
    await importing.define("tags", is_list=True)
    row = {
        "identities": {"WEB": ["a|b", "c"]},
        "custom": {"tags": ["x", "y"]},
        "links": [{"source": "crm", "object": "contacts", "recordId": 7}],
    }

    await importing.do(importing.file("a.jsonl", json.dumps(row)))

    [profile] = await importing.profiles()
    assert [item["value"] for item in profile["identities"]] == ["a|b", "c"]
    assert list(profile["custom"].values()) == [["x", "y"]]
    assert [link["recordId"] for link in profile["links"]] == ["7"]


async def test_a_profile_that_is_erased_is_not_written_to(importing):
    await importing.do(importing.file("a.csv", "identities.EMAIL\na@example.com\n"))
    await importing.store.database["profiles"].update_many({}, ERASED)
    file = importing.file("b.csv", "name.given,identities.EMAIL\nAda,a@example.com\n")

    outcome = await importing.do(file)

    assert (outcome.updated, outcome.bad) == (0, 1)
    assert "name" not in (await importing.profiles())[0]


async def test_the_commands_tell_what_they_did(importing, monkeypatch):
    for name, value in importing.environment.items():
        monkeypatch.setenv(f"GATEWAY_{name}", value)
    importing.file("a.csv", "identities.EMAIL\na@example.com\nnobody\n")
    importing.file("schema.json", json.dumps([{"key": "tier", "type": "String"}]))

    dry = await invoked("import", "a.csv", "--tenant", importing.tenant, "--dry-run")
    done = await invoked("import", "a.csv", "--tenant", importing.tenant, "--json")
    again = await invoked("import", "a.csv", "--tenant", importing.tenant)
    defined = await invoked("schema", "import", "schema.json", "--tenant", importing.tenant)
    shown = await invoked("schema", "--tenant", importing.tenant)

    assert dry.startswith("        1 created (dry run: nothing is written)\n        0 updated\n")
    assert json.loads(done)["created"] == 1
    assert again.startswith("This file was imported before")
    assert defined == "defined   tier: STRING\n"
    assert "tier" in shown


async def invoked(*words: str) -> str:
    """What a command printed, run in a thread of this process."""
    found = await asyncio.to_thread(CliRunner().invoke, cli, words)
    assert found.exit_code == 0, found.output
    return found.stdout
