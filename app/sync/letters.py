"""What of records could not be taken, kept until it can: places and reasons, never values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import DEAD_LETTERS, key_of
from app.sync.plan import SyncPlan
from app.sync.report import SyncLetter

_LAST: Final = "\U0010ffff"


class SyncLetters:
    """The dead letters of one plan: one document for each record that has any."""

    def __init__(self, database: AsyncDatabase[Document], plan: SyncPlan) -> None:
        self._letters = database[DEAD_LETTERS]
        self._plan = plan
        self._known: set[str] | None = None

    async def settle(
        self,
        records: Sequence[str],
        letters: Sequence[SyncLetter],
        now: datetime,
        session: AsyncClientSession,
    ) -> None:
        """Have `letters` be all there are of `records`, in the caller's transaction."""
        bad: dict[str, list[SyncLetter]] = {}
        for letter in letters:
            bad.setdefault(letter.record, []).append(letter)
        for record, found in bad.items():
            document = {
                "_id": self._key(record),
                "tenant": self._plan.source.tenant,
                "source": self._plan.source.name,
                "object": self._plan.object,
                "record": record,
                "at": now,
                "errors": [{"field": one.field, "reason": one.reason} for one in found],
            }
            query = {"_id": document["_id"]}
            await self._letters.replace_one(query, document, upsert=True, session=session)
        mended = [self._key(one) for one in await self._all() if one in records and one not in bad]
        if mended:
            await self._letters.delete_many({"_id": {"$in": mended}}, session=session)
        self._known = (await self._all() | bad.keys()) - (set(records) - bad.keys())

    async def _all(self) -> set[str]:
        """The records that have letters."""
        if self._known is None:
            begin = self._key("")
            query = {"_id": {"$gt": begin, "$lt": begin + _LAST}}
            with store_failures():
                found = await self._letters.find(query, {"record": 1}).to_list()
            self._known = {one["record"] for one in found}
        return self._known

    def _key(self, record: str) -> str:
        plan = self._plan
        return key_of(plan.source.tenant, "sync", plan.source.name, plan.object, record)
