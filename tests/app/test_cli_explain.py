"""`profile-gateway explain` and `schema --as`, as their users type them."""

import asyncio
import json
from pathlib import Path

import pytest
from graphql import build_schema
from typer.testing import CliRunner

from app.cli import cli
from tests.support.gateway import define, running_gateway
from tests.support.process import command

DOCUMENT = "{ profile(id: 1) { birthDate name { full } identities { value } } }"
SET = "mutation ($input: SetAccessRulesInput!) { setAccessRules(input: $input) { __typename } }"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Types a line in this process, the document at standard input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def run(line: str, text: str = DOCUMENT, **environment: str):
        return CliRunner().invoke(cli, line.split(), input=text, env=environment)

    return run


def told(result) -> dict[str, str]:
    assert result.exit_code == 0, result.stderr
    return {part["path"]: part["outcome"] for part in json.loads(result.stdout)}


def test_it_tells_what_a_role_gets_of_each_part(typed, tmp_path):
    (tmp_path / "asked.graphql").write_text(DOCUMENT)

    agent = told(typed("explain asked.graphql --as agent --json"))
    partner = told(typed("explain - --as partner --json"))
    talking = told(typed("explain --as agent --relation CONVERSATION --json"))

    assert agent == {
        "profile": "CALL",
        "profile.birthDate": "READ",
        "profile.name": "READ",
        "profile.name.full": "READ",
        "profile.identities": "READ",
        "profile.identities.value": "MASKED",
    }
    assert partner["profile.birthDate"] == partner["profile.identities.value"] == "HIDDEN"
    assert talking["profile.identities.value"] == "READ"
    assert [path.name for path in tmp_path.iterdir()] == ["asked.graphql"]


def test_a_second_factor_and_a_purpose_make_a_difference(typed):
    without = told(typed("explain --as supervisor --json"))
    with_one = told(typed("explain --as supervisor --second-factor --json"))
    consented = told(typed("explain --as service --purpose RESEARCH --json"))
    refused = told(typed("explain --as service --purpose RESEARCH --no-consent --json"))

    assert set(without.values()) == {"STEP_UP"}
    assert with_one["profile.birthDate"] == "READ"
    assert (consented["profile.birthDate"], consented["profile.name"]) == ("READ", "DENIED")
    assert refused["profile.birthDate"] == "DENIED"


def test_the_table_says_where_it_stands_and_what_would_help(typed):
    result = typed("explain --as agent")

    assert result.exit_code == 0
    assert "roles.agent.mask CONTACT" in result.stdout
    assert "MASKED" in result.stdout


@pytest.mark.parametrize(
    ("line", "text", "code", "complaint"),
    [
        ("explain", DOCUMENT, 2, "Missing option"),
        ("explain --as nobody", DOCUMENT, 2, "no such role: nobody"),
        ("explain --as agent --purpose FUN", DOCUMENT, 2, "--purpose"),
        ("explain --as agent --tenant Acme", DOCUMENT, 2, "tenant name is lower case"),
        ("explain absent.graphql --as agent", DOCUMENT, 1, "absent.graphql"),
        ("explain --as agent", "{ profile(id: 1) { birth } }", 1, "Cannot query field 'birth'"),
        ("schema --as nobody", "", 2, "no such role: nobody"),
    ],
)
def test_what_is_wrong_is_said(typed, line, text, code, complaint):
    result = typed(line, text)

    assert result.exit_code == code
    assert complaint in result.stderr


def test_the_schema_of_a_role_is_what_its_introspection_shows(typed):
    partner, introspected = typed("schema --as partner"), typed("schema --as partner --json")
    both, agent = typed("schema --as partner --as agent"), typed("schema --as agent")

    known = build_schema(partner.stdout).type_map
    types = {one["name"] for one in json.loads(introspected.stdout)["__schema"]["types"]}
    assert types == known.keys()
    assert "birthDate" not in partner.stdout
    assert "name: PersonName @access(class: IDENTITY)" in partner.stdout
    assert both.stdout == agent.stdout == (ROOT / "schema.graphql").read_text("utf-8")


async def test_a_tenants_fields_and_rules_come_from_the_store(document_server, tmp_path, tenant):
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    (tmp_path / "asked.graphql").write_text("{ profile(id: 1) { gender custom { diagnosis } } }")
    async with running_gateway(document_server.uri, tmp_path, database=tenant) as gateway:
        field = {"key": "diagnosis", "kind": "STRING", "dataClass": "SENSITIVE"}
        await define(gateway.as_role("admin", tenant=tenant), [field])
        rules = {"input": {"text": '[roles.agent]\nread = ["PUBLIC", "SENSITIVE"]\n'}}
        await gateway.as_role("privacy_officer", tenant=tenant).data(SET, rules)

    line = ("explain", "asked.graphql", "--as", "agent", "--tenant", tenant, "--json")
    explained, partner, service = await asyncio.gather(
        command(*line, folder=tmp_path, **store),
        command("schema", "--tenant", tenant, "--as", "partner", folder=tmp_path, **store),
        command("schema", "--tenant", tenant, "--as", "service", folder=tmp_path, **store),
    )

    found = {part["path"]: part["outcome"] for part in json.loads(explained.out)}
    assert found["profile.custom.diagnosis"] == "READ"
    assert found["profile.gender"] == "DENIED"
    assert "diagnosis" in service.out
    assert "diagnosis" not in partner.out
