"""What was revoked; whoever writes removes what has long expired."""

from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from app.auth.revocations import Revocation
from app.auth.session import Mark
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import REVOCATIONS, key_of

CHANGED: Final = "changedAt"
UNTIL: Final = "until"
# Everybody has read by then that something counts again.
_KEPT: Final = timedelta(hours=1)


class MongoRevocations:
    """`app.auth.revocations.KeptRevocations` in MongoDB; methods raise `StoreUnavailable`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._revocations = database[REVOCATIONS]

    async def since(self, instant: float) -> list[Revocation]:
        """Those that were written at this instant, in seconds since 1970, or later."""
        begin = datetime.fromtimestamp(max(instant, 0.0), UTC)
        with store_failures():
            documents = await self._revocations.find({CHANGED: {"$gte": begin}}).to_list()
        return [_loaded(document) for document in documents]

    async def add(self, mark: Mark, until: datetime, now: datetime) -> None:
        """Refuse what `mark` names until an instant; one that has passed lets it count again."""
        tenant, kind, value = mark
        document = {"tenant": tenant, "kind": kind, "value": value, UNTIL: until, CHANGED: now}
        with store_failures():
            await self._revocations.replace_one(
                {"_id": key_of(tenant, kind, value)}, document, upsert=True
            )
            await self._revocations.delete_many({UNTIL: {"$lt": now - _KEPT}})


def _loaded(document: Document) -> Revocation:
    return Revocation(
        mark=(document["tenant"], document["kind"], document["value"]),
        until=document[UNTIL].timestamp(),
        changed_at=document[CHANGED].timestamp(),
    )
