"""What is due, source by source: what is for one of them never waits for another.

Where something is due, its document has a key: `tenant/source/instant`.
"""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from pymongo.asynchronous.collection import AsyncCollection

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import key_of

DUE: Final = "due"
_LAST: Final = "\U0010ffff"


class Queue(NamedTuple):
    """What is due for one source of a tenant."""

    tenant: str
    source: str

    def key(self, at: datetime) -> str:
        """The key of what is due at an instant."""
        return key_of(*self, at.astimezone(UTC).isoformat(timespec="milliseconds"))

    def due(self, now: datetime) -> dict[str, Any]:
        """Finds what is due by now."""
        return {DUE: {"$gt": key_of(*self, ""), "$lte": self.key(now)}}


def due_at(key: str) -> datetime:
    """When that which has this key is due."""
    return datetime.fromisoformat(key.rpartition("/")[2])


async def queues_in(collection: AsyncCollection[Document]) -> list[Queue]:
    """The queues in which something is, due by now or later: one query for each."""
    found, last = list[Queue](), ""
    with store_failures():
        while True:
            cursor = collection.find({DUE: {"$gt": last}}, {DUE: 1}).sort(DUE, 1).limit(1)
            if not (first := await cursor.to_list()):
                return found
            tenant, _, rest = first[0][DUE].partition("/")
            source, _, _ = rest.rpartition("/")
            found.append(Queue(tenant, source))
            last = key_of(tenant, source, _LAST)
