"""Looks the installation over: what is well, what isn't, and what to do about it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
from pymongo.errors import PyMongoError

from app.auth.production import refuse_in_production
from app.keys import KeyTrouble, identity_key, key_check, resolve_secret
from app.settings import Settings
from app.store.attach import Store, attached_store
from app.store.client import server_description
from app.store.embedded_files import EmbeddedServerError
from app.store.indexes import create_indexes, missing_indexes
from app.store.meta import StoreMismatch, check_store
from app.store.names import PROFILES
from connectors.base import Call, SourceSettings
from connectors.errors import SourceError
from connectors.registry import connector_class
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in a sentence."""

    subject: str
    is_well: bool
    told: str


async def examine(settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
    """Every finding, as it is made.  With `fix`, missing indexes are created."""
    yield _keys(settings)
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(attached_store(settings))
            async for finding in _store(settings, store, fix=fix):
                yield finding
        except (EmbeddedServerError, PyMongoError, StoreMismatch, KeyTrouble) as error:
            yield Finding("store", is_well=False, told=_sentence(error))
    for issuer in settings.auth.issuers:
        yield await _issuer(issuer.issuer)
    for name in settings.sources:
        yield await _source(settings, name)


def _keys(settings: Settings) -> Finding:
    try:
        refuse_in_production(settings)
        identity_key(settings, settings.store.path)
    except KeyTrouble as error:
        return Finding("keys", is_well=False, told=str(error))
    own = settings.keys.identity is not None
    told = "identity key by reference" if own else "development key, for this machine only"
    return Finding("keys", is_well=True, told=told)


async def _store(settings: Settings, store: Store, *, fix: bool) -> AsyncIterator[Finding]:
    described = await server_description(store.client)
    kind = "embedded server" if described.embedded_version else "MongoDB"
    version = described.embedded_version or described.version
    yield Finding("store", is_well=True, told=f"{kind} {version} answers")
    root = identity_key(settings, settings.store.path)
    await check_store(store.database, key_check(root))
    if fix:
        await create_indexes(store.database)
    missing = await missing_indexes(store.database)
    told = f"missing: {', '.join(missing)}; `doctor --fix` makes them" if missing else "complete"
    yield Finding("indexes", is_well=not missing, told=told)
    count = await store.database[PROFILES].estimated_document_count()
    most = settings.store.max_embedded_profiles
    too_many = described.embedded_version is not None and count > most
    advice = f"; more than {most} belong in a MongoDB" if too_many else ""
    yield Finding("profiles", is_well=not too_many, told=f"{count}{advice}")


async def _issuer(issuer: str) -> Finding:
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=_PATIENCE_S) as http:
            status = (await http.get(address)).status_code
    except httpx2.HTTPError as error:
        return Finding(f"issuer {issuer}", is_well=False, told=type(error).__name__)
    is_well = status == httpx2.codes.OK
    return Finding(f"issuer {issuer}", is_well=is_well, told=f"discovery answers {status}")


async def _source(settings: Settings, name: str) -> Finding:
    item = settings.sources[name]
    try:
        secret = resolve_secret(item.secret, f"sources.{name}.secret")
        given = SourceSettings(name, item.base_url.rstrip("/"), secret, item.options)
        connector = connector_class(item.connector)(given)
        async with source_client() as http:
            await connector.ping(Call(http, Budget(_PATIENCE_S)))
    except (SourceError, KeyTrouble) as error:
        return Finding(f"source {name}", is_well=False, told=str(error))
    return Finding(f"source {name}", is_well=True, told=f"{item.connector} answers")


def _sentence(error: Exception) -> str:
    # The driver's own text may hold the connection string.
    return type(error).__name__ if isinstance(error, PyMongoError) else str(error)
