"""`profile-gateway backup` and `profile-gateway restore`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli_guard import AsJson, read_settings
from app.cli_run import run
from app.sealing import keyring_database
from app.store.attach import attached_store
from app.store.backup import backup as write_backup
from app.store.backup import restore as read_backup
from app.store.backup_file import Summary
from app.store.indexes import create_indexes

_errors = Console(stderr=True)
_OfKeyring = Annotated[bool, typer.Option("--keyring", help="The keyring's database instead.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, JSON Lines.")],
    keyring: _OfKeyring = False,
    as_json: AsJson = False,
) -> None:
    """Write all data to a file, or with --keyring the keys that open it.

    One is useless without the other, and both without the root key (keys.root, keys.vault or the
    data directory's keys/root.key).  Keep them apart, and the keyring's backups for a short time
    only: an erased person's data is gone when the last copy of their key is.
    """
    _tell_summary(run(_with_progress("backup", file, of_keyring=keyring)), as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.", exists=True)],
    keyring: _OfKeyring = False,
    as_json: AsJson = False,
) -> None:
    """Read all data from a file into an empty store; run it again when it was interrupted.

    With --keyring, the keys from a file that `backup --keyring` wrote.
    """
    _tell_summary(run(_with_progress("restore", file, of_keyring=keyring)), as_json=as_json)


async def _with_progress(verb: str, file: Path, *, of_keyring: bool) -> Summary:
    act, settings = write_backup if verb == "backup" else read_backup, read_settings()
    with Progress(console=_errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(verb, total=None)
        async with attached_store(settings) as store:
            beside = keyring_database(settings, store.client)
            if act is read_backup and not of_keyring:
                # First: the embedded server takes four times as long to index what is there.
                await create_indexes(store.database)
            return await act(
                beside if of_keyring else store.database,
                file,
                lambda done, of: bar.update(task, completed=done, total=of),
            )


def _tell_summary(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(dict(summary.collections)))
    else:
        for collection, count in summary.collections.items():
            typer.echo(f"{count:>9} {collection}")
