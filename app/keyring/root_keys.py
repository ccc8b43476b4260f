"""Root keys, which wrap the tenants' keys, and where the settings say that they are."""

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.key_settings import VaultSettings
from app.keyring.errors import KeyDamaged, RootKeyMissing
from app.keyring.vault import VaultRootKey
from app.keys import (
    RefusedInProduction,
    SecretUnusable,
    development_key,
    fingerprint,
    referred_key,
)
from app.settings import Settings
from connectors.runtime.addresses import ANYWHERE
from connectors.runtime.client import source_client

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_DEVELOPMENT_KEY: Final = "root.key"
_ALL_SETTINGS: Final = ("keys.root", "keys.former_roots", "keys.vault", "keys.former_vault")


class RootKey(Protocol):
    """Wraps the tenants' keys; it never leaves its provider."""

    @property
    def id(self) -> str:
        """Names what wrapped last: `local:FINGERPRINT` or `vault:MOUNT/KEY:vN`; safe to store."""

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """A key that is unwrapped by this root key and with the same `context` alone.

        Raises:
            RootKeyRefused, RootKeyUnavailable: a provider far away doesn't do it.
        """

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key that `wrap` was given.

        Raises:
            KeyDamaged: it was wrapped otherwise, or changed.
            RootKeyRefused, RootKeyUnavailable: a provider far away doesn't do it.
        """


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A wrapped key, and the id of the root key that wrapped it."""

    by: str
    content: bytes


class LocalRootKey:
    """A root key in our own memory, 32 bytes: AES-256-GCM with a random nonce of 12 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a root key has {KEY_BYTES} bytes")
        self.id = f"local:{fingerprint(key, b'cpg/root-key/1')}"
        self._cipher = AESGCM(key)

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Nonce, ciphertext and tag: 28 bytes more than `key` has."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key that `wrap` was given; raises `KeyDamaged`."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, context)
        except (InvalidTag, ValueError):
            raise KeyDamaged(self.id) from None


class RootKeys:
    """The root key in use and the former ones, which still unwrap.

    `looked_in` are the places of the keys, for the message when one is missing; what `resources`
    holds is closed together with them.
    """

    def __init__(
        self,
        current: RootKey,
        former: Sequence[RootKey] = (),
        *,
        looked_in: Sequence[str] = _ALL_SETTINGS,
        resources: AsyncExitStack | None = None,
    ) -> None:
        self._current = current
        self._former = tuple(former)
        self._looked_in = tuple(looked_in)
        self._resources = resources or AsyncExitStack()

    @property
    def current_id(self) -> str:
        """The id of the key that wraps; a rotation in Vault changes it while we run."""
        return self._current.id

    async def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """`key`, wrapped by the root key in use; the same `context` unwraps it.

        Raises:
            RootKeyRefused, RootKeyUnavailable: Vault doesn't do it.
        """
        content = await self._current.wrap(key, context)
        # Nothing is awaited in between, so this is still the version that wrapped it.
        return Wrapped(self._current.id, content)

    async def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key that `wrap` was given, whichever of the root keys wrapped it.

        Raises:
            RootKeyMissing: that root key isn't at hand.
            RootKeyRefused, RootKeyUnavailable: Vault doesn't do it.
            KeyDamaged: the content was changed or moved, or belongs to another key.
        """
        asked = _without_version(wrapped.by)
        for key in (self._current, *self._former):
            if _without_version(key.id) == asked:
                return await key.unwrap(wrapped.content, context)
        raise RootKeyMissing(wrapped.by, self._looked_in)

    def is_current(self, wrapped: Wrapped) -> bool:
        """Whether the key in use, in its version of today, wrapped it."""
        return wrapped.by == self._current.id

    async def aclose(self) -> None:
        """Close the connections to Vault."""
        await self._resources.aclose()


_Found = tuple[RootKey, str]
"""A key and its place, for messages."""


def _without_version(by: str) -> str:
    # PROVIDER:NAME:VERSION; Vault keeps every version of a key under one name.
    return ":".join(by.split(":")[:2])


async def open_root_keys(settings: Settings, directory: Path) -> RootKeys:
    """The root keys that the settings name; the caller closes them.

    The key in use is `keys.vault`, else `keys.root`, else a development key that is made on the
    first run and kept under `directory`.  All others of the settings are former keys.  Vault is
    asked for the key in use alone: former keys may be out of reach until something needs them.

    Raises:
        SecretMissing, SecretUnusable: a reference leads nowhere, or to no 32 bytes of base64url.
        RefusedInProduction: no root key is named and `env` is production.
        RootKeyRefused, RootKeyUnavailable: Vault doesn't let us use `keys.vault`.
    """
    async with AsyncExitStack() as stack:
        found = await _found(settings, directory, stack)
        resources = stack.pop_all()
    keys = [key for key, _ in found]
    places = [place for _, place in found]
    return RootKeys(keys[0], keys[1:], looked_in=places, resources=resources)


async def _found(settings: Settings, directory: Path, stack: AsyncExitStack) -> list[_Found]:
    """Every key, the one in use first."""
    local = _local_keys(settings, directory)
    vault = await _vault_keys(settings.keys.vault, "keys.vault", stack)
    for key, _ in vault:
        await key.open()
    former_vault = await _vault_keys(settings.keys.former_vault, "keys.former_vault", stack)
    return [*vault, *local, *former_vault]


def _local_keys(settings: Settings, directory: Path) -> list[_Found]:
    """Local keys and their places; the one of `keys.root` first, where there is one."""
    keys = settings.keys
    named = {f"keys.former_roots.{number}": key for number, key in enumerate(keys.former_roots)}
    if keys.root is not None:
        named = {"keys.root": keys.root, **named}
    found = [
        (_local_key(referred_key(reference, setting), setting), f"{setting} ({reference})")
        for setting, reference in named.items()
    ]
    if keys.root is None and keys.vault is None:
        found.insert(0, _development_key(settings, directory))
    return found


def _development_key(settings: Settings, directory: Path) -> _Found:
    if settings.env == "production":
        raise RefusedInProduction(
            "keys.root must refer to a key of your own, or keys.vault to one in Vault"
        )
    key = development_key(directory, _DEVELOPMENT_KEY, "keys.root")
    return _local_key(key, "keys.root"), f"the file {directory / 'keys' / _DEVELOPMENT_KEY}"


def _local_key(key: bytes, setting: str) -> RootKey:
    if len(key) != KEY_BYTES:
        raise SecretUnusable(setting, f"is longer than {KEY_BYTES} bytes")
    return LocalRootKey(key)


async def _vault_keys(
    vault: VaultSettings | None, setting: str, stack: AsyncExitStack
) -> list[tuple[VaultRootKey, str]]:
    if vault is None:
        return []
    http = await stack.enter_async_context(source_client(ANYWHERE))
    return [(VaultRootKey(vault, setting, http), f"{setting} ({vault.path})")]
