"""`profile-gateway import`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli_guard import AsJson, guarded, read_settings, tenant_name
from app.cli_run import run
from app.imports.column_map import read_column_map
from app.imports.order import BATCH, Format, Order, Outcome, format_of
from app.imports.run import import_rows
from app.recognition import normalising_of
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.attach import attached_store
from app.store.failures import store_failures
from app.store.indexes import create_indexes
from app.store.meta import check_store, claim_store
from graph.model.channel import Channel

_LARGEST_BATCH: Final = 2_000


_File = Annotated[
    Path, typer.Argument(help="CSV, JSON Lines, or Expertflow customers.", exists=True)
]
_Tenant = Annotated[str, typer.Option(help="Whose customers they are.", callback=tenant_name)]
_Map = Annotated[
    Path | None,
    typer.Option("--map", help='TOML: [columns] with "COLUMN" = "TARGET", "" to ignore one.'),
]
_Format = Annotated[
    Format | None, typer.Option("--format", help="Unless the file's name tells: its format.")
]
_Match = Annotated[
    list[Channel] | None,
    typer.Option(help="A channel whose identities find a profile; all unless told."),
]
_DeadLetters = Annotated[
    Path | None, typer.Option(help="Where bad rows go; FILE.dead.jsonl unless told.")
]
_Batch = Annotated[int, typer.Option(help="Rows in a transaction.", min=1, max=_LARGEST_BATCH)]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")]
_Restart = Annotated[
    bool, typer.Option("--restart", help="From the first row, whatever an earlier run has done.")
]


def import_file(  # noqa: PLR0913, PLR0917 - the options of the command
    file: _File,
    tenant: _Tenant,
    column_map: _Map = None,
    file_format: _Format = None,
    match: _Match = None,
    dead_letters: _DeadLetters = None,
    batch: _Batch = BATCH,
    dry_run: _DryRun = False,
    restart: _Restart = False,
    as_json: AsJson = False,
) -> None:
    """Import customers, each found again by an identity or a unique value.

    An interrupted import goes on where it stopped when the same command is run again. Rows that
    can't be imported go to the dead-letter file and are reported; the exit code is 0 all the same,
    since every good row is in, and 1 when the import failed.
    """
    settings = read_settings()
    order = Order(
        file=file,
        tenant=tenant,
        format=guarded(lambda: format_of(file, file_format)),
        dead_letters=dead_letters or file.with_name(f"{file.name}.dead.jsonl"),
        normalising=normalising_of(settings)(tenant),
        max_identities=settings.max_identities,
        columns=guarded(lambda: read_column_map(column_map)),
        matched=frozenset(match or ()),
        batch=batch,
        is_dry=dry_run,
        is_restart=restart,
    )
    outcome = run(_imported(settings, order))
    if as_json:
        typer.echo(json.dumps(outcome.as_json()))
    else:
        _tell(outcome, order)


async def _imported(settings: Settings, order: Order) -> Outcome:
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("import", total=None)
        async with (
            attached_store(settings) as store,
            opened_sealing(settings, store.client) as sealing,
        ):
            with store_failures():
                if order.is_dry:
                    await check_store(store.database, sealing.keyring)
                else:
                    await claim_store(store.database, sealing.keyring)
                    await create_indexes(store.database)
            return await import_rows(
                order,
                store,
                sealing,
                lambda done, of: bar.update(task, completed=done, total=of),
            )


def _tell(outcome: Outcome, order: Order) -> None:
    if outcome.was_done:
        typer.echo("This file was imported before, and nothing is done now; --restart imports it.")
    for line in outcome.told:
        typer.echo(line, err=True)
    if len(outcome.told) < outcome.bad and not outcome.was_done:
        typer.echo("...", err=True)
    would = " (dry run: nothing is written)" if order.is_dry else ""
    typer.echo(f"{outcome.created:>9} created{would}")
    typer.echo(f"{outcome.updated:>9} updated")
    typer.echo(f"{outcome.bad:>9} bad" + _where(outcome))
    if not outcome.was_done:
        typer.echo(f"{outcome.seconds:>9.1f} s")


def _where(outcome: Outcome) -> str:
    return f", kept in {outcome.dead_letters}" if outcome.dead_letters else ""
