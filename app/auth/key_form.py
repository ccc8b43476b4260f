"""What a partner's key looks like: `cpg_`, its id, and 32 random bytes in base 62."""

import hashlib
import re
import secrets
import string

KEY_PREFIX = "cpg_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH = 16
_SECRET_BYTES = 32
_SECRET_LENGTH = 43  # so many digits hold 32 bytes
_FORM = re.compile(
    rf"{KEY_PREFIX}([0-9A-Za-z]{{{_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH}}}", re.ASCII
)


def new_key() -> tuple[str, str]:
    """The id of a new key, and the key."""
    name = "".join(secrets.choice(_DIGITS) for _ in range(_ID_LENGTH))
    return name, f"{KEY_PREFIX}{name}_{_base62(secrets.token_bytes(_SECRET_BYTES))}"


def key_id(key: str) -> str | None:
    """The id in a key; None where it doesn't have the form of one."""
    found = _FORM.fullmatch(key)
    return found[1] if found else None


def key_digest(key: str) -> str:
    """What is kept of a key.  It is as random as it is long, so nobody can guess it from this."""
    return hashlib.sha256(key.encode()).hexdigest()


def _base62(content: bytes) -> str:
    number, digits = int.from_bytes(content), []
    for _ in range(_SECRET_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)
