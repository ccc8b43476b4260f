"""Seals for tests of the store alone: a real keyring beside it, wrapped by a local key."""

from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from app.keyring.keyring import Keyring
from app.keyring.profile_keys import new_key
from app.keyring.root_keys import LocalRootKey, RootKeys
from app.keyring.tenant_keys import TenantKeys
from app.store.sealing import ProfileSeal, Sealing, TenantSeal
from policies.classification import DataClass

BY_DEFAULT = frozenset(
    {
        DataClass.CONTACT,
        DataClass.SENSITIVE,
        DataClass.FINANCIAL,
        DataClass.CONVERSATION,
        DataClass.RECORDING,
    }
)


def a_sealing(
    database: AsyncDatabase[dict[str, Any]],
    classes: frozenset[DataClass] = BY_DEFAULT,
    key: bytes = b"k" * 32,
) -> Sealing:
    """The seals of a database; its keyring is beside it."""
    roots = RootKeys(LocalRootKey(key))
    beside = database.client[f"{database.name}-keyring"]
    return Sealing(Keyring(beside, roots, lambda: datetime.now(UTC)), lambda _: classes)


def a_tenant_seal(
    tenant: str = "acme", classes: frozenset[DataClass] = BY_DEFAULT, key: bytes = b"t" * 32
) -> TenantSeal:
    """The seal of a tenant whose keys are known."""
    return TenantSeal(TenantKeys(tenant, {1: key}, {1: key}), classes)


def a_seal(profile: str, of_tenant: TenantSeal | None = None) -> ProfileSeal:
    """The seal of a profile with a new key."""
    chosen = of_tenant or a_tenant_seal()
    _, keys = new_key(chosen.keys, profile, datetime.now(UTC))
    return ProfileSeal(chosen, profile, keys)
