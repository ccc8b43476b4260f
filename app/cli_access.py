"""`profile-gateway access`: who may see what in a tenant, to read, to check and to change."""

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer

from app.cli_guard import AsJson, guarded, read_settings, tenant_name
from app.cli_run import run
from app.matrices import TenantMatrices, checked_rules
from app.settings import Settings
from app.store.access_rules import MongoAccessRules
from app.store.attach import attached_store
from app.store.indexes import create_indexes
from app.store.rotation_steps import now
from graph.access_ports import AccessRules

access_commands = typer.Typer(
    no_args_is_help=True,
    help="Read, check and change who may see what in a tenant.",
    pretty_exceptions_enable=False,
)
_Tenant = Annotated[str, typer.Option(help="Whose rules they are.", callback=tenant_name)]
_File = Annotated[
    Path, typer.Argument(help="TOML in the form of policies/matrix.toml; - reads standard input.")
]


@access_commands.command()
def show(tenant: _Tenant, as_json: AsJson = False) -> None:
    """Print what a tenant has changed; nothing where all is as shipped."""
    rules = run(_rules(read_settings(), tenant))
    if as_json:
        typer.echo(json.dumps(_plain(rules)))
    else:
        typer.echo(rules.text, nl=False)


@access_commands.command()
def check(file: _File) -> None:
    """Say whether rules could be put in force; change nothing."""
    guarded(lambda: checked_rules(_read(file)))
    typer.echo("These rules can be put in force.")


@access_commands.command()
def apply(
    file: _File,
    tenant: _Tenant,
    if_revision: Annotated[
        int | None, typer.Option(help="Refuse when the rules have another revision by now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put rules in force; every gateway decides by them within a fifth of a second."""
    text = guarded(lambda: _read(file))
    rules = run(_changed(read_settings(), tenant, text, if_revision))
    if as_json:
        typer.echo(json.dumps(_plain(rules)))
    else:
        typer.echo(f"In force for {tenant}: revision {rules.revision}.")


def _read(file: Path) -> str:
    return typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text("utf-8")


def _plain(rules: AccessRules) -> dict[str, object]:
    at = rules.at.isoformat() if rules.at else None
    return {"text": rules.text, "revision": rules.revision, "by": rules.by, "at": at}


async def _rules(settings: Settings, tenant: str) -> AccessRules:
    async with attached_store(settings) as store:
        return await MongoAccessRules(store.database, now).current(tenant)


async def _changed(
    settings: Settings, tenant: str, text: str, if_revision: int | None
) -> AccessRules:
    async with attached_store(settings) as store:
        await create_indexes(store.database)
        kept = MongoAccessRules(store.database, now)
        matrices = TenantMatrices.shipped(kept)
        return await matrices.change(tenant, text, if_revision, f"cli:{getpass.getuser()}")
