"""Tokens that say nothing themselves: their issuer is asked about each (RFC 7662)."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

import httpx2

from app.auth.claims import session_of
from app.auth.discovery import UnusableAnswer, discover_introspection, post_form
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.memory import Recent
from app.auth.session import Session
from app.auth.settings import AuthSettings, IntrospectionSettings, IssuerSettings

_log = logging.getLogger(__name__)

INACTIVE = "The token isn't active."
_DEADLINE_S = 5
_MOST_AT_ONCE = 16
_INACTIVE_S = 5
_MAX_INACTIVE = 10_000
_QUIET_S = 30  # one line in the log says for all that follow that an issuer is away


class Introspector:
    """Asks one issuer about its opaque tokens.

    A token is asked about once, however many requests bring it at the same time.  That it isn't
    active is remembered for 5 s.  At most 16 questions are under way; who waits for longer than
    5 s is told to come again.
    """

    def __init__(
        self,
        issuer: IssuerSettings,
        given: IntrospectionSettings,
        secret: str,
        http: httpx2.AsyncClient,
        settings: AuthSettings,
        now: Callable[[], float],
    ) -> None:
        self.prefix = given.prefix
        self._issuer = issuer
        self._settings = settings
        self._http = http
        self._now = now
        self._given_address = self._address = given.uri
        self._authorization = _basic(given.client_id, secret)
        self._flights: dict[bytes, asyncio.Task[Mapping[str, Any]]] = {}
        self._inactive: Recent[bool] = Recent(_MAX_INACTIVE)
        self._quiet_until = 0.0
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)

    async def verify(self, token: str) -> Session:
        """What a token of this issuer proves.

        Raises:
            Unauthenticated: it isn't active, or the first rule about claims that it breaks.
            KeySetUnavailable: the issuer doesn't say.
        """
        digest = hashlib.sha256(token.encode()).digest()
        if self._inactive.get(digest, self._now()) is None:
            claims = await self._claims(token, digest)
            if claims["active"]:
                return session_of(claims, self._issuer, self._settings, self._now())
            self._inactive.put(digest, value=True, until=self._now() + _INACTIVE_S)
        raise Unauthenticated(INACTIVE)

    async def aclose(self) -> None:
        """Stop what is under way.  Call it when no request waits any more."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _claims(self, token: str, digest: bytes) -> Mapping[str, Any]:
        flight = self._flights.get(digest)
        if flight is None:
            flight = asyncio.create_task(self._ask(token, digest))
            self._flights[digest] = flight
        # The question belongs to everyone who waits: one of them leaving must not end it.
        return await asyncio.shield(flight)

    async def _ask(self, token: str, digest: bytes) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(_DEADLINE_S), self._slots:
                return await self._answer(token)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, UnusableAnswer) as error:
            self._note_failure(error)
            raise KeySetUnavailable(
                "The token can't be checked now: its issuer doesn't answer."
            ) from None
        finally:
            del self._flights[digest]

    def _note_failure(self, error: Exception) -> None:
        self._address = self._given_address  # it may have moved: discover it anew
        if self._now() >= self._quiet_until:
            reason = str(error) if isinstance(error, UnusableAnswer) else type(error).__name__
            _log.warning("%s doesn't tell about a token: %s", self._issuer.issuer, reason)
            self._quiet_until = self._now() + _QUIET_S

    async def _answer(self, token: str) -> Mapping[str, Any]:
        if self._address is None:
            self._address = await discover_introspection(self._http, self._issuer.issuer)
        form = {"token": token, "token_type_hint": "access_token"}
        document = await post_form(self._http, self._address, form, self._authorization)
        if not isinstance(document.content.get("active"), bool):
            raise UnusableAnswer("the answer doesn't say whether the token is active")
        return document.content


def _basic(client_id: str, secret: str) -> str:
    """The header of a client, encoded twice as RFC 6749 has it."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
