import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from app.auth.errors import Unauthenticated

MAX_TOKEN_BYTES = 8192
NOT_SIGNED = "The bearer token isn't a signed JSON Web Token."
_BEARER = "bearer "
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token that is well formed and may still be anybody's."""

    text: str = field(repr=False)
    header: dict[str, Any] = field(repr=False)
    claims: dict[str, Any] = field(repr=False)


def bearer_token(authorization: str | None) -> str:
    """The token in an `Authorization` header: at most 8 KB; nothing is parsed yet.

    Raises:
        Unauthenticated: there is none, or it can't be one.
    """
    if authorization is None:
        raise Unauthenticated("No bearer token was sent.")
    if len(authorization) > len(_BEARER) + MAX_TOKEN_BYTES:
        raise Unauthenticated("The bearer token is longer than 8 KB.")
    if authorization[: len(_BEARER)].lower() != _BEARER:
        raise Unauthenticated("The Authorization header doesn't hold a bearer token.")
    token = authorization[len(_BEARER) :].strip(" ")
    if not _TOKEN.fullmatch(token):
        raise Unauthenticated(NOT_SIGNED)
    return token


def is_signed(token: str) -> bool:
    """Whether a token has the form of a signed one."""
    return _COMPACT.fullmatch(token) is not None


def read_unverified(token: str) -> UnverifiedToken:
    """The header and claims of a token of three parts, before its signature is looked at.

    Raises:
        Unauthenticated: a part isn't one JSON object, or an object names something twice.
    """
    header, claims, _ = token.split(".")
    return UnverifiedToken(token, _json_object(header), _json_object(claims))


def _json_object(part: str) -> dict[str, Any]:
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        found = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unauthenticated("A part of the bearer token isn't strict JSON.") from None
    if not isinstance(found, dict):
        raise Unauthenticated("A part of the bearer token isn't a JSON object.")
    return found


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Readers disagree on which of two equal names counts, so neither does here.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} isn't JSON")
