"""Secrets by reference, and the keys of the identity index.

KeyTrouble               a person must change the settings
  SecretMissing          nothing is where the reference points
  SecretUnusable         something is there, and it can't serve as this secret
  RefusedInProduction    fine on one's own machine, refused in production

Messages name the setting and the place; never the content.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from app.settings import Settings

_IDENTITY_SETTING = "keys.identity"
_IDENTITY_KEY_BYTES = 32
_INDEX_VERSION = b"\x01"
_INDEX_TAG_BYTES = 16


class KeyTrouble(Exception):
    """A secret or key can't be used as the settings stand."""


class SecretMissing(KeyTrouble):
    """Nothing is where a setting says its secret is."""

    def __init__(self, setting: str, where: str) -> None:
        super().__init__(f"{setting}: no secret found in {where}.")
        self.setting = setting


class SecretUnusable(KeyTrouble):
    """A secret was found and can't serve its setting."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting}: the secret {why}.")
        self.setting = setting


class RefusedInProduction(KeyTrouble):
    """Something that is for one's own machine, in an environment that says production."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Refused because env is production: {why}.")


def resolve_secret(reference: str, setting: str) -> str:
    """The secret behind `env:NAME` or `file:PATH`, without surrounding white space.

    `setting` is the dotted name of the setting that holds the reference, for the messages.

    Raises:
        SecretMissing: no such variable or readable file, or it is empty.
        SecretUnusable: the reference has another form, or the content isn't UTF-8 text.
    """
    scheme, _, place = reference.partition(":")
    if scheme == "env" and place:
        found, where = os.environ.get(place, ""), f"the environment variable {place}"
    elif scheme == "file" and place:
        found, where = _read(Path(place), setting), f"the file {place}"
    else:
        # The reference isn't repeated: people paste the secret itself here.
        raise SecretUnusable(setting, "must be given as env:NAME or file:PATH")
    if not found.strip():
        raise SecretMissing(setting, where)
    return found.strip()


def _read(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SecretMissing(setting, f"the file {path} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SecretUnusable(setting, f"in the file {path} isn't UTF-8 text") from None


def identity_key(settings: Settings, directory: Path) -> bytes:
    """The root key of the identity index: 32 bytes or more.

    It is what `keys.identity` refers to; where that is unset, a development key that is made
    on the first run and kept under `directory`.  An index can't be read with another key.

    Raises:
        SecretMissing: the reference leads nowhere.
        SecretUnusable: the secret is no base64url, or shorter than 32 bytes.
        RefusedInProduction: `keys.identity` is unset and `env` is production.
    """
    if settings.keys.identity is not None:
        return _decoded(resolve_secret(settings.keys.identity, _IDENTITY_SETTING))
    if settings.env == "production":
        raise RefusedInProduction(f"{_IDENTITY_SETTING} must refer to a key of your own")
    return _decoded(kept_secret(directory, "identity.key", _new_identity_key).decode())


def _new_identity_key() -> bytes:
    return base64.urlsafe_b64encode(secrets.token_bytes(_IDENTITY_KEY_BYTES)) + b"\n"


def _decoded(text: str) -> bytes:
    # Both alphabets of base64, padded or not: `openssl rand -base64 32` writes the other one.
    body = text.strip().rstrip("=").translate(str.maketrans("+/", "-_"))
    try:
        key = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SecretUnusable(_IDENTITY_SETTING, "must be base64url") from None
    if len(key) < _IDENTITY_KEY_BYTES:
        raise SecretUnusable(_IDENTITY_SETTING, f"is shorter than {_IDENTITY_KEY_BYTES} bytes")
    return key


def kept_secret(directory: Path, name: str, make: Callable[[], bytes]) -> bytes:
    """The content of `directory`/keys/`name`; `make` supplies it when there is no such file.

    The file is readable by its owner alone, and so is its directory.  It appears complete or
    not at all: of several processes that start together one makes it and all read the same.
    """
    path = directory / "keys" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _publish(make(), path)
    return path.read_bytes()


def _publish(content: bytes, path: Path) -> None:
    # mkstemp opens with mode 0600.  A link, unlike a rename, never replaces what is there.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its content is the one that counts
    finally:
        Path(draft).unlink()


def tenant_identity_key(root: bytes, tenant: str) -> bytes:
    """The 32 byte key of one tenant's identity index: HKDF-Expand with SHA-256.

    Two tenants' indexes have nothing in common, even for the same person.
    """
    info = b"cpg/bi/1|" + tenant.encode()
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=info).derive(root)


def blind_index(key: bytes, kind: str, normalised: str) -> str:
    """What stands for an identity value in the index: 23 characters of base64url.

    17 bytes: a version, and 16 bytes of HMAC-SHA-256 over `kind` and the `normalised` value.
    Equal values have equal indexes; without the key, an index tells nothing of its value.
    """
    message = _length_prefixed(kind.encode(), b"1", normalised.encode())
    tag = hmac.digest(key, message, hashlib.sha256)[:_INDEX_TAG_BYTES]
    return _base64url(_INDEX_VERSION + tag)


def _length_prefixed(*parts: bytes) -> bytes:
    # ("ab", "c") and ("a", "bc") must not give the same message.
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def key_check(root: bytes) -> str:
    """A fingerprint of the root key, 16 characters of base64url, safe to store.

    A database that remembers it notices when it is opened with another key.
    """
    return _base64url(hmac.digest(root, b"cpg/key-check/1", hashlib.sha256)[:12])


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
