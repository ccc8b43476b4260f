"""`profile-gateway`: every command, its options and its exit codes (0 well, 1 failed, 2 usage)."""

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from app.build import Gateway, development_issuer
from app.cli_access import access_commands
from app.cli_connector import connector_commands
from app.cli_explain import explain
from app.cli_import import import_file
from app.cli_keys import key_commands
from app.cli_resolve import resolve
from app.cli_run import AsJson, fail, guarded, read_settings, run, tenant_name
from app.cli_schema import schema_commands
from app.cli_sync import sync
from app.cli_work import work
from app.doctor import Finding, examine
from app.http.settings import HttpSettings
from app.sealing import keyring_database
from app.serve import serve as serve_gateway
from app.settings import Settings
from app.store.attach import attached_store
from app.store.backup import backup as write_backup
from app.store.backup import restore as read_backup
from app.store.backup_file import Summary
from app.store.indexes import create_indexes
from policies.matrix import ROLES

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # Their frames show local variables, and those may hold values of a person.
    pretty_exceptions_enable=False,
    help="The profile gateway: who the customer is, in one GraphQL query.",
)
_SWITCHED_OFF = "Development tokens are switched off (auth.development, or env is production)."
_errors = Console(stderr=True)
cli.command(name="import")(import_file)
cli.command()(work)
cli.command()(resolve)
cli.command()(sync)
cli.command()(explain)
cli.add_typer(schema_commands, name="schema")
cli.add_typer(key_commands, name="keys")
cli.add_typer(access_commands, name="access")
cli.add_typer(connector_commands, name="connector")

_OfKeyring = Annotated[bool, typer.Option("--keyring", help="The keyring's database instead.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[
    int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)
]


@cli.command()
def serve(
    host: Host = None,
    port: Port = None,
) -> None:
    """Answer requests until a signal asks to stop."""
    settings = _listening_at(read_settings(), host, port)

    async def tell(gateway: Gateway, address: str) -> None:
        for line in _banner(gateway.settings):
            typer.echo(line)
        typer.echo(f"listening at {address}/graphql")

    run(serve_gateway(settings, tell))


@cli.command()
def demo(
    host: Host = None,
    port: Port = None,
    customers: Annotated[
        int, typer.Option(help="How many customers to invent.", min=1, max=500)
    ] = 500,
) -> None:
    """Serve invented customers and a sandbox CRM, and print a first query to paste."""
    settings = _listening_at(read_settings(), host, port)
    if settings.env == "production" or not settings.auth.development:
        fail(f"The demo uses development tokens. {_SWITCHED_OFF}")
    # Faker comes with the `demo` extra alone: the other commands must work without it.
    try:
        from app.demo.run import demonstrate  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        fail(f"The demo needs {error.name}: install the `demo` extra.")
    run(demonstrate(settings, customers))


@cli.command()
def token(
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(sorted(ROLES))}.")],
    tenant: Annotated[str, typer.Option(help="The tenant.", callback=tenant_name)] = "demo",
    subject: Annotated[str, typer.Option(help="Who the token is for.")] = "developer",
    hours: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=24)] = 8,
    second_factor: Annotated[
        bool, typer.Option(help="Say that the sign-in used a second factor.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Print a development token for one or more roles."""
    if unknown := sorted(set(role) - ROLES):
        raise typer.BadParameter(f"no such role: {', '.join(unknown)}", param_hint="--role")
    issuer = guarded(lambda: development_issuer(read_settings()))
    if issuer is None:
        fail(_SWITCHED_OFF)
    made = issuer.token(
        role,
        tenant,
        subject=subject,
        lifetime_s=hours * 3600,
        second_factor=second_factor,
    )
    typer.echo(json.dumps({"token": made}) if as_json else made)


@cli.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Create missing indexes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look the installation over; exit with 1 when something isn't well."""
    findings = run(_examined(read_settings(), fix=fix))
    if as_json:
        typer.echo(json.dumps([vars_of(item) for item in findings]))
    else:
        for item in findings:
            typer.echo(f"{'ok  ' if item.is_well else 'FAIL'} {item.subject}: {item.told}")
    if not all(item.is_well for item in findings):
        raise typer.Exit(1)


@cli.command()
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


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.", exists=True)],
    keyring: _OfKeyring = False,
    as_json: AsJson = False,
) -> None:
    """Read all data from a file into an empty store; run it again when it was interrupted.

    With --keyring, the keys from a file that `backup --keyring` wrote.
    """
    _tell_summary(run(_with_progress("restore", file, of_keyring=keyring)), as_json=as_json)


def main() -> None:
    """The console script."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    cli()


async def _examined(settings: Settings, *, fix: bool) -> list[Finding]:
    return [finding async for finding in examine(settings, fix=fix)]


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


def vars_of(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    return {"subject": finding.subject, "ok": finding.is_well, "message": finding.told}


def _tell_summary(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(dict(summary.collections)))
    else:
        for collection, count in summary.collections.items():
            typer.echo(f"{count:>9} {collection}")


def _banner(settings: Settings) -> list[str]:
    if settings.store.uri is not None:
        return []
    return [
        f"store: the embedded server in {settings.store.path}, for trying out and development;",
        "       set GATEWAY_STORE__URI to a MongoDB for anything you must not lose",
    ]


def _listening_at(settings: Settings, host: str | None, port: int | None) -> Settings:
    given = settings.http.model_dump()
    given |= {"host": host} if host is not None else {}
    given |= {"port": port} if port is not None else {}
    return settings.model_copy(update={"http": HttpSettings(**given)})


if __name__ == "__main__":
    main()
