"""Changes to HubSpot records."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from connectors.base import Call, Record
from connectors.errors import Conflict
from connectors.hubspot.account import VERSION, Account, Row, is_id

ReadRow = Callable[[Row, Collection[str]], Record]


class Writing:
    """Writes to records of `account`; `read` makes a record of a row."""

    def __init__(self, account: Account, read: ReadRow) -> None:
        self._account, self._read = account, read

    async def write(
        self,
        call: Call,
        object: str,
        id: str,
        values: Mapping[str, Any],
        if_match: str | None,
    ) -> Record:
        """Change `values`; the record afterwards.

        HubSpot has no conditional writes: with `if_match` the record is compared first, and who
        changes it between the look and the write is overwritten.
        """
        if not is_id(id):
            raise Conflict(self._account.source, "no such record")
        path = f"/crm/objects/{VERSION}/{object}/{id}"
        if if_match is not None and (await self._present(call, path)).etag != if_match:
            raise Conflict(self._account.source, "the record isn't as the writer knew it")
        written = {name: _plain(value) for name, value in values.items()}
        answer = await self._account.tell(call, "PATCH", path, {"properties": written})
        return self._read(answer if isinstance(answer, dict) else {}, values.keys())

    async def _present(self, call: Call, path: str) -> Record:
        # Told, not asked: a record that isn't there is a conflict to a writer.
        answer = await self._account.tell(call, "GET", f"{path}?properties=hs_object_id", None)
        return self._read(answer if isinstance(answer, dict) else {}, ())


def _plain(value: object) -> object:
    """A value as HubSpot takes it: an empty text clears, several options are one text."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ";".join(str(item) for item in value)
    return value
