"""`profile-gateway work`: the workers of the gateway, without the gateway."""

import asyncio
import json
import signal
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli_guard import AsJson, read_settings
from app.cli_run import run
from app.settings import Settings
from app.work import opened_workers


def work(
    once: Annotated[
        bool, typer.Option("--once", help="Do what is to be done now, and end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the workers alone, until a signal asks to stop.

    They carry out what changed fields ask of stored profiles, remove anonymous profiles that
    nobody has seen for `anonymous_days`, send CRMs what they are owed, and synchronise those with
    `sync_every_s`. Every gateway runs them too; several don't disturb each other.
    """
    settings = read_settings()
    if not once:
        run(_worked(settings))
        return
    done = run(_worked_once(settings))
    if as_json:
        typer.echo(json.dumps(done))
    else:
        typer.echo(f"{done['fieldJobs']} field jobs done, {done['expired']} profiles removed")
        typer.echo(f"{done['sent']} changes sent to CRMs, {done['read']} records read")
        typer.echo(f"{done['synced']} objects synchronised")


async def _worked(settings: Settings) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    async with opened_workers(settings) as workers:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        workers.start()
        typer.echo("working")
        await stop.wait()


async def _worked_once(settings: Settings) -> dict[str, int]:
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        async with opened_workers(settings) as workers:
            task = bar.add_task("field jobs", total=None)
            jobs = await workers.fields.drain()
            bar.update(task, description="anonymous profiles")
            expired = await workers.expiry.sweep(lambda count: bar.advance(task, count))
            bar.update(task, description="CRM systems")
            sync = workers.sync
            moved = {"sent": await sync.send(), "read": await sync.read()}
            synced = await sync.synchronise()
    return {"fieldJobs": jobs, "expired": expired, **moved, "synced": synced}
