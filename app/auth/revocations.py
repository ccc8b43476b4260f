"""Tokens, sessions and subjects that don't count any more, although they haven't expired."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.session import Mark, Session
from graph.errors import StoreUnavailable

_log = logging.getLogger(__name__)

_FRESH_S = 1.0
_PATIENCE_S = 0.5
# Clocks differ, so what others wrote a while ago may be news.
_OVERLAP_S = 300.0


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is refused until an instant; both instants in seconds since 1970."""

    mark: Mark
    until: float
    changed_at: float


class KeptRevocations(Protocol):
    """Where revocations are kept."""

    async def since(self, instant: float) -> list[Revocation]:
        """Those that were written at this instant or later; raises `StoreUnavailable`."""


class Revocations:
    """What was revoked, no older than a second: the store is asked for what is new alone.

    While the store gives no answer, what was known goes on counting; nothing about a person can
    be read without the store.  Before the first answer nobody gets in.
    """

    def __init__(self, kept: KeptRevocations, now: Callable[[], float]) -> None:
        self._kept = kept
        self._now = now
        self._until: dict[Mark, float] = {}
        self._newest = 0.0
        self._looked_at = -math.inf
        self._is_known = False
        self._look: asyncio.Task[None] | None = None

    async def check(self, session: Session) -> None:
        """Return unless this was revoked.

        Raises:
            Unauthenticated: it was.
            KeySetUnavailable: nobody has ever told what was.
        """
        if not 0 <= self._now() - self._looked_at < _FRESH_S:
            await self.refresh()
        if not self._is_known:
            raise KeySetUnavailable("The token can't be checked now: the store gives no answer.")
        if self._until and self.is_revoked(session):
            raise Unauthenticated("The token was revoked.")

    def is_revoked(self, session: Session) -> bool:
        """Whether it was, as far as is known now."""
        now = self._now()
        return any(self._until.get(mark, 0.0) > now for mark in session.marks())

    async def refresh(self) -> None:
        """Look for what is new."""
        if self._look is None:
            self._look = asyncio.create_task(self._look_for_new())
        # Shielded: a client that hangs up must not stop the others' look.
        await asyncio.shield(self._look)

    async def aclose(self) -> None:
        """Stop what is under way."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)

    async def _look_for_new(self) -> None:
        began = self._now()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                self._learn(await self._kept.since(self._newest - _OVERLAP_S))
            self._is_known = True
        except (StoreUnavailable, TimeoutError) as error:
            _log.warning("revocations can't be read: %s", type(error).__name__)
        finally:
            self._looked_at = began
            self._look = None

    def _learn(self, found: Iterable[Revocation]) -> None:
        for one in found:
            self._until[one.mark] = one.until
            self._newest = max(self._newest, one.changed_at)
        now = self._now()
        self._until = {mark: until for mark, until in self._until.items() if until > now}
