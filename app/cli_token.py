"""`profile-gateway token`."""

import json
from typing import Annotated

import typer

from app.auth.development import SWITCHED_OFF, development_issuer
from app.cli_guard import AsJson, fail, guarded, read_settings, tenant_name
from policies.matrix import ROLES


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
        fail(SWITCHED_OFF)
    made = issuer.token(
        role,
        tenant,
        subject=subject,
        lifetime_s=hours * 3600,
        second_factor=second_factor,
    )
    typer.echo(json.dumps({"token": made}) if as_json else made)
