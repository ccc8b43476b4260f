"""The demo: a gateway with invented customers beside a sandbox CRM, and a query to paste."""

import asyncio
import os
import secrets
import shlex
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from rich.console import Console
from rich.progress import Progress

from app.auth.development import development_issuer
from app.build import Gateway
from app.demo.sandbox_crm import sandbox_app
from app.demo.seed import TENANT, crm_seed, fill_crm, seed
from app.serve import serve
from app.settings import Settings
from app.source_settings import SourceSettings
from policies.matrix import ROLES

_TOKEN_VARIABLE: Final = "PROFILE_GATEWAY_DEMO_CRM_TOKEN"  # noqa: S105 - a variable's name
_HOURS: Final = 12
_QUERY: Final = (
    '{ identify(channel: VOICE, value: "(202) 555-0143") { outcome profile { name { full }'
    " birthDate identities { channel value } custom { vip loyaltyTier lifetimeValue }"
    ' fields(keys: ["loyaltyTier"], maxAge: 0) { value source age stale error { code } } } } }'
)


async def demonstrate(settings: Settings, count: int) -> None:
    """Serve the demo until a signal asks to stop."""
    async with _sandbox() as (crm, token):
        os.environ[_TOKEN_VARIABLE] = token
        source = SourceSettings(
            connector="hubspot",
            tenant=TENANT,
            base_url=crm,
            secret=f"env:{_TOKEN_VARIABLE}",
            match="profile:profile_id",
            rates=(),  # the sandbox bears more than HubSpot
        )
        sources = {**settings.sources, "crm": source}

        async def listening(gateway: Gateway, address: str) -> None:
            await _fill(gateway, count, crm, token)
            _print(gateway, address, crm)

        await serve(settings.model_copy(update={"sources": sources}), listening)


class _Quiet(uvicorn.Server):
    """A second server of one process: the gateway's own listens to signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@asynccontextmanager
async def _sandbox() -> AsyncIterator[tuple[str, str]]:
    """The address and token of a sandbox CRM that answers over HTTP on a free port."""
    token = secrets.token_urlsafe(24)
    app = sandbox_app(token, crm_seed())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Quiet(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", token
        finally:
            server.should_exit = True
            await serving


async def _fill(gateway: Gateway, count: int, crm: str, token: str) -> None:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("inventing customers", total=count)
        await seed(gateway, count, lambda done, of: bar.update(task, completed=done, total=of))
    await fill_crm(gateway, crm, token)


def _print(gateway: Gateway, address: str, crm: str) -> None:
    tokens = _tokens(gateway)
    exports = gateway.settings.store.path / "demo.env"
    _write(exports, tokens)
    lines = [
        "",
        f"gateway      {address}/graphql     (health: {address}/readyz)",
        f"sandbox CRM  {crm}",
        "",
        "Tokens, one for each role, valid for 12 hours:",
        *(f"  {name}={token}" for name, token in tokens.items()),
        "",
        "In another terminal, from this directory:",
        "",
        f"  . {shlex.quote(str(exports))}",
        f"  curl -s {address}/graphql -H 'content-type: application/json' \\",
        '    -H "authorization: Bearer $AGENT" \\',
        f"    -d '{_body()}'",
        "",
        "Ask again as $SUPERVISOR and $PARTNER; then switch the CRM off and on:",
        "",
        f"  curl -s -X PUT {crm}/_sandbox/faults -d '{{\"down\": true}}'",
        f"  curl -s -X DELETE {crm}/_sandbox/faults",
        "",
        "Ctrl-C stops all of it.",
        f"listening at {address}/graphql",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _body() -> str:
    escaped = _QUERY.replace('"', '\\"')
    return f'{{"query": "{escaped}"}}'


def _tokens(gateway: Gateway) -> dict[str, str]:
    issuer = development_issuer(gateway.settings)
    if issuer is None:
        return {}
    return {
        role.upper(): issuer.token(
            [role],
            TENANT,
            subject=f"demo-{role}",
            lifetime_s=_HOURS * 3600,
            second_factor=True,
        )
        for role in sorted(ROLES)
    }


def _write(path: Path, tokens: dict[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={token}\n" for name, token in tokens.items()), "utf-8")
