import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx2

from app.auth.api_keys import KeptKeys, KeyCheck
from app.auth.development import DevelopmentIssuer
from app.auth.errors import Unauthenticated
from app.auth.introspection import Introspector
from app.auth.key_form import KEY_PREFIX
from app.auth.key_sets import FetchedKeys, FixedKeys, KeySource
from app.auth.memory import Recent
from app.auth.origin import NOWHERE, Origin
from app.auth.revocations import KeptRevocations, Revocations
from app.auth.session import Session
from app.auth.settings import AuthSettings
from app.auth.tokens import (
    NOT_SIGNED,
    UnverifiedToken,
    bearer_token,
    is_signed,
    read_unverified,
)
from app.auth.validator import Validator
from policies.principal import Principal

_SIGNED_S = 60
_OPAQUE_S = 30
_KEY_S = 3
_MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A session, and the keys that proved it; None where no key set was needed."""

    session: Session
    keys: KeySource | None = None
    generation: int = 0


class Authenticator:
    """Tells who asks, from the bearer token of a request.

    Tokens of the issuers in `settings` are accepted, signed ones and, by asking the issuer,
    opaque ones; those of `development` too, where it is given and `settings.development` allows
    it; and keys that are `kept_keys`.  What was verified is remembered until it expires, and a
    signed token for a minute at most or until its issuer's keys change, an opaque one for 30 s,
    a key for 3 s.  `secrets` are those of introspection, by issuer.  `now` is in seconds since
    1970.
    """

    def __init__(
        self,
        settings: AuthSettings,
        http: httpx2.AsyncClient,
        development: DevelopmentIssuer | None = None,
        now: Callable[[], float] = time.time,
        *,
        secrets: Mapping[str, str] | None = None,
        kept_keys: KeptKeys | None = None,
        revoked: KeptRevocations | None = None,
    ) -> None:
        self._now = now
        self._memory: Recent[_Remembered] = Recent(_MAX_REMEMBERED)
        self._introspectors = _introspectors(settings, secrets or {}, http, now)
        self._keys = KeyCheck(kept_keys) if kept_keys is not None else None
        self._revocations = Revocations(revoked, now) if revoked is not None else None
        self._validators = {
            issuer.issuer: Validator(issuer, FetchedKeys(issuer, http, now), settings)
            for issuer in settings.issuers
        }
        if development is not None and settings.development:
            keys = FixedKeys({development.kid: development.public_key})
            own = development.settings
            self._validators[own.issuer] = Validator(own, keys, settings)

    async def prepare(self) -> None:
        """Learn what was revoked before the first request comes."""
        if self._revocations is not None:
            await self._revocations.refresh()

    async def principal(self, authorization: str | None, origin: Origin = NOWHERE) -> Principal:
        """Who sent a request; arguments and errors as `session` has them."""
        return (await self.session(authorization, origin)).principal

    async def session(self, authorization: str | None, origin: Origin = NOWHERE) -> Session:
        """What a request with this `Authorization` header (None: without one) from there proves.

        Raises:
            Unauthenticated: nothing that we know, and why; the message holds nothing of the token.
            KeySetUnavailable: the token can be neither accepted nor refused at the moment.
        """
        text, digest = _digested(authorization)
        found = self._recall(digest) or await self._verify(text, digest)
        if self._revocations is not None:
            await self._revocations.check(found)
        found.check_origin(origin, self._now())
        return found

    def remembered(self, authorization: str | None, origin: Origin = NOWHERE) -> Session | None:
        """The session of a token that was checked lately; None where it would take a check.

        Raises:
            Unauthenticated: it can't be a token of anybody, or must not come from there.
        """
        _, digest = _digested(authorization)
        found = self._recall(digest)
        if found is None or (self._revocations and self._revocations.is_revoked(found)):
            return None
        found.check_origin(origin, self._now())
        return found

    def remaining_s(self, session: Session) -> float:
        """So many seconds a session still holds; 0 or less: it holds no more."""
        return session.until - self._now()

    async def aclose(self) -> None:
        """Stop fetching keys.  The HTTP client stays open: it is the caller's."""
        for validator in self._validators.values():
            await validator.keys.aclose()
        for introspector in self._introspectors:
            await introspector.aclose()
        if self._revocations is not None:
            await self._revocations.aclose()

    async def _verify(self, text: str, digest: bytes) -> Session:
        if text.startswith(KEY_PREFIX):
            found, longest_s = _Remembered(await self._by_key(text)), _KEY_S
        elif is_signed(text):
            found, longest_s = await self._by_signature(text), _SIGNED_S
        else:
            found, longest_s = _Remembered(await self._by_asking(text)), _OPAQUE_S
        until = min(found.session.until, self._now() + longest_s)
        self._memory.put(digest, found, until)
        return found.session

    async def _by_key(self, text: str) -> Session:
        if self._keys is None:
            raise Unauthenticated("The key isn't one of ours.")
        return await self._keys.verify(text, self._now())

    async def _by_signature(self, text: str) -> _Remembered:
        token = read_unverified(text)
        validator = self._validator(token)
        session = await validator.verify(token, self._now())
        return _Remembered(session, validator.keys, validator.keys.generation)

    async def _by_asking(self, text: str) -> Session:
        # At most one issuer's: the settings see to it that no prefix begins with another.
        for introspector in self._introspectors:
            if text.startswith(introspector.prefix):
                return await introspector.verify(text)
        raise Unauthenticated(NOT_SIGNED)

    def _validator(self, token: UnverifiedToken) -> Validator:
        issuer = token.claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._validators:
            raise Unauthenticated("The token's issuer isn't one of ours.")
        return self._validators[issuer]

    def _recall(self, digest: bytes) -> Session | None:
        found = self._memory.get(digest, self._now())
        if found is None:
            return None
        if found.keys is not None and found.generation != found.keys.generation:
            self._memory.drop(digest)
            return None
        return found.session


def _digested(authorization: str | None) -> tuple[str, bytes]:
    text = bearer_token(authorization)
    # The memory holds no tokens, so that a dump of it can't be used to sign in.
    return text, hashlib.sha256(text.encode()).digest()


def _introspectors(
    settings: AuthSettings,
    secrets: Mapping[str, str],
    http: httpx2.AsyncClient,
    now: Callable[[], float],
) -> Sequence[Introspector]:
    return [
        Introspector(issuer, issuer.introspection, secrets[issuer.issuer], http, settings, now)
        for issuer in settings.issuers
        if issuer.introspection is not None
    ]
