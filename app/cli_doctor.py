"""`profile-gateway doctor`."""

import json
from typing import Annotated, Any

import typer

from app.cli_guard import AsJson, read_settings
from app.cli_run import run
from app.doctor import Finding, examine
from app.settings import Settings


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Create missing indexes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look the installation over; exit with 1 when something isn't well."""
    findings = run(_examined(read_settings(), fix=fix))
    if as_json:
        typer.echo(json.dumps([_as_json(item) for item in findings]))
    else:
        for item in findings:
            typer.echo(f"{'ok  ' if item.is_well else 'FAIL'} {item.subject}: {item.told}")
    if not all(item.is_well for item in findings):
        raise typer.Exit(1)


async def _examined(settings: Settings, *, fix: bool) -> list[Finding]:
    return [finding async for finding in examine(settings, fix=fix)]


def _as_json(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    return {"subject": finding.subject, "ok": finding.is_well, "message": finding.told}
