"""Whose request is taken now: signed in, and not too often.

Each process counts for itself: behind several gateways, the limits are so many times as high.
"""

import math
import time
from ipaddress import IPv6Address, ip_network
from typing import Any, ClassVar, Final

from starlette.requests import HTTPConnection

from app.auth.authenticator import Authenticator
from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.origin import Address
from app.auth.session import Session
from app.http.origin import Origins
from app.http.rate import Buckets, Clock, PerMinute, Rate
from app.http.settings import HttpSettings
from app.settings import Settings
from graph.errors import ErrorCode, GatewayError
from policies.principal import Principal

# One household or office usually has a network of this size, and any address in it.
_NETWORK_BITS: Final = 64


class RateLimited(GatewayError):
    """Too often.  `retry_after_s` is when to ask again, rounded up to milliseconds, if known."""

    code: ClassVar[ErrorCode] = ErrorCode.RATE_LIMITED

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = None if wait_s is None else math.ceil(wait_s * 1000) / 1000

    def details(self) -> dict[str, Any]:
        """When to ask again."""
        return {} if self.retry_after_s is None else {"retryAfterS": self.retry_after_s}


class Admission:
    """Tells who asks, and refuses who asks too often.  `clock` tells nanoseconds."""

    def __init__(
        self, authenticator: Authenticator, settings: Settings, clock: Clock = time.monotonic_ns
    ) -> None:
        limits = settings.limits
        self._authenticator = authenticator
        self._requests = Buckets(clock=clock)
        counted = limits.failures_per_minute if knows_clients(settings.http) else 0
        self._failures = PerMinute(counted, clock)
        self._general = Rate(limits.requests_per_minute, limits.burst)
        self._roles = {
            role: Rate(own.requests_per_minute, own.burst) for role, own in limits.roles.items()
        }
        self._origins = Origins(settings.http)

    async def session(self, authorization: str | None, connection: HTTPConnection) -> Session:
        """What this `Authorization` proves, where it comes by this connection.

        Raises:
            RateLimited: too many tokens from this address were refused.
            Unauthenticated, KeySetUnavailable: see `Authenticator`.
        """
        origin = self._origins.of(connection)
        peer = network_of(origin.address)
        if wait_s := self._failures.wait_s(peer):
            # Others behind the same address, who are signed in, go on.
            if known := self._authenticator.remembered(authorization, origin):
                return known
            raise RateLimited("Too many tokens from this address were refused.", wait_s)
        try:
            return await self._authenticator.session(authorization, origin)
        except KeySetUnavailable:
            raise
        except Unauthenticated:
            self._failures.take(peer)
            raise

    def count(self, principal: Principal) -> None:
        """Count one request.

        Raises:
            RateLimited: it is one too many.
        """
        key = (principal.tenant, principal.subject)
        if wait_s := self._requests.take(key, self._rate(principal)):
            raise RateLimited("You ask too often.", wait_s)

    def _rate(self, principal: Principal) -> Rate:
        own = [self._roles[role] for role in principal.roles if role in self._roles]
        # The lowest: whoever may add a role to a token can't raise a limit by it.
        return min(own, key=lambda rate: (rate.per_minute, rate.burst), default=self._general)


def knows_clients(http: HttpSettings) -> bool:
    """Whether we know clients' addresses: a proxy that isn't trusted gives them all its own."""
    return bool(http.trusted_proxies) or not http.behind_proxy


def network_of(address: Address | None) -> str:
    """What an address counts as: the whole network where one household has one."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _NETWORK_BITS), strict=False))
    return str(address)
