"""`profile-gateway keys issue|list|revoke`: keys of partners, and tokens that count no more."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from pymongo.asynchronous.database import AsyncDatabase

from app.auth.api_keys import ApiKey
from app.auth.key_form import key_digest, new_key
from app.auth.session import Mark
from app.cli_guard import AsJson, fail, read_settings, tenant_name
from app.cli_run import run
from app.sealing import opened_sealing
from app.setting_types import network
from app.settings import Settings
from app.store.api_keys import MongoApiKeys
from app.store.attach import attached_store
from app.store.meta import check_store
from app.store.revocations import MongoRevocations
from policies.matrix import ROLES

_MAX_NAME = 100
_MAX_TEXT = 256


def _networks(given: list[str] | None) -> list[str]:
    try:
        return [network(one) for one in given or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _name(given: str) -> str:
    if not given.strip() or len(given) > _MAX_NAME or not given.isprintable():
        raise typer.BadParameter(f"a name is 1 to {_MAX_NAME} printable characters")
    return given


_Tenant = Annotated[str | None, typer.Option(help="Tenant.", callback=tenant_name)]


def issue(
    tenant: Annotated[str, typer.Option(help="Tenant whose data it reads.", callback=tenant_name)],
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(sorted(ROLES))}.")],
    name: Annotated[str, typer.Option(help="Who gets it, for lists and logs.", callback=_name)],
    days: Annotated[int, typer.Option(help="How long it counts.", min=1, max=3650)] = 90,
    network: Annotated[
        list[str] | None,
        typer.Option(
            help="It counts from there alone (CIDR); everywhere unless told.", callback=_networks
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for a partner, and print it once: what is kept can't be turned back into it."""
    if unknown := sorted(set(role) - ROLES):
        raise typer.BadParameter(f"no such role: {', '.join(unknown)}", param_hint="--role")
    key_id, key = new_key()
    now = datetime.now(UTC)
    made = ApiKey(
        key_id,
        tenant,
        name,
        key_digest(key),
        frozenset(role),
        tuple(network or ()),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    run(_add(read_settings(), made))
    if as_json:
        typer.echo(json.dumps({"key": key, **_told(made, now)}))
    else:
        typer.echo(key)
        typer.echo(f"{key_id} counts until {made.expires_at:%Y-%m-%d %H:%M} UTC", err=True)


def list_keys(tenant: _Tenant = None, as_json: AsJson = False) -> None:
    """List the keys of partners, without what would let anybody use them."""
    now = datetime.now(UTC)
    kept = run(_all(read_settings()))
    rows = [_told(key, now) for key in kept if tenant in (None, key.tenant)]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        roles, where = ",".join(row["roles"]), ",".join(row["networks"]) or "everywhere"
        typer.echo(
            f"{row['id']}  {row['state']:<7}  until {row['expiresAt'][:10]}  {row['tenant']}"
            f"  {roles}  {where}  {row['name']}"
        )


def revoke(
    id: Annotated[str | None, typer.Argument(help="Id of a partner's key.")] = None,
    subject: Annotated[str | None, typer.Option(help="Whose tokens (and key) to refuse.")] = None,
    jti: Annotated[str | None, typer.Option(help="Id of the token to refuse.")] = None,
    session: Annotated[str | None, typer.Option(help="Session whose tokens to refuse.")] = None,
    tenant: _Tenant = None,
    hours: Annotated[
        float | None,
        typer.Option(
            help="How long to refuse: as long as a token may live unless told; 0 ends it.",
            min=0,
            max=87_600,
        ),
    ] = None,
) -> None:
    """Let a partner's key count no more, or refuse tokens of a subject or a session, or one token.

    Gateways know within 3 seconds of a key, and within 2 of the rest.  A subject is refused with
    new tokens too, until the time is over.
    """
    named = {"subject": subject, "token": jti, "session": session}
    chosen = [(kind, value) for kind, value in named.items() if value is not None]
    if len(chosen) + (id is not None) != 1:
        raise typer.BadParameter("name one: ID, --subject, --jti or --session")
    settings = read_settings()
    if id is not None:
        if not run(_revoke_key(settings, id)):
            fail("There is no key of this id.")
        typer.echo("revoked")
        return
    if tenant is None:
        raise typer.BadParameter("name the tenant", param_hint="--tenant")
    kind, value = chosen[0]
    if not value.strip() or len(value) > _MAX_TEXT:
        raise typer.BadParameter(f"must be a text of 1 to {_MAX_TEXT} characters")
    mark: Any = (tenant, kind, value)
    lasting = timedelta(seconds=settings.auth.max_lifetime_s) if hours is None else None
    until = datetime.now(UTC) + (lasting or timedelta(hours=hours or 0))
    run(_revoke_mark(settings, mark, until))
    typer.echo(f"refused until {until:%Y-%m-%d %H:%M} UTC" if hours != 0 else "counts again")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        await check_store(store.database, sealing.keyring)
        yield store.database


async def _add(settings: Settings, key: ApiKey) -> None:
    async with _opened(settings) as database:
        await MongoApiKeys(database).add(key)


async def _all(settings: Settings) -> list[ApiKey]:
    async with _opened(settings) as database:
        return await MongoApiKeys(database).all()


async def _revoke_key(settings: Settings, id: str) -> bool:
    async with _opened(settings) as database:
        return await MongoApiKeys(database).revoke(id, datetime.now(UTC))


async def _revoke_mark(settings: Settings, mark: Mark, until: datetime) -> None:
    async with _opened(settings) as database:
        await MongoRevocations(database).add(mark, until, datetime.now(UTC))


def _told(key: ApiKey, now: datetime) -> dict[str, Any]:
    state = "revoked" if key.revoked_at else "expired" if key.expires_at <= now else "valid"
    return {
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "roles": sorted(key.roles),
        "networks": list(key.networks),
        "createdAt": key.created_at.isoformat(),
        "expiresAt": key.expires_at.isoformat(),
        "revokedAt": key.revoked_at.isoformat() if key.revoked_at else None,
        "state": state,
    }
