"""What of records could not be taken, kept until it can: places and reasons, never values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document
from app.store.names import DEAD_LETTERS, key_of
from app.sync.plan import SyncPlan
from app.sync.report import SyncLetter

_KEYS_AT_ONCE: Final = 100


class SyncLetters:
    """The dead letters of one plan: one document for each record that has any."""

    def __init__(self, database: AsyncDatabase[Document], plan: SyncPlan) -> None:
        self._letters = database[DEAD_LETTERS]
        self._plan = plan

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
        for record, told in bad.items():
            document = {
                "_id": self._key(record),
                "tenant": self._plan.source.tenant,
                "source": self._plan.source.name,
                "object": self._plan.object,
                "record": record,
                "at": now,
                "errors": [{"field": one.field, "reason": one.reason} for one in told],
            }
            query = {"_id": document["_id"]}
            await self._letters.replace_one(query, document, upsert=True, session=session)
        good = [self._key(one) for one in dict.fromkeys(records) if one not in bad]
        for at in range(0, len(good), _KEYS_AT_ONCE):
            query = {"_id": {"$in": good[at : at + _KEYS_AT_ONCE]}}
            found = await self._letters.find(query, {"_id": 1}, session=session).to_list()
            if mended := [one["_id"] for one in found]:
                await self._letters.delete_many({"_id": {"$in": mended}}, session=session)

    def _key(self, record: str) -> str:
        plan = self._plan
        return key_of(plan.source.tenant, "sync", plan.source.name, plan.object, record)
