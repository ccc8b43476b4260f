"""A command starts with what it needs, and lists tell what it tells itself."""

import subprocess
import sys

import pytest
import typer
from typer.core import TyperGroup

from app.cli import cli
from app.cli_lazy import LazyCommand

LISTED = typer.main.get_command(cli).commands
_TELLING = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from app.cli import main
main()
"""


def imported(words, folder) -> tuple[int, set[str]]:
    """How a command in a process of its own ended, and every module it had at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", _TELLING, *words],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, set(ended.stderr.split())


@pytest.fixture(autouse=True)
def of_this_project(monkeypatch, pytestconfig, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))
    monkeypatch.setenv("GATEWAY_STORE__PATH", str(tmp_path / "data"))


def test_a_list_of_the_commands_loads_none_of_them(tmp_path):
    code, modules = imported(["--help"], tmp_path)

    ours = {name for name in modules if name.split(".")[0] in {"app", "graph", "policies"}}
    assert (code, ours) == (0, {"app", "app.cli", "app.cli_lazy"})


def test_a_token_needs_no_schema_no_store_and_no_connector(tmp_path):
    code, modules = imported(["token", "--role", "agent"], tmp_path)

    heavy = {"strawberry", "graphql", "graph.schema", "pymongo", "httpx2", "app.build"}
    assert (code, modules & heavy) == (0, set())
    assert {"app.cli_token", "joserfc"} <= modules


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (("doctor",), "app.cli_doctor"),
        (("keys",), "app.cli_keys"),
        (("backup",), "app.cli_backup"),
        (("restore",), "app.cli_backup"),
        (("import",), "app.cli_import"),
        (("resolve",), "app.cli_resolve"),
        (("sync",), "app.cli_sync"),
        (("work",), "app.cli_work"),
    ],
)
def test_commands_over_the_store_need_no_graphql(tmp_path, words, module):
    code, modules = imported([*words, "--help"], tmp_path)

    assert (code, modules & {"strawberry", "graphql", "graph.schema"}) == (0, set())
    assert module in modules


@pytest.mark.parametrize("name", LISTED)
def test_what_a_list_tells_of_a_command_is_what_it_tells_itself(name):
    listed = LISTED[name]

    command = listed.loaded()
    told = " ".join((command.short_help or command.help).partition("\n\n")[0].split())
    assert type(listed) is LazyCommand
    assert (command.name, told) == (name, listed.help)
    assert not any((command.hidden, command.deprecated, command.rich_help_panel))


def test_groups_keep_their_own_commands():
    loaded = {name: listed.loaded() for name, listed in LISTED.items()}

    groups = {name: one for name, one in loaded.items() if isinstance(one, TyperGroup)}
    assert {name: list(group.commands) for name, group in groups.items()} == {
        "schema": ["import"],
        "keys": ["issue", "list", "revoke", "status", "rotate"],
        "access": ["show", "check", "apply"],
        "connector": ["test", "new", "fields"],
    }
