"""A CRM system of one tenant, as the graph asks it: a connector and how it finds a profile."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from connectors.base import Connector, Key
from connectors.runtime.breaker import Health
from connectors.runtime.gate import Gate
from connectors.runtime.live_cache import LiveCache
from connectors.runtime.pace import USUAL_PACE, Pace
from connectors.runtime.shared import NOTHING_SHARED, Shared
from graph.model.profile import Link

_BY_PROFILE = "profile:"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Source:
    """One configured CRM.

    `match` is `link` (the profile's link to a record of the CRM) or `profile:ATTRIBUTE` (a
    unique attribute of the CRM's object that holds our profile id, so that the CRM can be
    asked before the profile is read).  Whatever asks the CRM does it through `gate`; what it
    said lately is in `cache`, for all who ask.
    """

    name: str
    tenant: str
    connector: Connector
    http: httpx2.AsyncClient
    match: str = "link"
    pace: Pace = USUAL_PACE
    shared: Shared = NOTHING_SHARED
    now: Callable[[], datetime] = _now
    gate: Gate = field(init=False, repr=False)
    cache: LiveCache = field(init=False, repr=False)

    def __post_init__(self) -> None:
        gate = Gate(self.name, self.http, self.pace)
        cache = LiveCache(self.name, self.connector, gate, self.pace, self.now, self.shared)
        object.__setattr__(self, "gate", gate)
        object.__setattr__(self, "cache", cache)

    @property
    def needs_links(self) -> bool:
        """Whether the profile must be read before the CRM can be asked."""
        return not self.match.startswith(_BY_PROFILE)

    @property
    def health(self) -> Health:
        """How the CRM fares."""
        return self.gate.health

    def key_of(self, profile_id: str, links: Sequence[Link], object: str) -> Key | None:
        """How the CRM names this profile's record; None where it isn't linked."""
        if not self.needs_links:
            return Key(self.match.removeprefix(_BY_PROFILE), profile_id)
        for link in links:
            if link.source == self.name and link.object == object and link.record_id:
                return Key("id", link.record_id)
        return None

    async def invalidate(self, object: str, ids: Collection[str]) -> None:
        """These records changed: what is known of them is asked anew when somebody wants it."""
        await self.cache.forget(object, ids)

    async def close(self) -> None:
        """Give up what is under way."""
        await self.cache.close()
