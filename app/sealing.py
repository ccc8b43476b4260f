"""Opens the keyring that the settings name, and checks that it belongs to the store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from app.keyring.keyring import Keyring
from app.keyring.root_keys import RootKeys, open_root_keys
from app.settings import Settings
from app.store.sealing import Classes, Sealing
from policies.classification import DataClass


@asynccontextmanager
async def opened_sealing(
    settings: Settings, client: AsyncMongoClient[dict[str, Any]]
) -> AsyncIterator[Sealing]:
    """The seals of the store; its root keys are closed on leaving.

    Raises:
        KeyTrouble: a root key isn't to be had.
    """
    async with opened_roots(settings) as roots:
        yield sealing_of(settings, client, roots)


@asynccontextmanager
async def opened_roots(settings: Settings) -> AsyncIterator[RootKeys]:
    """The root keys that the settings name, closed on leaving; raises `KeyTrouble`."""
    roots = await open_root_keys(settings, settings.store.path)
    try:
        yield roots
    finally:
        await roots.aclose()


def sealing_of(
    settings: Settings, client: AsyncMongoClient[dict[str, Any]], roots: RootKeys
) -> Sealing:
    """The seals of the store whose keyring these root keys open."""
    database, cached_s = keyring_database(settings, client), settings.keys.cached_s
    return Sealing(Keyring(database, roots, _now, cached_s), classes_of(settings))


def keyring_database(
    settings: Settings, client: AsyncMongoClient[dict[str, Any]]
) -> AsyncDatabase[dict[str, Any]]:
    """The database of the keyring."""
    return client[settings.keys.database or f"{settings.store.database}-keyring"]


def classes_of(settings: Settings) -> Classes:
    """Which classes of a tenant's values are sealed, as the settings say."""
    sealing = settings.sealing

    def classes(tenant: str) -> frozenset[DataClass]:
        names = sealing.tenants.get(tenant, sealing.classes)
        return frozenset(DataClass[name] for name in names)

    return classes


def _now() -> datetime:
    return datetime.now(UTC)
