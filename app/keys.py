"""Secrets by reference, and keys that are kept as secrets.

KeyTrouble               a secret or key can't be used, and the message says why
  SecretMissing          nothing is where the reference points
  SecretUnusable         something is there, and it can't serve as this secret
  RefusedInProduction    fine on one's own machine, refused in production

Those of the root keys are in app/keyring/errors.py.

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

_KEY_BYTES = 32


class KeyTrouble(Exception):
    """A secret or key can't be used as things stand."""


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


def referred_key(reference: str, setting: str) -> bytes:
    """The key that `setting` refers to: 32 bytes or more, written as base64.

    Raises:
        SecretMissing: the reference leads nowhere.
        SecretUnusable: the secret is no base64url, or shorter than 32 bytes.
    """
    return _decoded(resolve_secret(reference, setting), setting)


def development_key(directory: Path, name: str, setting: str) -> bytes:
    """The key in `directory`/keys/`name`, 32 bytes; made on the first run.

    Raises:
        SecretUnusable: the file holds something else.
    """
    return _decoded(kept_secret(directory, name, _new_key).decode(), setting)


def _new_key() -> bytes:
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n"


def _decoded(text: str, setting: str) -> bytes:
    # Both alphabets of base64, padded or not: `openssl rand -base64 32` writes the other one.
    body = text.strip().rstrip("=").translate(str.maketrans("+/", "-_"))
    try:
        key = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SecretUnusable(setting, "must be base64url") from None
    if len(key) < _KEY_BYTES:
        raise SecretUnusable(setting, f"is shorter than {_KEY_BYTES} bytes")
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


def fingerprint(key: bytes, purpose: bytes) -> str:
    """16 characters of base64url that tell keys apart and nothing of them.

    Fingerprints of one key for two purposes have nothing in common.
    """
    return _base64url(hmac.digest(key, purpose, hashlib.sha256)[:12])


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
