"""Only the roof touches the machine, and nobody loads what must stay a process of its own."""

import ast

from tests.house.tree import PACKAGES, modules, parsed

STARTS_A_PROCESS = {
    *("subprocess", "multiprocessing", "pty"),
    *("fork", "execv", "execve", "posix_spawn", "popen"),
    *("create_subprocess_exec", "create_subprocess_shell", "ProcessPoolExecutor"),
}
READS_THE_ENVIRONMENT = {"environ", "environb", "getenv"}


def test_the_embedded_server_is_started_and_never_imported():
    importers = [
        str(file)
        for file in modules(*PACKAGES, "tests")
        if {name.partition(".")[0] for name in _imported(file)} & {"secantus", "secantusdb"}
    ]

    # It is GPL-2.0-only: loading it would make one work of it and us.
    assert importers == []


def test_below_the_roof_nothing_starts_a_process():
    starters = {
        str(file): used
        for file in modules("graph", "connectors", "policies")
        if (used := STARTS_A_PROCESS & (_imported(file) | _mentioned(file)))
    }

    assert starters == {}


def test_below_the_roof_nothing_reads_the_environment():
    readers = {
        str(file): used
        for file in modules("graph", "connectors", "policies")
        if (used := READS_THE_ENVIRONMENT & (_imported(file) | _mentioned(file)))
    }

    assert readers == {}


def _imported(file) -> set[str]:
    names = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(alias.name for alias in node.names)}
    return names


def _mentioned(file) -> set[str]:
    tree = parsed(file)
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
