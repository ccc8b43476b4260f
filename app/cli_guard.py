"""What every command takes, and how it says that it failed."""

from collections.abc import Callable
from typing import Annotated, NoReturn, TypeVar

import typer

from app.configuration import WrongSettings, load_settings
from app.imports.errors import ImportTrouble
from app.keys import KeyTrouble
from app.setting_types import TENANT_NAME
from app.settings import Settings
from app.store.embedded_files import EmbeddedServerError
from app.store.errors import BackupError, StoreMismatch
from app.sync.errors import SyncTrouble
from connectors.errors import SourceError
from graph.errors import GatewayError
from policies.errors import PolicyError
from policies.matrix import ROLES

_SAYABLE = (
    WrongSettings,
    KeyTrouble,
    EmbeddedServerError,
    StoreMismatch,
    BackupError,
    ImportTrouble,
    SyncTrouble,
    GatewayError,
    SourceError,
    PolicyError,
)
_Result = TypeVar("_Result")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def tenant_name(given: str | None) -> str | None:
    """A tenant's name as an option takes it; raises `typer.BadParameter` for what can't be one."""
    if given is not None and not TENANT_NAME.fullmatch(given):
        raise typer.BadParameter("a tenant name is lower case letters, digits and hyphens")
    return given


def known_roles(given: list[str] | None) -> list[str] | None:
    """Roles as an option takes them; raises `typer.BadParameter` for what is none."""
    if unknown := sorted(set(given or ()) - ROLES):
        known = ", ".join(sorted(ROLES))
        raise typer.BadParameter(f"no such role: {', '.join(unknown)}; known: {known}")
    return given


def read_settings() -> Settings:
    """The settings; says what is wrong with them and exits where they can't be used."""
    return guarded(load_settings)


def guarded(act: Callable[[], _Result]) -> _Result:
    """What `act` gives; says why and exits where it fails."""
    try:
        return act()
    except _SAYABLE as error:
        fail(str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        fail(f"{place}{error.strerror or error}")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(message: str) -> NoReturn:
    """Say what is wrong, and exit with 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)
