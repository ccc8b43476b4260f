"""A CRM system of one tenant, as the graph asks it: a connector and how it finds a profile."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import httpx2

from connectors.base import Call, Connector, Key, Outcome
from connectors.errors import SourceError, Timeout
from connectors.runtime.budget import Budget
from graph.model.profile import Link

_BY_PROFILE = "profile:"


@dataclass(frozen=True, slots=True)
class Source:
    """One configured CRM.

    `match` is `link` (the profile's link to a record of the CRM) or `profile:ATTRIBUTE` (a
    unique attribute of the CRM's object that holds our profile id, so that the CRM can be
    asked before the profile is read).  `timeout_s` bounds what it may take of a budget.
    """

    name: str
    tenant: str
    connector: Connector
    http: httpx2.AsyncClient
    match: str = "link"
    timeout_s: float = 1.5

    @property
    def needs_links(self) -> bool:
        """Whether the profile must be read before the CRM can be asked."""
        return not self.match.startswith(_BY_PROFILE)

    def key_of(self, profile_id: str, links: Sequence[Link], object: str) -> Key | None:
        """How the CRM names this profile's record; None where it isn't linked."""
        if not self.needs_links:
            return Key(self.match.removeprefix(_BY_PROFILE), profile_id)
        for link in links:
            if link.source == self.name and link.object == object and link.record_id:
                return Key("id", link.record_id)
        return None

    def invalidate(self, object: str, ids: Collection[str]) -> None:
        """Forget what is kept of these records: they were changed."""

    async def fetch(
        self, object: str, keys: Sequence[Key], attributes: Collection[str], budget: Budget
    ) -> Mapping[Key, Outcome]:
        """One outcome for each key; a failure of the whole call is the outcome of each."""
        seconds = min(self.timeout_s, budget.remaining_s())
        if seconds <= 0:
            return dict.fromkeys(keys, Timeout(self.name, "the request's budget is spent"))
        call = Call(self.http, Budget(seconds))
        try:
            return await self.connector.fetch(call, object, keys, attributes)
        except SourceError as error:
            return dict.fromkeys(keys, error)
