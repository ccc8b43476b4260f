"""`profile-gateway schema` prints the GraphQL schema, `schema import` defines custom fields."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from graphql import introspection_from_schema

from app.cli_guard import AsJson, guarded, known_roles, read_settings, tenant_name
from app.cli_run import run
from app.expertflow import Attribute, read_attributes
from app.imports.schema_import import SchemaReport, import_schema
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.attach import attached_store
from app.store.definitions import MongoDefinitions
from app.tenant_rules import shipped_rules, tenant_rules

schema_commands = typer.Typer(
    invoke_without_command=True,
    help="Print the GraphQL schema, or import a customer schema.",
    pretty_exceptions_enable=False,
)


@schema_commands.callback()
def schema(
    context: typer.Context,
    tenant: Annotated[
        str | None,
        typer.Option(
            help="With this tenant's custom fields, from the store.", callback=tenant_name
        ),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option(
            "--as", help="As this role knows it; again for several.", callback=known_roles
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the GraphQL schema: its definition language, or with --json its introspection."""
    if context.invoked_subcommand is not None:
        return
    rules = run(tenant_rules(read_settings(), tenant)) if tenant else shipped_rules()
    built = rules.schema
    visible = built.visible(rules.asking(roles)) if roles else built.whole
    if as_json:
        typer.echo(json.dumps(introspection_from_schema(visible.graphql)))
    else:
        typer.echo(built.sdl(visible if roles else None), nl=False)


@schema_commands.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="JSON: the attributes of an Expertflow customer schema.")
    ],
    tenant: Annotated[
        str, typer.Option(help="Whose customer schema it becomes.", callback=tenant_name)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, only tell.")] = False,
    as_json: AsJson = False,
) -> None:
    """Define the fields of an Expertflow CX customer schema; a second run changes nothing."""
    attributes = guarded(lambda: read_attributes(file.read_bytes()))
    report = run(_imported(read_settings(), attributes, tenant, is_dry=dry_run))
    if as_json:
        typer.echo(json.dumps(report.as_json()))
        return
    for line in report.lines():
        typer.echo(line)


async def _imported(
    settings: Settings, attributes: Sequence[Attribute], tenant: str, *, is_dry: bool
) -> SchemaReport:
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        definitions = MongoDefinitions(store.database, sealing, settings.region)
        return await import_schema(
            attributes,
            definitions,
            tenant,
            max_values=settings.max_identities,
            is_dry=is_dry,
        )
