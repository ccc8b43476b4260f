import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from app.auth.development import DevelopmentIssuer
from app.auth.errors import Unauthenticated
from app.auth.key_sets import FetchedKeys, FixedKeys, KeySource
from app.auth.tokens import UnverifiedToken, bearer_token, read_unverified
from app.auth.validator import Validator
from app.settings import AuthSettings
from policies.principal import Principal

_REMEMBERED_S = 60
_MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks, until when: `until` is in seconds since 1970."""

    principal: Principal
    until: float


@dataclass(frozen=True, slots=True)
class _Verified:
    session: Session
    until: float
    keys: KeySource
    generation: int


class Authenticator:
    """Tells who asks, from the bearer token of a request.

    Tokens of the issuers in `settings` are accepted; those of `development` too, where it is
    given and `settings.development` allows it.  A verified token is remembered for a minute, or
    until it expires, or until its issuer's keys change.  `now` is in seconds since 1970.
    """

    def __init__(
        self,
        settings: AuthSettings,
        http: httpx2.AsyncClient,
        development: DevelopmentIssuer | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._validators = {
            issuer.issuer: Validator(issuer, FetchedKeys(issuer, http, now), settings)
            for issuer in settings.issuers
        }
        if development is not None and settings.development:
            keys = FixedKeys({development.kid: development.public_key})
            own = development.settings
            self._validators[own.issuer] = Validator(own, keys, settings)

    async def principal(self, authorization: str | None) -> Principal:
        """Who sent a request with this `Authorization` header (None: without one).

        Raises:
            Unauthenticated: nobody we know, and why; the message holds nothing of the token.
            KeySetUnavailable: the token can be neither accepted nor refused at the moment.
        """
        return (await self.session(authorization)).principal

    async def session(self, authorization: str | None) -> Session:
        """The same, and until when that holds.  Raises what `principal` raises."""
        text, digest = _digested(authorization)
        return self._recall(digest) or await self._verify(text, digest)

    def remembered(self, authorization: str | None) -> Session | None:
        """The session of a token that was verified lately; None where it would take a check.

        Raises:
            Unauthenticated: it can't be a token of anybody.
        """
        _, digest = _digested(authorization)
        return self._recall(digest)

    def remaining_s(self, session: Session) -> float:
        """So many seconds the session still holds; 0 or less: it holds no more."""
        return session.until - self._now()

    async def aclose(self) -> None:
        """Stop fetching keys.  The HTTP client stays open: it is the caller's."""
        for validator in self._validators.values():
            await validator.keys.aclose()

    async def _verify(self, text: str, digest: bytes) -> Session:
        token = read_unverified(text)
        validator = self._validator(token)
        now = self._now()
        principal = await validator.verify(token, now)
        session = Session(principal, token.claims["exp"])
        until = min(session.until, now + _REMEMBERED_S)
        self._remember(digest, _Verified(session, until, validator.keys, validator.keys.generation))
        return session

    def _validator(self, token: UnverifiedToken) -> Validator:
        issuer = token.claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._validators:
            raise Unauthenticated("The token's issuer isn't one of ours.")
        return self._validators[issuer]

    def _recall(self, digest: bytes) -> Session | None:
        found = self._verified.get(digest)
        if found is None:
            return None
        if self._now() >= found.until or found.generation != found.keys.generation:
            del self._verified[digest]
            return None
        self._verified.move_to_end(digest)
        return found.session

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        self._verified[digest] = verified
        self._verified.move_to_end(digest)
        if len(self._verified) > _MAX_REMEMBERED:
            self._verified.popitem(last=False)


def _digested(authorization: str | None) -> tuple[str, bytes]:
    text = bearer_token(authorization)
    # The memory holds no tokens, so that a dump of it can't be used to sign in.
    return text, hashlib.sha256(text.encode()).digest()
