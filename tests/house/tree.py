"""The files of the project, as git would commit them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "graph", "connectors", "policies")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked or could be added, relative to `ROOT`, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = {name for name in listed.stdout.split("\0") if name}
    return tuple(Path(name) for name in sorted(names) if (ROOT / name).is_file())


def modules(*folders: str) -> list[Path]:
    """The Python files below the top-level `folders`, relative to `ROOT`."""
    return [file for file in files() if file.suffix == ".py" and file.parts[0] in folders]


def read(file: Path) -> str:
    """The text of a file of the project."""
    return (ROOT / file).read_text(encoding="utf-8")


def parsed(file: Path) -> ast.Module:
    """The syntax tree of a module of the project; a syntax error names it."""
    return ast.parse(read(file), filename=str(file))
