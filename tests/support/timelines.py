"""Timelines of any length, put into a store as the gateway would, many at a time."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from app.store.interaction_documents import interaction_document
from app.store.names import INTERACTIONS, TIMELINES, key_of
from app.store.recording import NEWEST
from app.store.sealing import Sealing
from app.store.timeline_keys import position_of
from graph.model.interaction import Interaction

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_BATCH = 500


def in_order(items: Iterable[Interaction]) -> list[Interaction]:
    """The newest first; of one instant, by id."""
    return sorted(items, key=lambda item: position_of(item.started_at, item.id))


async def keep_timeline(
    database: AsyncDatabase[dict[str, Any]],
    sealing: Sealing,
    tenant: str,
    owner: str,
    items: Sequence[Interaction],
) -> None:
    """Put interactions of one owner into an empty timeline."""
    seal = await sealing.written(tenant, owner)
    for start in range(0, len(items), _BATCH):
        part = items[start : start + _BATCH]
        documents = [interaction_document(item, seal, _NOW) for item in part]
        await database[INTERACTIONS].insert_many(documents, ordered=False)
    positions = sorted(position_of(item.started_at, item.id) for item in items)
    await database[TIMELINES].insert_one(
        {
            "_id": key_of(tenant, owner),
            "tenant": tenant,
            "owner": owner,
            "count": len(items),
            "newest": positions[:NEWEST],
        }
    )
