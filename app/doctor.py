"""Looks the installation over: what is well, what isn't, and what to do about it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
from pymongo.errors import PyMongoError

from app.auth.discovery import UnusableAnswer, discover_key_set, fetch_json
from app.auth.production import refuse_in_production
from app.configuration import WrongSettings
from app.keys import KeyTrouble, identity_key, key_check, resolve_secret
from app.settings import IssuerSettings, Settings
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
    keys, root = _keys(settings)
    yield keys
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(attached_store(settings))
            async for finding in _store(settings, store, root, fix=fix):
                yield finding
        except (EmbeddedServerError, StoreMismatch, KeyTrouble, WrongSettings) as error:
            yield Finding("store", is_well=False, told=str(error))
        except PyMongoError as error:
            # The driver's own text may hold the connection string.
            told = f"gives no answer ({type(error).__name__})"
            yield Finding("store", is_well=False, told=told)
    for issuer in settings.auth.issuers:
        yield await _issuer(issuer)
    for name in settings.sources:
        yield await _source(settings, name)


def _keys(settings: Settings) -> tuple[Finding, bytes | None]:
    """The finding, and the identity key where there is one that can be used."""
    troubles, root = [], None
    try:
        refuse_in_production(settings)
    except KeyTrouble as error:
        troubles.append(str(error))
    try:
        root = identity_key(settings, settings.store.path)
    except KeyTrouble as error:
        troubles.append(str(error))
    except OSError as error:
        troubles.append(f"{error.filename} can't be used: {error.strerror}.")
    own = settings.keys.identity is not None
    told = "identity key by reference" if own else "development key, for this machine only"
    return Finding("keys", is_well=not troubles, told=" ".join(troubles) or told), root


async def _store(
    settings: Settings, store: Store, root: bytes | None, *, fix: bool
) -> AsyncIterator[Finding]:
    described = await server_description(store.client)
    kind = "embedded server" if described.embedded_version else "MongoDB"
    version = described.embedded_version or described.version
    yield Finding("store", is_well=True, told=f"{kind} {version} answers")
    if root is not None:
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


async def _issuer(issuer: IssuerSettings) -> Finding:
    subject = f"issuer {issuer.issuer}"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=_PATIENCE_S) as http:
            address = issuer.jwks_uri or await discover_key_set(http, issuer.issuer)
            await fetch_json(http, address)
    except UnusableAnswer as error:
        return Finding(subject, is_well=False, told=f"{error}")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Finding(subject, is_well=False, told=f"gives no answer ({type(error).__name__})")
    return Finding(subject, is_well=True, told="its key set is there")


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
