"""Keys of partners, which stand for a tenant, roles and networks."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import Protocol

from app.auth.errors import KeySetUnavailable, Unauthenticated
from app.auth.key_form import key_digest, key_id
from app.auth.session import Session
from graph.errors import StoreUnavailable
from policies.principal import Principal

_NOBODYS = key_digest("")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key; `networks` are CIDR, and none means everywhere."""

    id: str
    tenant: str
    name: str
    digest: str = field(repr=False)
    roles: frozenset[str]
    networks: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class KeptKeys(Protocol):
    """Where keys are kept."""

    async def find(self, id: str) -> ApiKey | None:
        """The key of this id; raises `StoreUnavailable`."""


class KeyCheck:
    """Checks the keys that requests bring."""

    def __init__(self, kept: KeptKeys) -> None:
        self._kept = kept

    async def verify(self, key: str, now: float) -> Session:
        """What a key proves, at `now` in seconds since 1970.

        Raises:
            Unauthenticated: it isn't one of ours, or isn't any more.
            KeySetUnavailable: the store doesn't say.
        """
        found = await self._find(key_id(key))
        # Compared in any case, so that the time tells nothing about ids.
        is_right = hmac.compare_digest(found.digest if found else _NOBODYS, key_digest(key))
        if found is None or not is_right:
            raise Unauthenticated("The key isn't one of ours.")
        if found.revoked_at is not None:
            raise Unauthenticated("The key was revoked.")
        if now >= found.expires_at.timestamp():
            raise Unauthenticated("The key has expired.")
        principal = Principal(found.tenant, found.id, found.roles, client=found.name)
        networks = tuple(ip_network(one) for one in found.networks)
        return Session(principal, found.expires_at.timestamp(), networks=networks)

    async def _find(self, id: str | None) -> ApiKey | None:
        if id is None:
            return None
        try:
            return await self._kept.find(id)
        except StoreUnavailable:
            raise KeySetUnavailable(
                "The key can't be checked now: the store gives no answer."
            ) from None
