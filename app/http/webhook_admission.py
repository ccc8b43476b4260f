"""Whose webhook is read: nobody's too often, and least of all of those who can't sign.

Each process counts for itself, as for requests.
"""

import time
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection

from app.http.admission import RateLimited, knows_clients, network_of
from app.http.origin import Origins
from app.http.rate import Clock, PerMinute
from app.settings import Settings

_MOST_SIGNERS: Final = 10_000
_NAME: Final = 64  # so much of a name tells sources apart; a path may be far longer


class Sender(NamedTuple):
    """Who sends a webhook, and for which source; the address is "" where we don't know it."""

    source: str
    address: str


class WebhookAdmission:
    """Refuses webhooks that come too often, before they are read.  `clock` tells nanoseconds.

    Every address has a rate, and a lower one for what isn't signed.  All who have never signed for
    a source share one more, so that many addresses are no more than one.  Whoever has signed for
    it is kept out by none of the others.
    """

    def __init__(self, settings: Settings, clock: Clock = time.monotonic_ns) -> None:
        limits = settings.limits
        self._origins = Origins(settings.http)
        self._knows_clients = knows_clients(settings.http)
        self._addresses = PerMinute(limits.webhooks_per_minute, clock)
        self._strangers = PerMinute(limits.webhooks_per_minute, clock)
        self._failures = PerMinute(limits.failures_per_minute, clock)
        self._signers: dict[Sender, None] = {}

    def sender(self, source: str, connection: HTTPConnection) -> Sender:
        """Who sends by this connection."""
        known = self._knows_clients
        address = network_of(self._origins.of(connection).address) if known else ""
        return Sender(source[:_NAME], address)

    def count(self, sender: Sender) -> None:
        """Count a webhook.

        Raises:
            RateLimited: it is one too many.
        """
        source, address = sender
        is_stranger = sender not in self._signers
        wait_s = max(
            self._addresses.wait_s(address) if address else 0,
            self._strangers.wait_s(source) if is_stranger else 0,
            self._failures.wait_s(address) if is_stranger and address else 0,
        )
        if wait_s:
            raise RateLimited("Webhooks come too often.", wait_s)
        if address:
            self._addresses.take(address)
        if is_stranger:
            self._strangers.take(source)

    def signed(self, sender: Sender) -> None:
        """Keep that a sender has signed."""
        if sender.address:
            self._signers.pop(sender, None)
            self._signers[sender] = None
            if len(self._signers) > _MOST_SIGNERS:
                del self._signers[next(iter(self._signers))]

    def refused(self, sender: Sender) -> None:
        """Count one that no source has signed."""
        if sender.address:
            self._failures.take(sender.address)
