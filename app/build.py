"""The composition root: from settings to every concrete object, once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from app import settings as app_settings
from app.auth.authenticator import Authenticator
from app.auth.development import development_issuer
from app.auth.settings import AuthSettings
from app.http.persisted import PersistedDocuments
from app.keys import resolve_secret
from app.matrices import TenantMatrices
from app.merge_settings import survivorship_of
from app.production import refuse_in_production
from app.recognition import normalising_of
from app.schemas import Schemas
from app.sealing import opened_roots, sealing_of
from app.sources import connectors_of, opened_sources
from app.store.access_rules import MongoAccessRules
from app.store.address import store_uri
from app.store.api_keys import MongoApiKeys
from app.store.attach import embedded_server, opened_client
from app.store.audit import MongoAudit
from app.store.changes import Changes
from app.store.definitions import MongoDefinitions
from app.store.failures import store_failures
from app.store.grants import MongoGrants
from app.store.history_pages import MongoHistory
from app.store.indexes import create_indexes
from app.store.interactions import MongoInteractions
from app.store.matches import MongoMatches
from app.store.meta import claim_store
from app.store.profiles import MongoProfiles
from app.store.relations import MongoRelations
from app.store.revocations import MongoRevocations
from app.store.rewriting import Rewriting
from app.store.saved_filters import MongoFilters
from app.sync.syncing import Syncing, syncing_of
from app.sync.wishes import Wishes
from app.work import workers_of
from graph.sources import Source
from graph.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that serves requests, open and checked."""

    settings: app_settings.Settings
    wiring: Wiring
    schemas: Schemas
    authenticator: Authenticator
    database: AsyncDatabase[dict[str, Any]]
    documents: PersistedDocuments
    syncing: Syncing


@asynccontextmanager
async def open_gateway(settings: app_settings.Settings) -> AsyncIterator[Gateway]:
    """A gateway that is ready to answer; everything it opened is closed on leaving.

    Raises:
        KeyTrouble, EmbeddedServerError, StoreUnavailable, StoreMismatch, WrongSettings,
        WrongMatrix: it can't start; the message says what to do.
    """
    refuse_in_production(settings)
    uri = store_uri(settings)
    documents = PersistedDocuments(settings.http)
    async with AsyncExitStack() as stack:
        connectors = dict(connectors_of(settings))
        roots = await stack.enter_async_context(opened_roots(settings))
        if uri is None:
            uri = await stack.enter_async_context(embedded_server(settings.store.path))
        client = await opened_client(uri, settings.store.deadline_s, stack)
        database = client[settings.store.database]
        sealing = sealing_of(settings, client, roots)
        with store_failures():
            await claim_store(database, sealing.keyring)
            await create_indexes(database)
        sources = await opened_sources(settings, connectors, sealing, stack, _now)
        changes = Changes(client, database, sealing, _now, settings.max_identities)
        schemas, syncing = _schemas(settings, database, changes, sources, stack)
        wiring = _wiring(settings, client, changes, schemas, syncing)
        authenticator = await _authenticator(settings, database, stack)
        yield Gateway(settings, wiring, schemas, authenticator, database, documents, syncing)


def _wiring(
    settings: app_settings.Settings,
    client: AsyncMongoClient[dict[str, Any]],
    changes: Changes,
    schemas: Schemas,
    syncing: Syncing,
) -> Wiring:
    """What the graph stands on: every store, on one database."""
    database, sealing = client[settings.store.database], changes.sealing
    most = settings.max_identities
    profiles = MongoProfiles(client, database, sealing, _now, most)
    return Wiring(
        profiles=profiles,
        rewriting=Rewriting(database, changes, _now),
        history=MongoHistory(database, sealing),
        interactions=MongoInteractions(database, sealing, profiles),
        definitions=schemas,
        filters=MongoFilters(database, sealing, _now),
        matches=MongoMatches(database, sealing, _now),
        sources=syncing.sources,
        writes=Wishes(syncing),
        matrices=TenantMatrices.shipped(MongoAccessRules(database, _now)),
        relations=MongoRelations(database),
        audit=MongoAudit(database, _now),
        grants=MongoGrants(database),
        now=_now,
        normalising=normalising_of(settings),
        budget_s=settings.budget_s,
        max_values=most,
        survivorship=survivorship_of(settings.merging),
    )


def _schemas(
    settings: app_settings.Settings,
    database: AsyncDatabase[dict[str, Any]],
    changes: Changes,
    sources: Mapping[str, Mapping[str, Source]],
    stack: AsyncExitStack,
) -> tuple[Schemas, Syncing]:
    """The tenants' schemas and sources, and somebody at work on what both ask of profiles."""
    told = asyncio.Event()
    definitions = MongoDefinitions(database, changes.sealing, settings.region, told.set)
    schemas = Schemas(definitions, limits=settings.http.request_limits())
    syncing = syncing_of(settings, sources, database, definitions, changes, _now)
    workers = workers_of(settings, database, definitions, changes, told, schemas.expire, syncing)
    stack.push_async_callback(workers.close)
    workers.start()
    return schemas, syncing


def introspection_secrets(auth: AuthSettings) -> dict[str, str]:
    """Our secrets at the issuers that have introspection, by issuer.

    Raises:
        KeyTrouble: a reference leads nowhere.
    """
    return {
        issuer.issuer: resolve_secret(
            issuer.introspection.client_secret,
            f"auth.issuers[{number}].introspection.client_secret",
        )
        for number, issuer in enumerate(auth.issuers)
        if issuer.introspection is not None
    }


def _now() -> datetime:
    return datetime.now(UTC)


async def _authenticator(
    settings: app_settings.Settings, database: AsyncDatabase[dict[str, Any]], stack: AsyncExitStack
) -> Authenticator:
    http = httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=5.0)
    await stack.enter_async_context(http)
    authenticator = Authenticator(
        settings.auth,
        http,
        development_issuer(settings),
        secrets=introspection_secrets(settings.auth),
        kept_keys=MongoApiKeys(database),
        revoked=MongoRevocations(database),
    )
    stack.push_async_callback(authenticator.aclose)
    await authenticator.prepare()
    return authenticator
