"""`profile-gateway sync`."""

import json
import sys
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli_guard import AsJson, read_settings
from app.cli_run import run
from app.settings import Settings
from app.sync.open import opened_sync
from app.sync.run import Synced

_Source = Annotated[str, typer.Argument(help="Name of a source in the settings.")]
_Full = Annotated[
    bool, typer.Option("--full", help="Read every record, and look for what is gone.")
]


def sync(source: _Source, full: _Full = False, as_json: AsJson = False) -> None:
    """Copy what changed in a CRM into the profiles that are its records.

    An interrupted run goes on where it stopped when the command is run again. The first run reads
    every record. Values that a field can't hold are skipped and reported; the exit code is 0 all
    the same, and 1 when the source or the store could not be asked: what was synchronised until
    then is kept.
    """
    done, outbox = run(_synced(read_settings(), source, is_full=full))
    if as_json:
        objects = [one.as_json() for one in done]
        typer.echo(json.dumps({"source": source, "objects": objects, "outbox": outbox}))
        return
    for one in done:
        _tell(one)
    typer.echo(f"to be sent: {outbox['waiting']}, refused: {len(outbox['refused'])}")


async def _synced(
    settings: Settings, name: str, *, is_full: bool
) -> tuple[list[Synced], dict[str, Any]]:
    done = list[Synced]()
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        async with opened_sync(settings) as syncing:
            for plan in await syncing.plans(name):
                heard = partial(bar.advance, bar.add_task(plan.object, total=None))
                done.append(await syncing.run.run(plan, is_full=is_full, heard=heard))
            outbox = await syncing.outbox.state(settings.sources[name].tenant, name)
    return done, outbox


def _tell(done: Synced) -> None:
    told: dict[str, Any] = done.as_json()
    typer.echo(f"{done.object}{' (every record)' if done.is_full else ''}")
    for name in ("seen", "unlinked", "changed", "unchanged", "gone", "merged", "erased", "bad"):
        typer.echo(f"{told[name]:>9} {name}")
    typer.echo(f"{told['conflicted']:>9} conflicts")
    for letter in done.report.letters:
        place = " ".join(part for part in (letter.record, letter.field) if part)
        typer.echo(f"          {place}: {letter.reason}", err=True)
    for conflict in done.report.conflicts:
        place = f"{conflict.record} {conflict.field}".strip()
        typer.echo(f"          {place}: {conflict.kind.value}, {conflict.profile}", err=True)
