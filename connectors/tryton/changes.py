"""What happened to records of Tryton, from rows in the order of their changes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connectors.abilities import Change, ChangeKind, Fact, FactKind
from connectors.base import Outcome, Record
from connectors.errors import BadPayload, SourceError
from connectors.tryton.cursor import Cursor
from connectors.tryton.values import modified_at, reached, record_of

CATEGORIES: Final = "categories"
TAGS: Final = (f"{CATEGORIES}.id", f"{CATEGORIES}.name")


def changes_of(
    source: str,
    object: str,
    rows: Sequence[Mapping[str, Any]],
    at: Cursor,
    attributes: Collection[str],
) -> tuple[list[Change], Cursor]:
    """The changes that rows tell of, and where one stands behind them.

    A record with a value that makes no sense is told without its state.

    Raises:
        BadPayload: a row doesn't say which record it is, or when it was written.
    """
    changes: list[Change] = []
    for row in rows:
        id_, moment = row.get("id"), modified_at(source, row)
        if type(id_) is not int or moment is None:
            raise BadPayload(source, "a record has no number as `id`, or no time")
        changes.append(_change(source, object, row, moment, attributes))
        at = at.moved(moment, id_)
    return changes, at


def _change(
    source: str, object: str, row: Mapping[str, Any], at: datetime, attributes: Collection[str]
) -> Change:
    id_ = str(row["id"])
    if row.get("active", True):
        return Change(ChangeKind.UPSERTED, object, id_, at, _record(source, row, attributes))
    into = reached(source, row, "replaced_by")
    if type(into) is int:
        return Change(ChangeKind.MERGED, object, id_, at, into_id=str(into))
    return Change(ChangeKind.DELETED, object, id_, at)


def _record(source: str, row: Mapping[str, Any], attributes: Collection[str]) -> Record | None:
    try:
        return record_of(source, row, attributes)
    except BadPayload:
        return None


def tags_of(source: str, found: Outcome) -> tuple[Fact, ...]:
    """The categories of one record, fetched with `TAGS`.

    Raises:
        SourceError: it could not be fetched, or they make no sense.
    """
    if isinstance(found, SourceError):
        raise found
    if found is None:
        return ()
    ids, names = (found.values.get(path) for path in TAGS)
    if not isinstance(ids, list) or not isinstance(names, list) or len(ids) != len(names):
        raise BadPayload(source, "categories are not a list")
    return tuple(
        Fact(FactKind.TAG, str(id_), name) for id_, name in zip(ids, names, strict=True) if name
    )
