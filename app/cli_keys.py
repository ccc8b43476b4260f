"""`profile-gateway keys`: which keys seal values, and new ones in their place."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli_guard import AsJson, read_settings, tenant_name
from app.cli_partner_keys import issue, list_keys, revoke
from app.cli_run import run
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.attach import attached_store
from app.store.key_status import TenantStatus, statuses
from app.store.meta import check_store
from app.store.rotation import Rotation
from app.store.rotation_steps import Rotated

key_commands = typer.Typer(
    no_args_is_help=True,
    help="The keys that values at rest are sealed with (status, rotate), and those that partners"
    " sign in with (issue, list, revoke).",
)
key_commands.command()(issue)
key_commands.command(name="list")(list_keys)
key_commands.command()(revoke)


class Level(Enum):
    """What is rotated."""

    ROOT = "root"
    TENANT = "tenant"
    PROFILE = "profile"
    INDEX = "index"


_BATCH_WITHIN_S = 300.0
_Level = Annotated[
    Level,
    typer.Argument(
        help="root: wrap the tenants' keys by the root key in use now (keys.root or keys.vault;"
        " the former one stays in keys.former_roots until then). tenant: new keys for tenants."
        " profile: new keys for profiles, whose values are sealed anew. index: a new key for each"
        " tenant's index, by which identities, unique and sealed values are looked up."
    ),
]
_Tenant = Annotated[
    str | None, typer.Option(help="This tenant alone; all unless told.", callback=tenant_name)
]


@key_commands.command()
def status(as_json: AsJson = False) -> None:
    """Tell which keys are in use, and which rotation isn't finished."""
    root, found = run(_status(read_settings()))
    if as_json:
        typer.echo(json.dumps({"root": root, "tenants": [item.as_json() for item in found]}))
        return
    typer.echo(f"root key: {root}")
    for item in found:
        for line in item.lines(root):
            typer.echo(line)


@key_commands.command()
def rotate(level: _Level, tenant: _Tenant = None, as_json: AsJson = False) -> None:
    """Put new keys in the place of those in use, while the gateway goes on serving.

    When it is interrupted, run it again: it goes on where it was.
    """
    if level is Level.ROOT and tenant is not None:
        raise typer.BadParameter("the root key is everybody's", param_hint="--tenant")
    done = run(_rotated(read_settings(), level, tenant))
    if as_json:
        told = {"tenants": done.tenants, "profiles": done.profiles, "left": done.left}
        typer.echo(json.dumps(told))
    else:
        typer.echo(f"{done.tenants:>9} tenants' keys")
        typer.echo(f"{done.profiles:>9} profiles")
        if done.left:
            typer.echo(f"{done.left:>9} can't be opened, and stay as they are; see `doctor`")
    if done.left:
        raise typer.Exit(1)


@asynccontextmanager
async def _rotation(settings: Settings, progress: Any) -> AsyncIterator[Rotation]:  # noqa: ANN401 - a callable
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        await check_store(store.database, sealing.keyring)
        yield Rotation(store.database, sealing, progress)


async def _status(settings: Settings) -> tuple[str, list[TenantStatus]]:
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        await check_store(store.database, sealing.keyring)
        return sealing.keyring.roots.current_id, await statuses(sealing.keyring)


def _patient(settings: Settings) -> Settings:
    """The same with more time for one operation: a batch takes a busy server seconds."""
    store = settings.store.model_copy(update={"deadline_s": _BATCH_WITHIN_S})
    return settings.model_copy(update={"store": store})


async def _rotated(settings: Settings, level: Level, tenant: str | None) -> Rotated:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("keys", total=None)

        def tell(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)

        async with _rotation(_patient(settings), tell) as rotation:
            if level is Level.ROOT:
                return await rotation.root()
            tenants = [tenant] if tenant else await rotation.tenants()
            if level is Level.TENANT:
                return await rotation.tenant_keys(tenants)
            if level is Level.INDEX:
                return await rotation.index_keys(tenants)
            return await rotation.profile_keys(tenants)
