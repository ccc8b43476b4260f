"""Salesforce, by its REST API: one call for up to 2,000 records."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from connectors.base import Call, Key, MakeConnector, Outcome, SourceSettings
from connectors.runtime.matching import one_kind
from connectors.salesforce.org import Org
from connectors.salesforce.reading import Reading


class Salesforce:
    """Records of one Salesforce org, at its own domain: `https://NAME.my.salesforce.com`.

    `object` is an object's API name: `Contact`, `Order__c`.  A key's kind is "id" (15 or 18
    characters) or an attribute whose values are texts; letters match whatever their case.
    Attributes may lead through parents (`Owner.Name`).  Deleted records don't exist, and neither
    do those that our user may not see.  Values arrive as Salesforce's JSON has them.
    """

    max_keys: ClassVar[int] = 2_000

    def __init__(self, settings: SourceSettings) -> None:
        self._org = Org(settings)
        self._reading = Reading(self._org)

    async def fetch(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each of `keys`."""
        if not keys:
            return {}
        kind = one_kind(keys, self.max_keys)
        self._org.check_object(object)
        if kind == "id":
            return await self._reading.by_id(call, object, keys, attributes)
        return await self._reading.by_attribute(call, object, keys, attributes)

    async def ping(self, call: Call) -> None:
        """Return when the org accepts who we are; raise otherwise."""
        await self._org.get(call, "/")


CONNECTOR: MakeConnector = Salesforce
