"""`profile-gateway serve` and `profile-gateway demo`."""

from typing import Annotated

import typer

from app.auth.development import SWITCHED_OFF
from app.build import Gateway
from app.cli_guard import fail, read_settings
from app.cli_run import run
from app.http.settings import HttpSettings
from app.serve import serve as serve_gateway
from app.settings import Settings

_Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
_Port = Annotated[
    int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)
]


def serve(
    host: _Host = None,
    port: _Port = None,
) -> None:
    """Answer requests until a signal asks to stop."""
    settings = _listening_at(read_settings(), host, port)

    async def tell(gateway: Gateway, address: str) -> None:
        for line in _banner(gateway.settings):
            typer.echo(line)
        typer.echo(f"listening at {address}/graphql")

    run(serve_gateway(settings, tell))


def demo(
    host: _Host = None,
    port: _Port = None,
    customers: Annotated[
        int, typer.Option(help="How many customers to invent.", min=1, max=500)
    ] = 500,
) -> None:
    """Serve invented customers and a sandbox CRM, and print a first query to paste."""
    settings = _listening_at(read_settings(), host, port)
    if settings.env == "production" or not settings.auth.development:
        fail(f"The demo uses development tokens. {SWITCHED_OFF}")
    # Faker comes with the `demo` extra alone: the other commands must work without it.
    try:
        from app.demo.run import demonstrate  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        fail(f"The demo needs {error.name}: install the `demo` extra.")
    run(demonstrate(settings, customers))


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
