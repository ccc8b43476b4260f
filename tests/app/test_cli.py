"""The command line as its users type it: help, exit codes, tokens, the schema."""

import asyncio
import json
import stat
from pathlib import Path

import pytest
from graphql import build_client_schema, print_type
from joserfc import jwt
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from app.cli import cli
from policies.matrix import ROLES
from tests.support.gateway import define, running_gateway
from tests.support.process import Ended, command

COMMANDS = ("serve", "demo", "token", "schema", "doctor", "backup", "restore")
SCHEMA = Path(__file__).parents[2] / "schema.graphql"


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Types a line in this process, which is quicker; errors that nobody caught come out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(line: str) -> Ended:
        result = CliRunner().invoke(cli, line.split(), env={"GATEWAY_STORE__PATH": "data"})
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


def claims(folder: Path, token: str) -> dict:
    """What a token says, its signature checked with the key in `folder`."""
    key = ECKey.import_key((folder / "data" / "keys" / "development-issuer.pem").read_bytes())
    return jwt.decode(token.strip(), key, algorithms=["ES256"]).claims


def test_every_command_has_help_and_changes_nothing(tmp_path, typed):
    every, *each = [typed(f"{name} --help") for name in ("", *COMMANDS)]

    assert {item.code for item in (every, *each)} == {0}
    assert all(f" {name} " in every.out for name in COMMANDS)
    assert all(" --help " in item.out for item in each)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("nonsense", "No such command 'nonsense'"),
        ("--nonsense", "No such option"),
        ("serve --port x", "--port"),
        ("serve --port 65536", "--port"),
        ("serve --port -1", "--port"),
        ("serve extra", "unexpected extra argument"),
        ("demo --port 65536", "--port"),
        ("demo --customers 0", "--customers"),
        ("demo --customers 501", "--customers"),
        ("token", "Missing option '--role'"),
        ("token --role nobody", "no such role: nobody"),
        ("token --role agent --role x --role nobody", "no such role: nobody, x"),
        ("token --role agent --tenant Acme", "tenant name is lower case"),
        ("token --role agent --tenant a/b", "tenant name is lower case"),
        ("token --role agent --hours 0", "--hours"),
        ("token --role agent --hours 25", "--hours"),
        ("schema --tenant Acme", "tenant name is lower case"),
        ("doctor --fixed", "No such option"),
        ("backup", "Missing argument"),
        ("restore", "Missing argument"),
        ("restore nowhere.jsonl", "does not exist"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(tmp_path, typed, line, complaint):
    ended = typed(line)

    assert (ended.code, ended.out) == (2, "")
    assert complaint in ended.err
    assert not (tmp_path / "data" / "db").exists()


async def test_a_process_of_its_own_ends_the_same_way(tmp_path):
    nothing, nonsense, help_ = await asyncio.gather(
        command(folder=tmp_path),
        command("nonsense", folder=tmp_path),
        command("serve", "--help", folder=tmp_path),
    )

    assert (nothing.code, nonsense.code, help_.code) == (2, 2, 0)
    assert "Usage:" in nothing.out
    assert "No such command 'nonsense'" in nonsense.err
    assert (help_.err, nonsense.out) == ("", "")


async def test_a_token_holds_its_roles_and_its_tenant(tmp_path):
    ended = await command(
        *("token", "--role", "agent", "--role", "supervisor"),
        *("--tenant", "acme", "--subject", "ada", "--hours", "2"),
        folder=tmp_path,
    )

    found = claims(tmp_path, ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (found["roles"], found["tenant"], found["sub"]) == (
        ["agent", "supervisor"],
        "acme",
        "ada",
    )
    assert found["amr"] == ["pwd", "otp"]
    assert found["exp"] - found["iat"] == 7200


def test_a_token_without_a_second_factor_as_json(tmp_path, typed):
    ended = typed("token --role agent --no-second-factor --json")

    printed = json.loads(ended.out)
    assert list(printed) == ["token"]
    assert claims(tmp_path, printed["token"])["amr"] == ["pwd"]


def test_every_role_gets_a_token_of_one_key_that_nobody_else_may_read(tmp_path, typed):
    ended = [typed(f"token --role {role}") for role in sorted(ROLES)]

    found = [claims(tmp_path, item.out)["roles"] for item in ended]
    key = tmp_path / "data" / "keys" / "development-issuer.pem"
    assert found == [[role] for role in sorted(ROLES)]
    assert len(ROLES) == 9
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("switch", [{"ENV": "production"}, {"AUTH__DEVELOPMENT": "false"}])
async def test_where_development_tokens_are_off_none_is_made(tmp_path, switch):
    token = await command("token", "--role", "agent", folder=tmp_path, **switch)
    demo = await command("demo", "--port", "0", folder=tmp_path, **switch)

    off = "Development tokens are switched off (auth.development, or env is production).\n"
    assert token == Ended(1, "", off)
    assert demo == Ended(1, "", f"The demo uses development tokens. {off}")
    assert list(tmp_path.iterdir()) == []


async def test_the_schema_is_the_projects_own_and_needs_no_store(tmp_path):
    ended = await command("schema", folder=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == SCHEMA.read_text("utf-8")
    assert list(tmp_path.iterdir()) == []


async def test_the_schema_as_json_is_an_introspection_that_clients_can_use(tmp_path):
    ended = await command("schema", "--json", folder=tmp_path)

    built = build_client_schema(json.loads(ended.out))
    assert built.query_type.fields["identify"].args["channel"].type.of_type.name == "Channel"
    assert set(built.type_map) >= {"Profile", "FieldValue", "Identification", "CustomFields"}


async def test_a_tenants_schema_has_its_fields_typed_and_labelled(
    document_server, tmp_path, tenant
):
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    async with running_gateway(document_server.uri, tmp_path, database=tenant) as gateway:
        await define(
            gateway.as_role("admin", tenant=tenant),
            [
                {"key": "vip", "kind": "BOOLEAN", "dataClass": "BEHAVIOURAL"},
                {"key": "income", "kind": "NUMBER", "dataClass": "FINANCIAL"},
            ],
        )

    sdl, introspection, strangers = await asyncio.gather(
        command("schema", "--tenant", tenant, folder=tmp_path, **store),
        command("schema", "--tenant", tenant, "--json", folder=tmp_path, **store),
        command("schema", "--tenant", f"{tenant}-x", folder=tmp_path, **store),
    )

    assert "  vip: Boolean @access(class: BEHAVIOURAL)\n" in sdl.out
    assert "  income: Float @access(class: FINANCIAL)\n" in sdl.out
    fields = build_client_schema(json.loads(introspection.out)).type_map["CustomFields"]
    assert "vip: Boolean" in print_type(fields)
    assert strangers.out == SCHEMA.read_text("utf-8")
