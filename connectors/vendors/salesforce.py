"""Salesforce, by its REST API: one call for up to 2,000 records."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from connectors.abilities import Attribute, ChangePage, Fact, FactKind
from connectors.base import Call, Key, MakeConnector, Outcome, Record, SourceSettings
from connectors.runtime.matching import one_kind
from connectors.salesforce.changing import Changing
from connectors.salesforce.description import attributes_of
from connectors.salesforce.facts import Facts
from connectors.salesforce.org import Org
from connectors.salesforce.reading import Reading
from connectors.salesforce.writing import Writing


class Salesforce:
    """Records of one Salesforce org, at its own domain: `https://NAME.my.salesforce.com`.

    `object` is an object's API name: `Contact`, `Order__c`.  A key's kind is "id" (15 or 18
    characters) or an attribute whose values are texts; letters match whatever their case.
    Attributes may lead through parents (`Owner.Name`); those that Salesforce doesn't have, or
    doesn't show us, are absent.  Deleted records don't exist, and neither do those that our user
    may not see.  Values arrive as Salesforce's JSON has them.
    """

    max_keys: ClassVar[int] = 2_000
    fact_kinds: ClassVar[frozenset[FactKind]] = frozenset(FactKind)

    def __init__(self, settings: SourceSettings) -> None:
        self._org = Org(settings)
        self._reading = Reading(self._org)
        self._changing = Changing(self._org, self._reading)
        self._facts = Facts(self._org)
        self._writing = Writing(self._org, self._reading)

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

    async def describe(self, call: Call, object: str) -> Sequence[Attribute]:
        """The fields of an object that our user may see, sorted by name."""
        self._org.check_object(object)
        answer = await self._org.get(call, f"/sobjects/{object}/describe")
        return attributes_of(self._org.source, answer)

    async def changed(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """What changed since `cursor`: deletions and merges first, then 2,000 records a page.

        Raises:
            CursorExpired: the cursor is older than 14 days, or none of ours.
        """
        self._org.check_object(object)
        return await self._changing.page(call, object, cursor, attributes)

    async def facts(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """Topics of each of `ids`, and for a contact or a lead campaigns, tasks and events."""
        self._org.check_object(object)
        return await self._facts.of(call, object, ids, kinds)

    async def write(
        self,
        call: Call,
        object: str,
        id: str,
        values: Mapping[str, Any],
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Record:
        """Change `values` of a record; twice the same changes it once, whatever the key.

        Raises:
            Conflict: there is no such record, it isn't as `if_match` says, or a rule forbids it.
        """
        del idempotency_key
        self._org.check_object(object)
        return await self._writing.write(call, object, id, values, if_match)


CONNECTOR: MakeConnector = Salesforce
