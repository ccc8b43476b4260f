"""Tokens that count together with the client's certificate alone (RFC 8705)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from app.auth.errors import Unauthenticated

_METHOD = "x5t#S256"
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def bound_to(claims: Mapping[str, Any], *, is_required: bool) -> str | None:
    """The thumbprint of the certificate that a token is bound to; None where it is to nothing.

    Raises:
        Unauthenticated: it must be bound and isn't, or it is bound to what can't be checked here,
            such as a key (DPoP).
    """
    confirmation = claims.get("cnf")
    if confirmation is None:
        if is_required:
            raise Unauthenticated("The token isn't bound to a certificate.")
        return None
    # Every method that a token names must be proved, and there is proof of certificates alone.
    if not isinstance(confirmation, Mapping) or set(confirmation) != {_METHOD}:
        raise Unauthenticated("The token is bound to something that can't be checked.")
    thumbprint = confirmation[_METHOD]
    if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
        raise Unauthenticated("The token's cnf isn't the thumbprint of a certificate.")
    return thumbprint


def check_certificate(thumbprint: str, certificate: bytes | None, now: float) -> None:
    """Return when `certificate` (DER) has this thumbprint and is valid at `now`.

    Raises:
        Unauthenticated: it is another one, none, has expired, or isn't a certificate.
    """
    if certificate is None:
        raise Unauthenticated("The token counts with its client's certificate alone.")
    if not hmac.compare_digest(thumbprint, thumbprint_of(certificate)):
        raise Unauthenticated("The token is bound to another certificate.")
    try:
        shown = x509.load_der_x509_certificate(certificate)
    except ValueError:
        raise Unauthenticated("The client's certificate can't be read.") from None
    instant = datetime.fromtimestamp(now, UTC)
    if not shown.not_valid_before_utc <= instant <= shown.not_valid_after_utc:
        raise Unauthenticated("The client's certificate isn't valid now.")


def thumbprint_of(certificate: bytes) -> str:
    """What `cnf` says of a certificate (DER)."""
    return base64.urlsafe_b64encode(hashlib.sha256(certificate).digest()).decode().rstrip("=")
