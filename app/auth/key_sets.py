import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx2
from joserfc.jwk import Key

from app.auth.discovery import Document, UnusableAnswer, discover_key_set, fetch_json
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.jwks import signing_keys
from app.auth.settings import IssuerSettings

_log = logging.getLogger(__name__)

_FRESH_S = 600
_SHORTEST_FRESH_S = 60
_LONGEST_FRESH_S = 86_400
_KEPT_S = 86_400  # how long the last good set serves while its server is down
_UNKNOWN_KEY_PAUSE_S = 30  # random key ids must not become requests to the issuer
_FAILURE_PAUSE_S = 30
_FIRST_FAILURE_PAUSE_S = 5  # without any set nobody gets in, so ask again sooner
_DEADLINE_S = 5


class KeySource(Protocol):
    """Where the public keys of one issuer are.

    `generation` grows whenever the keys change: what was verified before may no longer hold.
    """

    @property
    def generation(self) -> int:
        """How often the keys have changed."""

    async def key(self, kid: str) -> Key:
        """The key of this id; raises `Unauthenticated` or `KeySetUnavailable`."""

    async def aclose(self) -> None:
        """Stop what is under way."""


@dataclass(frozen=True, slots=True)
class _KeySet:
    keys: Mapping[str, Key]
    fetched_at: float
    fresh_until: float


class FetchedKeys:
    """The key set of one issuer, fetched when it is needed and then remembered.

    A set serves for 10 minutes, or for its server's max-age between a minute and a day.  An
    unknown key id asks again, at most every 30 s.  However many requests wait, one fetch is
    under way; it goes on when the request that started it is cancelled.
    """

    def __init__(
        self, issuer: IssuerSettings, http: httpx2.AsyncClient, now: Callable[[], float]
    ) -> None:
        self.generation = 0
        self._issuer = issuer
        self._http = http
        self._now = now
        self._held: _KeySet | None = None
        self._address = issuer.jwks_uri
        self._flight: asyncio.Task[None] | None = None
        self._silent_until = 0.0
        self._unknown_again_at = 0.0

    async def key(self, kid: str) -> Key:
        """The issuer's public key of this id.

        Raises:
            Unauthenticated: the issuer has no such key.
            KeySetUnavailable: the issuer's keys can't be had, and none are remembered.
        """
        if self._is_due():
            await self._refresh()
        elif self._is_unknown(kid) and self._may_look_again():
            self._unknown_again_at = self._now() + _UNKNOWN_KEY_PAUSE_S
            await self._refresh()
        return self._find(kid)

    async def aclose(self) -> None:
        """Stop a fetch that is under way.  Call it when no request waits any more."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.gather(self._flight, return_exceptions=True)

    def _is_due(self) -> bool:
        now = self._now()
        return now >= self._silent_until and (self._held is None or now >= self._held.fresh_until)

    def _is_unknown(self, kid: str) -> bool:
        return self._held is not None and kid not in self._held.keys

    def _may_look_again(self) -> bool:
        if self._flight is not None:
            return True
        return self._now() >= max(self._unknown_again_at, self._silent_until)

    def _find(self, kid: str) -> Key:
        held = self._held
        if held is None or self._now() >= held.fetched_at + _KEPT_S:
            raise KeySetUnavailable(
                "The token can't be checked now: its issuer's keys are missing."
            )
        if kid not in held.keys:
            raise Unauthenticated("The token's key isn't one of its issuer's.")
        return held.keys[kid]

    async def _refresh(self) -> None:
        if self._flight is None:
            self._flight = asyncio.create_task(self._fetch_and_keep())
        # The fetch belongs to everyone who waits: one of them leaving must not end it.
        await asyncio.shield(self._flight)

    async def _fetch_and_keep(self) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_S):
                document = await self._fetch()
            self._keep(signing_keys(document.content), document.max_age_s)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, UnusableAnswer) as error:
            self._note_failure(error)
        finally:
            self._flight = None

    async def _fetch(self) -> Document:
        if self._address is None:
            self._address = await discover_key_set(self._http, self._issuer.issuer)
        return await fetch_json(self._http, self._address)

    def _keep(self, keys: Mapping[str, Key], max_age_s: int | None) -> None:
        if self._held is not None and keys != self._held.keys:
            self.generation += 1
        wished_s = _FRESH_S if max_age_s is None else max_age_s
        fresh_s = min(max(wished_s, _SHORTEST_FRESH_S), _LONGEST_FRESH_S)
        now = self._now()
        self._held = _KeySet(keys, fetched_at=now, fresh_until=now + fresh_s)

    def _note_failure(self, error: Exception) -> None:
        reason = str(error) if isinstance(error, UnusableAnswer) else type(error).__name__
        _log.warning("the key set of %s can't be fetched: %s", self._issuer.issuer, reason)
        pause_s = _FIRST_FAILURE_PAUSE_S if self._held is None else _FAILURE_PAUSE_S
        self._silent_until = self._now() + pause_s
        self._address = self._issuer.jwks_uri  # it may have moved: discover it anew


class FixedKeys:
    """Keys that are known from the start and never change."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.generation = 0
        self._keys = keys

    async def key(self, kid: str) -> Key:
        """The key of this id; raises `Unauthenticated` for any other."""
        if kid not in self._keys:
            raise Unauthenticated("The token's key isn't one of its issuer's.")
        return self._keys[kid]

    async def aclose(self) -> None:
        """Nothing is under way."""
