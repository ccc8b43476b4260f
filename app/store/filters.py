"""Compiles typed conditions to queries: each value stands behind an explicit operator."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from app.store.names import key_of
from graph.model.filter import Condition, Operator

_PATHS = {
    "id": "_id",
    "state": "state",
    "language": "language",
    "name.given": "folded.given",
    "name.family": "folded.family",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
}
_OPERATORS = {
    Operator.EQUALS: "$eq",
    Operator.IN: "$in",
    Operator.GTE: "$gte",
    Operator.LT: "$lt",
}


def compiled(tenant: str, conditions: Sequence[Condition], after: str | None) -> dict[str, Any]:
    """The query for a tenant's profiles that meet all conditions and come behind `after`."""
    query: dict[str, Any] = {"tenant": {"$eq": tenant}}
    if after is not None:
        query["id"] = {"$gt": after}
    for condition in conditions:
        query.setdefault(_PATHS[condition.attribute], {}).update(_compared(tenant, condition))
    return query


def _compared(tenant: str, condition: Condition) -> dict[str, Any]:
    if condition.operator is Operator.STARTS_WITH:
        # A range, not a pattern: it uses the index, and nothing a client sends is a regex.
        prefix = str(condition.value)
        return {"$gte": prefix, "$lt": prefix + "\U0010ffff"}
    return {_OPERATORS[condition.operator]: _plain(tenant, condition.attribute, condition.value)}


def _plain(tenant: str, attribute: str, value: object) -> object:
    if isinstance(value, list):
        return [_plain(tenant, attribute, item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return key_of(tenant, str(value)) if attribute == "id" else value
