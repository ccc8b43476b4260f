"""Every index, declared once.  Keys ascend: the embedded server misreads descending text keys."""

from typing import Any, Final

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from app.store.names import DEFINITIONS, PROFILES

INDEXES: Final[dict[str, tuple[IndexModel, ...]]] = {
    PROFILES: (
        IndexModel([("tenant", ASCENDING), ("id", ASCENDING)], name="tenant_id"),
        IndexModel(
            [("tenant", ASCENDING), ("folded.family", ASCENDING), ("id", ASCENDING)],
            name="tenant_family",
        ),
        IndexModel(
            [("tenant", ASCENDING), ("folded.given", ASCENDING), ("id", ASCENDING)],
            name="tenant_given",
        ),
    ),
    DEFINITIONS: (
        IndexModel([("tenant", ASCENDING), ("revision", ASCENDING)], name="tenant_revision"),
    ),
}


async def create_indexes(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make what is declared and missing."""
    for collection, declared in INDEXES.items():
        await database[collection].create_indexes(list(declared))


async def missing_indexes(database: AsyncDatabase[dict[str, Any]]) -> list[str]:
    """`collection.index` of each declared index that isn't there."""
    missing = []
    for collection, declared in INDEXES.items():
        present = await database[collection].index_information()
        missing += [
            f"{collection}.{index.document['name']}"
            for index in declared
            if index.document["name"] not in present
        ]
    return missing
