"""The keys of one profile: one for each generation; sealing uses the newest."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.keyring.envelope import KEY_BYTES, ValueDamaged, bound_to, unwrap, wrap
from app.keyring.tenant_keys import TenantKeys

FIRST: Final = 1


@dataclass(frozen=True, slots=True)
class ProfileKeys:
    """Ciphers by generation; none where the keys were destroyed, or not one could be unwrapped."""

    ciphers: Mapping[int, AESGCM] = field(repr=False)
    is_damaged: bool = False

    @property
    def is_destroyed(self) -> bool:
        """Whether what they sealed can't be read any more, by anybody."""
        return not self.ciphers and not self.is_damaged

    @property
    def generation(self) -> int:
        """The one that seals."""
        return max(self.ciphers)


def key_id(tenant: str, profile: str) -> str:
    """The `_id` of a profile's keys."""
    return f"{tenant}/{profile}"


def new_key(keys: TenantKeys, profile: str, now: datetime) -> tuple[dict[str, Any], ProfileKeys]:
    """The first key of a profile, as it is kept and as it is used."""
    entry, cipher = next_key(keys, profile, FIRST)
    document = {
        "_id": key_id(keys.tenant, profile),
        "tenant": keys.tenant,
        "profile": profile,
        "keys": [entry],
        "madeAt": now,
    }
    return document, ProfileKeys({FIRST: cipher})


def next_key(keys: TenantKeys, profile: str, generation: int) -> tuple[dict[str, Any], AESGCM]:
    """A random key of a generation, as an entry of `keys` and as it is used."""
    key = os.urandom(KEY_BYTES)
    return wrapped_key(keys, profile, generation, key), AESGCM(key)


def wrapped_key(keys: TenantKeys, profile: str, generation: int, key: bytes) -> dict[str, Any]:
    """A key as it is kept: wrapped by the tenant's key in use, bound to whose it is."""
    version = keys.wrapping_version
    content = wrap(keys.cipher(version), key, _context(keys, profile, generation, version))
    return {"generation": generation, "by": version, "key": content}


def raw_key(keys: TenantKeys, profile: str, entry: Mapping[str, Any]) -> bytes:
    """A kept key, unwrapped.

    Raises:
        ValueDamaged: it was changed or is another profile's, or its tenant's key is gone.
    """
    match entry:
        case {"generation": int(generation), "by": int(version), "key": bytes(wrapped)} if (
            version in keys.wrapping
        ):
            context = _context(keys, profile, generation, version)
            return unwrap(keys.cipher(version), wrapped, context)
    raise ValueDamaged


def versions_of(entries: object) -> set[int]:
    """The versions of the tenant's key that wrapped what a document has under `keys`."""
    found = [entry.get("by") for entry in _listed(entries) if isinstance(entry, Mapping)]
    return {version for version in found if isinstance(version, int)}


def opened_keys(keys: TenantKeys, profile: str, entries: object) -> ProfileKeys:
    """A profile's keys from what its document has under `keys`; what isn't one is left out."""
    ciphers: dict[int, AESGCM] = {}
    for entry in _listed(entries):
        with suppress(ValueDamaged):
            key = raw_key(keys, profile, entry)
            ciphers[entry["generation"]] = AESGCM(key)
    return ProfileKeys(ciphers, is_damaged=len(ciphers) < len(_listed(entries)))


def _listed(entries: object) -> Sequence[Any]:
    # None is no key: what should be a list and isn't is damaged.
    return entries if isinstance(entries, list) else [None]


def _context(keys: TenantKeys, profile: str, generation: int, version: int) -> bytes:
    return bound_to("cpg/pdk/1", keys.tenant, profile, generation, version)
