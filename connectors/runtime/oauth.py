"""Tokens of OAuth 2 (RFC 6749): one for all requests of a source, fetched when it is needed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from secrets import token_urlsafe
from typing import Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey

from connectors.base import Call
from connectors.errors import (
    BadPayload,
    SourceError,
    Timeout,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.runtime.budget import Budget
from connectors.runtime.call import Reply, Request, tell
from connectors.runtime.checks import is_plain

FETCH_S: Final = 10.0
"""What a token may take, however little time the request has that asked for it first."""

LEEWAY_S: Final = 60.0
"""How long before its end a token is no longer used."""

RENEWAL_PAUSE_S: Final = 5.0
"""Requests that are refused within this time of a renewal are answered with its token."""

_ASSERTION_S = 180
_MIN_KEY_BITS = 2048
_REFUSED = frozenset({400, 401, 403})
_MISCONFIGURED = frozenset({"invalid_request", "invalid_scope", "unsupported_grant_type"})
_PASSING = frozenset({"server_error", "temporarily_unavailable"})


class Grant(Protocol):
    """Why a token endpoint should give us a token."""

    def form(self, now_s: float) -> Mapping[str, str]:
        """The fields of the request; `now_s` is Unix time."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """We ask for ourselves, with our secret (RFC 6749, 4.4); `scope` may be empty."""

    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""

    def form(self, now_s: float) -> Mapping[str, str]:
        """The fields of the request."""
        del now_s
        scope = {"scope": self.scope} if self.scope else {}
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            **scope,
        }


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """Somebody allowed it once (RFC 6749, 6), by a refresh token that stays the same."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def form(self, now_s: float) -> Mapping[str, str]:
        """The fields of the request."""
        del now_s
        return {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }


class JwtBearer:
    """We sign for a user (RFC 7523), with RS256 and an assertion of three minutes.

    `private_key` is an RSA key of 2048 bits or more, as PEM.
    """

    def __init__(
        self, source: str, private_key: str, *, issuer: str, subject: str, audience: str
    ) -> None:
        self._key = _rsa_key(source, private_key)
        self._claims = {"iss": issuer, "sub": subject, "aud": audience}

    def form(self, now_s: float) -> Mapping[str, str]:
        """The fields of the request."""
        claims = {**self._claims, "exp": int(now_s) + _ASSERTION_S, "jti": token_urlsafe(16)}
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode({"alg": "RS256"}, claims, self._key),
        }


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `ends_at` is on the monotonic clock, None where the source doesn't say.

    `said` is what else the answer said in texts: not checked, so no address to be believed.
    """

    value: str = field(repr=False)
    ends_at: float | None = None
    said: Mapping[str, str] = field(default_factory=dict, repr=False)


class TokenAuth:
    """An `Auth` by tokens that the endpoint `url` gives for `grant`.

    However many requests need a token, it is asked for once; a request that goes away harms none
    of the others.  A token without an end is used until it is refused.
    """

    def __init__(
        self,
        source: str,
        url: str,
        grant: Grant,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._source, self._url, self._grant = source, url, grant
        self._clock, self._now = clock, now
        self._token: Token | None = None
        self._fetching: asyncio.Task[Token] | None = None
        self._is_refused = False
        self._renewed_at: float | None = None

    async def headers(self, call: Call) -> Mapping[str, str]:
        """The Authorization header."""
        return {"Authorization": f"Bearer {(await self.token(call)).value}"}

    async def token(self, call: Call) -> Token:
        """The token that is used now.

        Raises:
            Unauthorized: the token endpoint refuses us.
            Unavailable: it fails, or answers what makes no sense.
            SourceError: as for every request.
        """
        if self._token and not self._is_over(self._token):
            return self._token
        if self._fetching is None:
            # A task of its own: the others need the token too when this caller goes away.
            self._fetching = asyncio.create_task(self._fetched(call))
            self._fetching.add_done_callback(self._keep)
        return await self._awaited(self._fetching, call)

    def renew(self) -> bool:
        """Drop the token, unless it is the fruit of a renewal just now."""
        if self._is_refused:
            return False
        now_s = self._clock()
        if self._renewed_at is None or now_s - self._renewed_at >= RENEWAL_PAUSE_S:
            self._token, self._renewed_at = None, now_s
        return True

    def _is_over(self, token: Token) -> bool:
        return token.ends_at is not None and self._clock() >= token.ends_at

    async def _awaited(self, fetching: asyncio.Task[Token], call: Call) -> Token:
        await asyncio.wait({fetching}, timeout=call.budget.remaining_s())
        if not fetching.done():
            raise Timeout(self._source, "no token within the time left")
        if fetching.cancelled():
            raise Unavailable(self._source, "the request for a token was given up")
        return fetching.result()

    def _keep(self, fetching: asyncio.Task[Token]) -> None:
        self._fetching = None
        error = None if fetching.cancelled() else fetching.exception()
        self._is_refused = isinstance(error, Unauthorized)
        if not fetching.cancelled() and error is None:
            self._token = fetching.result()

    async def _fetched(self, call: Call) -> Token:
        request = Request("POST", self._url, form=self._grant.form(self._now()), judge=self._judged)
        asked_at = self._clock()
        try:
            reply = await tell(self._source, replace(call, budget=Budget(FETCH_S)), request)
            return self._read(reply.body, asked_at)
        except (BadPayload, WrongSettings) as error:
            raise _of_the_endpoint(self._source, error) from None

    def _judged(self, reply: Reply) -> SourceError | None:
        if reply.status not in _REFUSED:
            return None
        told = reply.body.get("error") if isinstance(reply.body, dict) else None
        if told in _MISCONFIGURED:
            return WrongSettings(self._source, f"the token endpoint answers `{told}`")
        if told in _PASSING:
            return Unavailable(self._source, f"the token endpoint answers `{told}`")
        return Unauthorized(self._source, "the token endpoint refuses our credentials")

    def _read(self, answer: object, asked_at: float) -> Token:
        if not isinstance(answer, dict):
            raise BadPayload(self._source, "the answer is not an object")
        value, kind = answer.get("access_token"), answer.get("token_type", "Bearer")
        if not isinstance(value, str) or not is_plain(value):
            raise BadPayload(self._source, "there is no `access_token`")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise BadPayload(self._source, "`token_type` is not Bearer")
        said = {name: text for name, text in answer.items() if isinstance(text, str)}
        lasts_s = _seconds(self._source, answer.get("expires_in"))
        ends_at = None if lasts_s is None else asked_at + max(lasts_s - LEEWAY_S, lasts_s / 2)
        return Token(value, ends_at, said)


def _of_the_endpoint(source: str, error: SourceError) -> SourceError:
    told = str(error).removeprefix(f"{source}: ")
    if isinstance(error, WrongSettings):
        return WrongSettings(source, f"the token can't be asked for: {told}")
    return Unavailable(source, f"the token endpoint failed: {told}")


def _seconds(source: str, told: object) -> float | None:
    """How long a token lasts; some sources write the number as text."""
    if told is None:
        return None
    text = str(told) if isinstance(told, str | int | float) else ""
    number = text.partition(".")[0]
    if not number.isascii() or not number.isdecimal() or len(number) > len("9999999999"):
        raise BadPayload(source, "`expires_in` is not a number of seconds")
    return float(number)


def _rsa_key(source: str, text: str) -> RSAKey:
    # The library's own errors are not passed on: their texts may quote the key.
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = load_pem_private_key(text.encode(), password=None)
        if isinstance(key, RSAPrivateKey) and key.key_size >= _MIN_KEY_BITS:
            return RSAKey.import_key(key)
    raise WrongSettings(
        source, f"the secret must be an RSA private key of at least {_MIN_KEY_BITS} bits, as PEM"
    )
