"""`profile-gateway`: every command, and where it is; exit codes are 0 well, 1 failed, 2 usage."""

import logging
import sys

import typer

from app.cli_lazy import LazyCommand, LazyGroup


class _Commands(LazyGroup):
    lazy = (
        LazyCommand(
            "import",
            "app.cli_import:import_file",
            "Import customers, each found again by an identity or a unique value.",
        ),
        LazyCommand(
            "work", "app.cli_work:work", "Run the workers alone, until a signal asks to stop."
        ),
        LazyCommand(
            "resolve",
            "app.cli_resolve:resolve",
            "Find profiles that may be one person, over the whole store, for people to decide.",
        ),
        LazyCommand(
            "sync",
            "app.cli_sync:sync",
            "Copy what changed in a CRM into the profiles that are its records.",
        ),
        LazyCommand(
            "explain",
            "app.cli_explain:explain",
            "Tell what somebody gets of each part of a document, and why; no customer is read.",
        ),
        LazyCommand("serve", "app.cli_serve:serve", "Answer requests until a signal asks to stop."),
        LazyCommand(
            "demo",
            "app.cli_serve:demo",
            "Serve invented customers and a sandbox CRM, and print a first query to paste.",
        ),
        LazyCommand(
            "token", "app.cli_token:token", "Print a development token for one or more roles."
        ),
        LazyCommand(
            "doctor",
            "app.cli_doctor:doctor",
            "Look the installation over; exit with 1 when something isn't well.",
        ),
        LazyCommand(
            "backup",
            "app.cli_backup:backup",
            "Write all data to a file, or with --keyring the keys that open it.",
        ),
        LazyCommand(
            "restore",
            "app.cli_backup:restore",
            "Read all data from a file into an empty store; run it again when it was interrupted.",
        ),
        LazyCommand(
            "schema",
            "app.cli_schema:schema_commands",
            "Print the GraphQL schema, or import a customer schema.",
        ),
        LazyCommand(
            "keys",
            "app.cli_keys:key_commands",
            "The keys that values at rest are sealed with (status, rotate), and those that partners"
            " sign in with (issue, list, revoke).",
        ),
        LazyCommand(
            "access",
            "app.cli_access:access_commands",
            "Read, check and change who may see what in a tenant.",
        ),
        LazyCommand(
            "connector",
            "app.cli_connector:connector_commands",
            "Try a CRM, begin a connector for one, make fields of its attributes.",
        ),
    )


def _before_each() -> None:
    """Nothing: Typer wants a callback where it is told of no command."""


cli = typer.Typer(
    cls=_Commands,
    callback=_before_each,
    no_args_is_help=True,
    add_completion=False,
    # Their frames show local variables, and those may hold values of a person.
    pretty_exceptions_enable=False,
    help="The profile gateway: who the customer is, in one GraphQL query.",
)


def main() -> None:
    """The console script."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    cli()


if __name__ == "__main__":
    main()
