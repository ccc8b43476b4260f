"""Every call of the command line that a page shows would be understood."""

import re
import shlex
from collections.abc import Iterator

import typer.main
from typer.core import TyperGroup

from app.cli import cli
from app.cli_lazy import LazyCommand
from tests.house.documents import command_lines

CALL = re.compile(r"(?:^|[\s/|])profile-gateway(?= [a-z-])([^|;&>#)]*)")


def test_every_command_that_is_mentioned_exists():
    wrong = {
        (place, line): complaint
        for place, line in command_lines()
        for call in CALL.findall(line)
        if (complaint := _complaint(shlex.split(call)))
    }

    assert wrong == {}


def _complaint(words: list[str]) -> str | None:
    """Why the words after `profile-gateway` would be refused; values are not looked at."""
    command = typer.main.get_command(cli)
    rest = iter(words)
    while isinstance(command, TyperGroup):
        word = next(rest, None)
        if word is None or word.startswith("-"):
            return None
        if word not in command.commands:
            return f"no command {word}"
        command = command.commands[word]
        command = command.loaded() if isinstance(command, LazyCommand) else command
    return _unknown_option(command, rest)


def _unknown_option(command: typer.core.TyperCommand, words: Iterator[str]) -> str | None:
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    asked = [word.partition("=")[0] for word in words if word.startswith("--")]
    return next((f"no option {option}" for option in asked if option not in known), None)
