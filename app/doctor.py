"""Looks the installation over: what is well, what isn't, and what to do about it."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
from pymongo.errors import PyMongoError

from app.auth.addresses import is_trustworthy
from app.auth.discovery import UnusableAnswer, discover_key_set, fetch_json
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.introspection import INACTIVE, Introspector
from app.auth.settings import AuthSettings, IssuerSettings
from app.certificates import PemFile, expires_at
from app.configuration import WrongSettings
from app.keyring.root_keys import open_root_keys
from app.keys import KeyTrouble, resolve_secret
from app.opened_source import opened_source
from app.production import refuse_in_production
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.address import check_tls_files
from app.store.attach import Store, attached_store
from app.store.client import server_description
from app.store.embedded_files import EmbeddedServerError
from app.store.errors import StoreMismatch
from app.store.indexes import create_indexes, missing_indexes
from app.store.meta import check_store
from app.store.names import PROFILES
from app.store.sealing import Sealing
from app.tls import server_context
from connectors.errors import SourceError

_PATIENCE_S = 5.0
_RENEW_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in a sentence."""

    subject: str
    is_well: bool
    told: str


async def examine(settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
    """Every finding, as it is made.  With `fix`, missing indexes are created."""
    yield await _keys(settings)
    for certificate in _certificates(settings):
        yield certificate
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(attached_store(settings))
            sealing = await _sealing(settings, store, stack)
            async for finding in _store(settings, store, sealing, fix=fix):
                yield finding
        except (EmbeddedServerError, StoreMismatch, KeyTrouble, WrongSettings) as error:
            yield Finding("store", is_well=False, told=str(error))
        except PyMongoError as error:
            yield Finding("store", is_well=False, told=_silence(error))
    for issuer in settings.auth.issuers:
        yield await _issuer(issuer)
    for name in settings.sources:
        yield await _source(settings, name)


async def _keys(settings: Settings) -> Finding:
    troubles = []
    try:
        refuse_in_production(settings)
    except KeyTrouble as error:
        troubles.append(str(error))
    told = ""
    try:
        roots = await open_root_keys(settings, settings.store.path)
        told = f"root key {roots.current_id}"
        await roots.aclose()
    except KeyTrouble as error:
        troubles.append(str(error))
    except OSError as error:
        troubles.append(f"{error.filename} can't be used: {error.strerror}.")
    if settings.keys.root is None and settings.keys.vault is None:
        told += ", made for development on this machine"
    return Finding("keys", is_well=not troubles, told=" ".join(troubles) or told)


def _certificates(settings: Settings) -> Iterator[Finding]:
    tls, store = settings.http.tls, settings.store
    if tls.certificate is not None:
        file = PemFile("http.tls.certificate", tls.certificate)
        yield _certificate(file, lambda: server_context(tls))
    if store.tls_certificate is not None:
        file = PemFile("store.tls_certificate", store.tls_certificate)
        yield _certificate(file, lambda: check_tls_files(store))


def _certificate(file: PemFile, check: Callable[[], object]) -> Finding:
    try:
        check()
        end = expires_at(file)
    except WrongSettings as error:
        return Finding("certificate", is_well=False, told=str(error))
    left = end - datetime.now(UTC)
    told = f"{file.setting} is valid until {end:%Y-%m-%d}"
    if left < timedelta():
        told = f"{file.setting} ended on {end:%Y-%m-%d}; renew it"
    elif left < _RENEW_WITHIN:
        told += f", {left.days} days from now; renew it"
    return Finding("certificate", is_well=left >= _RENEW_WITHIN, told=told)


async def _sealing(settings: Settings, store: Store, stack: AsyncExitStack) -> Sealing | None:
    """The seals of the store; None where the root key can't be used, which `_keys` has told."""
    try:
        return await stack.enter_async_context(opened_sealing(settings, store.client))
    except (KeyTrouble, OSError):
        return None


async def _store(
    settings: Settings, store: Store, sealing: Sealing | None, *, fix: bool
) -> AsyncIterator[Finding]:
    described = await server_description(store.client)
    kind = "embedded server" if described.embedded_version else "MongoDB"
    version = described.embedded_version or described.version
    yield Finding("store", is_well=True, told=f"{kind} {version} answers")
    if sealing is not None:
        await check_store(store.database, sealing.keyring)
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


def _silence(error: PyMongoError) -> str:
    # The driver's own text may hold the connection string.
    told = f"gives no answer ({type(error).__name__})"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        told += "; its certificate isn't of a CA that we trust, or is in another name"
    return told


async def _issuer(issuer: IssuerSettings) -> Finding:
    subject = f"issuer {issuer.issuer}"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=_PATIENCE_S) as http:
            address = issuer.jwks_uri or await discover_key_set(http, issuer.issuer)
            await fetch_json(http, address)
            told = await _introspection(issuer, http)
    except KeyTrouble as error:
        return Finding(subject, is_well=False, told=str(error))
    except UnusableAnswer as error:
        return Finding(subject, is_well=False, told=f"{error}")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Finding(subject, is_well=False, told=f"gives no answer ({type(error).__name__})")
    return Finding(subject, is_well=True, told=f"its key set is there{told}")


async def _introspection(issuer: IssuerSettings, http: httpx2.AsyncClient) -> str:
    """Ask about a token that nobody has: a sound answer is that it isn't active."""
    given = issuer.introspection
    if given is None:
        return ""
    secret = resolve_secret(given.client_secret, "auth.issuers[].introspection.client_secret")
    introspector = Introspector(issuer, given, secret, http, AuthSettings(), time.time)
    try:
        await introspector.verify(f"{given.prefix}doctor")
    except KeySetUnavailable:
        raise UnusableAnswer("it doesn't tell us about opaque tokens") from None
    except Unauthenticated as error:
        if error.reason == INACTIVE:
            return ", and it tells about opaque tokens"
    raise UnusableAnswer("it calls a token active that nobody has")


async def _source(settings: Settings, name: str) -> Finding:
    item = settings.sources[name]
    if settings.env == "production" and not is_trustworthy(item.base_url):
        told = "not asked, because its secret would travel without https"
        return Finding(f"source {name}", is_well=False, told=told)
    try:
        async with opened_source(settings, name) as source:
            await source.connector.ping(source.call(_PATIENCE_S))
    except (SourceError, KeyTrouble) as error:
        return Finding(f"source {name}", is_well=False, told=str(error))
    return Finding(f"source {name}", is_well=True, told=f"{item.connector} answers")
