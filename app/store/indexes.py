"""Every index, declared once.  Keys ascend: the embedded server misreads descending text keys.

The index of a custom field's slot is made when a tenant first searches by it: a slot serves all
tenants, so there are never more than 40 of them.
"""

from typing import Any, Final

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from app.store import grants, queues, refetches
from app.store.audit import LANES as AUDIT_LANES
from app.store.blocks import BLOCKS
from app.store.history import LANE, OF
from app.store.linked import LINKED
from app.store.names import (
    ACCESS_RULES,
    AUDIT,
    DEFINITIONS,
    FILTERS,
    GRANTS,
    HISTORY,
    INTERACTIONS,
    OUTBOX,
    PROFILES,
    REFETCHES,
    REVOCATIONS,
    SUGGESTIONS,
    WEBHOOK_EVENTS,
)
from app.store.revocations import CHANGED, UNTIL
from app.store.search import GRAMS
from app.store.timeline_keys import KEYS, LANES, LEVELS, LINK, OPEN
from graph.model.search import (
    BY_BIRTH_DATE,
    BY_CREATED_AT,
    BY_FAMILY_NAME,
    BY_GIVEN_NAME,
    BY_ID,
    BY_LABEL,
    BY_LANGUAGE,
    BY_STATE,
    BY_UPDATED_AT,
)

_CORE: Final = (
    *(BY_ID, BY_STATE, BY_LANGUAGE, BY_GIVEN_NAME, BY_FAMILY_NAME),
    *(BY_BIRTH_DATE, BY_CREATED_AT, BY_UPDATED_AT, BY_LABEL),
)


def slot_index(slot: str) -> IndexModel:
    """The index of one slot of search keys; a profile without a key there isn't in it."""
    return IndexModel([(f"search.{slot}", ASCENDING)], name=f"search_{slot}", sparse=True)


def _sparse(path: str) -> IndexModel:
    return IndexModel([(path, ASCENDING)], name=path.replace(".", "_"), sparse=True)


INDEXES: Final[dict[str, tuple[IndexModel, ...]]] = {
    PROFILES: (
        *(slot_index(place.slot) for place in _CORE),
        IndexModel([(GRAMS, ASCENDING)], name=GRAMS, sparse=True),
        IndexModel([("shared", ASCENDING)], name="shared", sparse=True),
        IndexModel([(BLOCKS, ASCENDING)], name=BLOCKS, sparse=True),
        _sparse(LINKED),
    ),
    INTERACTIONS: (
        *(_sparse(f"{KEYS}.{lane}{level}") for lane in LANES for level in LEVELS),
        _sparse(OPEN),
        _sparse(LINK),
    ),
    HISTORY: (_sparse(LANE), _sparse(OF)),
    SUGGESTIONS: (IndexModel([("rank", ASCENDING)], name="rank", sparse=True),),
    REVOCATIONS: (_sparse(CHANGED), _sparse(UNTIL)),
    AUDIT: tuple(_sparse(f"{KEYS}.{lane}") for lane in AUDIT_LANES),
    OUTBOX: (_sparse(queues.DUE),),
    REFETCHES: (_sparse(queues.DUE),),
    WEBHOOK_EVENTS: (_sparse(refetches.HEARD),),
    GRANTS: (_sparse(grants.ACTIVE), _sparse(grants.QUEUE)),
    FILTERS: (IndexModel([("tenant", ASCENDING), ("owner", ASCENDING)], name="tenant_owner"),),
    ACCESS_RULES: (
        IndexModel([("tenant", ASCENDING), ("revision", ASCENDING)], name="tenant_revision"),
    ),
    DEFINITIONS: (
        IndexModel([("tenant", ASCENDING), ("revision", ASCENDING)], name="tenant_revision"),
    ),
}


async def create_indexes(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make what is declared and missing."""
    for collection, declared in INDEXES.items():
        await database[collection].create_indexes(list(declared))


async def create_slot_index(database: AsyncDatabase[dict[str, Any]], slot: str) -> None:
    """Make the index of a slot; nothing where it is there."""
    await database[PROFILES].create_indexes([slot_index(slot)])


async def has_slot_index(database: AsyncDatabase[dict[str, Any]], slot: str) -> bool:
    """Whether the index of a slot is there."""
    return slot_index(slot).document["name"] in await database[PROFILES].index_information()


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
