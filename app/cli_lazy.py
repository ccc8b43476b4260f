"""Commands that are loaded when they run, so that none waits for what only others need."""

from importlib import import_module
from typing import Any, ClassVar, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class LazyCommand(TyperCommand):
    """What a list tells of a command: its name, and its help in one line.

    `place` is where the command itself is, "MODULE:NAME": a function, or a Typer with commands of
    its own.
    """

    def __init__(self, name: str, place: str, help: str) -> None:
        super().__init__(name, help=help)
        self._place = place

    def loaded(self) -> TyperCommand | TyperGroup:
        """The command itself."""
        module, _, name = self._place.partition(":")
        found = getattr(import_module(module), name)
        around = typer.Typer()
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=self.name)
        else:
            around.command(self.name)(found)
        (command,) = get_group(around).commands.values()
        return cast("TyperCommand | TyperGroup", command)

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - its types are private
        """The context of the command itself, which runs in place of this one."""
        return self.loaded().make_context(*args, **extra)


class LazyGroup(TyperGroup):
    """The commands of `lazy`, in this order."""

    lazy: ClassVar[tuple[LazyCommand, ...]] = ()

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - as Typer gives them
        super().__init__(**attributes | {"commands": self.lazy})
