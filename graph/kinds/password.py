import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from typing import Final

from graph.kinds.kept import Kept
from graph.kinds.operators import GIVEN
from graph.model.custom_field import Facets

# Source: OWASP, Password Storage Cheat Sheet; of its equal settings, the one that takes 32 MiB.
_LOG_N: Final = 15
_R: Final = 8
_P: Final = 3
_MAX_MEMORY: Final = 64 * 2**20  # bytes; scrypt takes a little more than 128 * N * r
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_MAX_LENGTH: Final = 200
_HASH: Final = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)


class Password(Kept):
    """A password, of which only a hash is kept.  It reads as true where one is set.

    Parsing always makes a hash, with a salt of its own: what is parsed again is hashed again, so
    that nobody can plant a hash of theirs.
    """

    name = "PASSWORD"
    scalar = "Boolean"
    example: object = "correct horse battery staple"
    operators = GIVEN

    def parse(self, value: object, facets: Facets) -> str:
        """The hash of a password.  It takes about a third of a second and 32 MiB."""
        del facets
        if not isinstance(value, str) or not 1 <= len(value) <= _MAX_LENGTH:
            raise _unusable()
        if not value.isprintable():
            raise _unusable()
        salt = secrets.token_bytes(_SALT_BYTES)
        made = _scrypt(value, salt, _LOG_N, _R, _P)
        return f"$scrypt$ln={_LOG_N},r={_R},p={_P}${_encode(salt)}${_encode(made)}"

    def from_source(self, value: object, facets: Facets) -> str:
        """As `parse`: blanks belong to a password."""
        return self.parse(value, facets)

    def load(self, stored: object) -> object:
        """True: one is set.  Nothing else is ever shown."""
        del stored
        return True

    def key(self, value: object) -> str:
        """The same for every password."""
        del value
        return "1"


def is_password(text: str, kept: str) -> bool:
    """Whether a text is the password of a hash that `Password` made."""
    parts = _HASH.fullmatch(kept)
    if parts is None:
        return False
    log_n, r, p = (int(number) for number in parts.groups()[:3])
    made = _scrypt(text, _decode(parts[4]), log_n, r, p)
    return hmac.compare_digest(made, _decode(parts[5]))


def _scrypt(text: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    # Composed, as RFC 8265 asks: keyboards differ in how they send an accented letter.
    password = unicodedata.normalize("NFC", text).encode()
    return hashlib.scrypt(
        password, salt=salt, n=2**log_n, r=r, p=p, maxmem=_MAX_MEMORY, dklen=_HASH_BYTES
    )


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _unusable() -> ValueError:
    return ValueError(f"expected a password of 1 to {_MAX_LENGTH} printable characters")
