"""Changes to Salesforce records."""

from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from connectors.base import Call, Key, Outcome, Record
from connectors.errors import Conflict, SourceError
from connectors.salesforce.org import Org
from connectors.salesforce.reading import Reading
from connectors.salesforce.rows import full_id


class Writing:
    """Writes to records of `org`."""

    def __init__(self, org: Org, reading: Reading) -> None:
        self._org, self._reading = org, reading

    async def write(
        self,
        call: Call,
        object: str,
        id: str,
        values: Mapping[str, Any],
        if_match: str | None,
    ) -> Record:
        """Change `values`; the record afterwards."""
        key = Key("id", id)
        name = full_id(id)
        if name is None:
            raise Conflict(self._org.source, "no such record")
        headers: dict[str, str] = {}
        if if_match is not None:
            headers = await self._condition(call, object, key, if_match)
        await self._org.patch(call, f"/sobjects/{object}/{name}", values, headers)
        try:
            after = await self._present(call, object, key, values)
        except SourceError:
            after = None
        # It is written: that it can't be read back now must not make anybody write it again.
        return after if isinstance(after, Record) else Record(name, dict(values))

    async def _condition(self, call: Call, object: str, key: Key, if_match: str) -> dict[str, str]:
        """What makes Salesforce refuse where somebody changes the record meanwhile.

        It knows whole seconds, so the record is compared before as well.
        """
        present = await self._present(call, object, key, {})
        if isinstance(present, SourceError):
            raise present
        if present is None or present.etag != if_match or present.modified_at is None:
            raise Conflict(self._org.source, "the record isn't as the writer knew it")
        return {"If-Unmodified-Since": format_datetime(present.modified_at, usegmt=True)}

    async def _present(
        self, call: Call, object: str, key: Key, values: Mapping[str, Any]
    ) -> Outcome:
        found = await self._reading.by_id(call, object, [key], values.keys())
        return found[key]
