"""Values and keys sealed by AES-256-GCM: what a sealed thing looks like, and what it is bound to.

A sealed value is

    0x01 | generation, 4 bytes | nonce, 12 bytes | ciphertext and tag
    plaintext   the value as BSON {"": value}, 0x80, then zeros up to a multiple of 16
    bound to    tenant, collection, profile, version and generation, place (see `bound_to`)

so it opens where it was sealed and nowhere else.  A place is the immutable id of a field, never its
key: renaming a field seals nothing anew.  A wrapped key is nonce, ciphertext and tag, bound to what
`bound_to` is given.

Unsealable               what is there can't be opened
  ValueDamaged           it was cut, changed or moved, or belongs to another key
  WrongGeneration        it was sealed with a key of another generation
"""

import os
import struct
from collections.abc import Mapping
from typing import Any, Final

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_VERSION: Final = 1
_NONCE: Final = 12
_HEADER: Final = struct.Struct(">BI")
_BEGIN: Final = _HEADER.size + _NONCE
_SHORTEST: Final = _BEGIN + 16 + 16
_BLOCK: Final = 16
_TYPES: Final = CodecOptions[dict[str, Any]](tz_aware=True)


class Unsealable(Exception):
    """A sealed value or a wrapped key can't be opened; the message never holds any of it."""


class ValueDamaged(Unsealable):
    """It was cut, changed or moved, or it was sealed with another key."""

    def __init__(self) -> None:
        super().__init__("A sealed value failed its check.")


class WrongGeneration(Unsealable):
    """It was sealed with another generation of the key than the one at hand."""

    def __init__(self, generation: int) -> None:
        super().__init__(f"A sealed value needs the key of generation {generation}.")


def bound_to(*parts: str | int) -> bytes:
    """Parts as additional data, each with its length before it: no two lists give the same."""
    encoded = [str(part).encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def seal(cipher: AESGCM, generation: int, value: Any, context: bytes) -> bytes:  # noqa: ANN401 - what BSON holds
    """A value sealed by a key of this generation; `context` is what it is bound to."""
    header = _HEADER.pack(_VERSION, generation)
    nonce = os.urandom(_NONCE)
    sealed = cipher.encrypt(nonce, _padded(bson.encode({"": value})), context + header)
    return header + nonce + sealed


def unseal(cipher: AESGCM, generation: int, sealed: bytes, context: bytes) -> Any:  # noqa: ANN401 - what BSON holds
    """The value that `seal` was given.

    Raises:
        ValueDamaged: it isn't what was sealed there with this key.
        WrongGeneration: it says that a key of another generation sealed it.
    """
    return unsealed({generation: cipher}, sealed, context)


def unsealed(ciphers: Mapping[int, AESGCM], sealed: bytes, context: bytes) -> Any:  # noqa: ANN401 - what BSON holds
    """The value that `seal` was given with one of these keys, by generation.

    Raises:
        ValueDamaged: it isn't what was sealed there with that key.
        WrongGeneration: it says that a key of another generation sealed it.
    """
    generation = generation_of(sealed)
    cipher = ciphers.get(generation)
    if cipher is None:
        raise WrongGeneration(generation)
    begin = _HEADER.size
    try:
        plain = cipher.decrypt(sealed[begin:_BEGIN], sealed[_BEGIN:], context + sealed[:begin])
        return bson.decode(plain[: plain.rindex(b"\x80")], _TYPES)[""]
    except (InvalidTag, BSONError, KeyError, ValueError):
        raise ValueDamaged from None


def generation_of(sealed: bytes) -> int:
    """Which generation of its key sealed a value.

    Raises:
        ValueDamaged: it can't be a sealed value.
    """
    if len(sealed) < _SHORTEST or sealed[0] != _VERSION:
        raise ValueDamaged
    return int.from_bytes(sealed[1:5], "big")


def wrap(cipher: AESGCM, key: bytes, context: bytes) -> bytes:
    """A key that only the same cipher and context unwrap."""
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, key, context)


def unwrap(cipher: AESGCM, wrapped: bytes, context: bytes) -> bytes:
    """The key that `wrap` was given.

    Raises:
        ValueDamaged: it was wrapped otherwise, or changed.
    """
    try:
        return cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], context)
    except (InvalidTag, ValueError):
        raise ValueDamaged from None


def _padded(plain: bytes) -> bytes:
    return plain + b"\x80" + bytes(-(len(plain) + 1) % _BLOCK)
