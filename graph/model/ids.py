import secrets
import time
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 26
_BITS: Final = 5


def new_id(now_ms: int | None = None) -> str:
    """A ULID: 26 characters, ordered by time to the millisecond, 80 random bits.

    Source: the ULID specification (48 bits of Unix time in milliseconds, 80 random bits, in
    Crockford's base 32).
    """
    moment = int(time.time() * 1000) if now_ms is None else now_ms
    number = (moment << 80) | secrets.randbits(80)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in _shifts())


def is_id(text: str) -> bool:
    """Whether a text can be one of our ids."""
    return len(text) == _LENGTH and all(character in _ALPHABET for character in text)


def _shifts() -> range:
    return range(_BITS * (_LENGTH - 1), -1, -_BITS)
