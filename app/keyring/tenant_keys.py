"""The keys of one tenant, unwrapped: what wraps its profiles' keys, and what its index is made by.

The index of a value is a keyed hash: equal values of one field have equal ones; without the key, an
index tells nothing of its value.  Tenants, fields and versions of the key have nothing in common.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from app.keyring.envelope import bound_to

_TAG_BYTES: Final = 16


@dataclass(slots=True)
class TenantKeys:
    """`wrapping` and `indexing` hold keys by version, from 1; the greatest is the one in use.

    An index says by which version of its key it was made.  While there are several, `indexed_by`
    is the one in use: a new one is known to everybody before anybody writes by it; 0: the greatest.
    """

    tenant: str
    wrapping: Mapping[int, bytes] = field(repr=False)
    indexing: Mapping[int, bytes] = field(repr=False)
    indexed_by: int = field(default=0, repr=False)
    _fields: dict[tuple[int, str], bytes] = field(default_factory=dict, repr=False)
    _ciphers: dict[int, AESGCM] = field(default_factory=dict, repr=False)

    @property
    def wrapping_version(self) -> int:
        """The version that wraps new keys."""
        return max(self.wrapping)

    @property
    def index_versions(self) -> list[int]:
        """The versions an index can be of, the one in use first, then the newest."""
        return sorted(self.indexing, key=lambda one: (one != self.index_version, -one))

    @property
    def index_version(self) -> int:
        """The version that new indexes are made by."""
        return self.indexed_by or max(self.indexing)

    def newest(self) -> "TenantKeys":
        """The same, with the newest version of the index key alone."""
        version = max(self.indexing)
        return replace(self, indexing={version: self.indexing[version]}, indexed_by=version)

    def cipher(self, version: int) -> AESGCM:
        """What wraps with a version; raises `KeyError` for one that isn't there."""
        if version not in self._ciphers:
            self._ciphers[version] = AESGCM(self.wrapping[version])
        return self._ciphers[version]

    def values_cipher(self, version: int) -> AESGCM:
        """What seals the tenant's own values; raises `KeyError` for a version that isn't there."""
        if -version not in self._ciphers:
            self._ciphers[-version] = AESGCM(derived_key(self.wrapping[version], "cpg/values/1"))
        return self._ciphers[-version]

    def index(self, field: str, value: str, version: int | None = None) -> str:
        """What stands for a value of a field: 23 characters of base64url.

        17 bytes: the low byte of the version, and 16 bytes of HMAC-SHA-256.
        """
        chosen = self.index_version if version is None else version
        key = self._fields.get((chosen, field))
        if key is None:
            key = derived_key(self.indexing[chosen], "cpg/bi/1", field, chosen)
            self._fields[chosen, field] = key
        tag = hmac.digest(key, value.encode(), hashlib.sha256)[:_TAG_BYTES]
        return base64.urlsafe_b64encode(bytes([chosen & 0xFF]) + tag).decode().rstrip("=")


def version_of(index: str) -> int:
    """The low byte of the version of the key that made an index, or one with its kind before it."""
    return base64.urlsafe_b64decode(index.rpartition("/")[2] + "=")[0]


def derived_key(root: bytes, *purpose: str | int) -> bytes:
    """The 32 byte key that a key has for one purpose: HKDF-Expand with SHA-256."""
    info = bound_to(*purpose)
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=info).derive(root)
