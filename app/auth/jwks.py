import base64
import binascii
import logging
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from app.auth.discovery import UnusableAnswer

_log = logging.getLogger(__name__)

_PUBLIC_PARTS = ("kty", "kid", "alg", "crv", "x", "y", "n", "e")
_KEY_TYPES = ("EC", "OKP", "RSA")
_MIN_RSA_BITS = 2048


def signing_keys(document: Mapping[str, Any]) -> dict[str, Key]:
    """The public keys of a key set that may sign tokens, by key id.

    Left out: keys for encryption, symmetric keys, RSA keys under 2048 bits, keys without a
    key id and keys that nobody can read.  Of two keys with one id the first counts.

    Raises:
        UnusableAnswer: the document isn't a key set at all.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise UnusableAnswer("the answer isn't a key set")
    found: dict[str, Key] = {}
    for entry in listed:
        if isinstance(entry, dict) and _may_sign(entry):
            _add(found, entry)
    return found


def _may_sign(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops")
    return (
        entry.get("kty") in _KEY_TYPES
        and entry.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and isinstance(entry.get("kid"), str)
        and not _is_short_rsa(entry)
    )


def _is_short_rsa(entry: Mapping[str, Any]) -> bool:
    if entry["kty"] != "RSA":
        return False
    modulus = str(entry.get("n", ""))
    try:
        number = base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    except (binascii.Error, ValueError):
        return True
    return int.from_bytes(number).bit_length() < _MIN_RSA_BITS


def _add(found: dict[str, Key], entry: Mapping[str, Any]) -> None:
    public = {name: entry[name] for name in _PUBLIC_PARTS if name in entry}
    try:
        found.setdefault(entry["kid"], import_key(public))
    except (JoseError, UnsupportedAlgorithm, KeyError, TypeError, ValueError) as error:
        # One key of a kind from the future must not cost the others.
        _log.info("a key of a key set can't be used: %s", type(error).__name__)
