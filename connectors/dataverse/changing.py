"""What changed in a Dataverse table, by the links that its change tracking gives."""

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Final

import orjson

from connectors.abilities import Change, ChangeKind, ChangePage
from connectors.base import Call
from connectors.dataverse.environment import PAGE, PATH, Environment, Refusals, Row, Table
from connectors.dataverse.rows import (
    LABELS,
    guid,
    record_of,
    selected,
    survivor,
    wants_labels,
)
from connectors.errors import BadPayload, CursorExpired, UnknownField
from connectors.runtime.unknown import Dropped

_MAX_CURSOR = 4_000
_DELETED: Final = "/$deletedEntity"


@dataclass(frozen=True, slots=True)
class _Cursor:
    """The link that leads on, and which question it answers."""

    link: str
    question: str


async def changes_after(
    environment: Environment,
    call: Call,
    table: Table,
    cursor: str | None,
    attributes: Collection[str],
    known: Collection[str],
) -> ChangePage:
    """The page that `cursor` leads to; the first of all where it is None.

    `known` are those of `attributes` that may be asked for.

    Raises:
        Dropped: the environment doesn't have one of them.
    """
    digest = hashlib.sha256(",".join(sorted({table.name, *attributes})).encode()).hexdigest()[:16]
    path = f"/{table.entity_set}?$select={selected(table, known)}"
    if cursor is not None:
        path = _link(environment, table, cursor, digest)
    prefer = ["odata.track-changes", f"odata.maxpagesize={PAGE}"]
    prefer += [LABELS] if wants_labels(attributes) else []
    refusals = Refusals(environment.source, known)
    try:
        answer = await environment.get(call, path, prefer=",".join(prefer), refusals=refusals)
    except UnknownField as error:
        raise Dropped(error, refusals.unknown) from None
    rows = environment.rows(answer)
    following = environment.link(answer, "@odata.nextLink", table.entity_set)
    last = environment.link(answer, "@odata.deltaLink", table.entity_set)
    if (link := following or last) is None:
        raise BadPayload(environment.source, "no link leads on: is change tracking on?")
    changes = [_change(environment.source, table, row, attributes) for row in rows]
    return ChangePage(changes, _written(environment, _Cursor(link, digest)), following is None)


def _change(source: str, table: Table, row: Row, attributes: Collection[str]) -> Change:
    if str(row.get("@odata.context", "")).endswith(_DELETED):
        id_ = guid(str(row.get("id")))
        if id_ is None:
            raise BadPayload(source, "a deletion has no `id`")
        return Change(ChangeKind.DELETED, table.name, id_)
    record = record_of(source, table, row, attributes)
    if (into := survivor(row)) is not None:
        at = record.modified_at
        return Change(ChangeKind.MERGED, table.name, record.id, at, into_id=into)
    return Change(ChangeKind.UPSERTED, table.name, record.id, record.modified_at, record)


def _link(environment: Environment, table: Table, cursor: str, digest: str) -> str:
    """The link in a cursor.

    Raises:
        CursorExpired: it is none of ours, or it answers another question.
    """
    try:
        place = _Cursor(**orjson.loads(cursor))
        told = {"link": f"{PATH}{place.link}"} if isinstance(place.link, str) else {}
        link = environment.link(told, "link", table.entity_set)
    except (ValueError, TypeError, BadPayload):
        link, place = None, _Cursor("", "")
    if link is None:
        raise CursorExpired(environment.source, "the cursor isn't one of ours")
    if place.question != digest:
        raise CursorExpired(environment.source, "other attributes are asked for than before")
    return link


def _written(environment: Environment, place: _Cursor) -> str:
    cursor = orjson.dumps(asdict(place)).decode()
    if len(cursor) > _MAX_CURSOR:
        raise BadPayload(environment.source, "a link is too long to be kept")
    return cursor
