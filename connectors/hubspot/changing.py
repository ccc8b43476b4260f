"""What changed in a HubSpot object, by searches that begin where the last one ended.

A search is never paged: records that change meanwhile would move from page to page, and only
10,000 can be reached.  Each search begins at the last instant that was told instead.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import orjson

from connectors.abilities import Change, ChangeKind, ChangePage
from connectors.base import Call, Record
from connectors.errors import BadPayload, CursorExpired
from connectors.hubspot.account import Account, Row, is_id, rows_of

PAGE: Final = 200
OVERLAP: Final = timedelta(minutes=5)
"""How far a run looks back: HubSpot's index is late at times."""

MERGED: Final = "hs_merged_object_ids"
_MOST_MS: Final = 10**14

ReadRow = Callable[[Row, Collection[str]], Record]


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a run stands.

    `since_ms` is of the last record told, 0 before the first.  `after_id`, unless empty, is of
    the last record told of those that changed in that very millisecond, in the order of their
    ids: they are too many for one search.
    """

    since_ms: int = 0
    after_id: str = ""
    is_started: bool = False


class Changing:
    """Tells the changes of objects of `account`; `read` makes a record of a row."""

    def __init__(self, account: Account, read: ReadRow) -> None:
        self._account, self._read = account, read

    async def page(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """The next page after `cursor`."""
        place = self._place(cursor)
        if not place.is_started:
            overlap_ms = OVERLAP // timedelta(milliseconds=1)
            place = _Cursor(max(0, place.since_ms - overlap_ms), "", is_started=True)
        rows = await self._found(call, object, place, attributes)
        records = [self._read(row, attributes) for row in rows]
        changes = [
            change
            for row, record in zip(rows, records, strict=True)
            for change in _changes(object, row, record)
        ]
        return self._told(place, records, changes)

    def _told(
        self, place: _Cursor, records: Sequence[Record], changes: Sequence[Change]
    ) -> ChangePage:
        is_full = len(records) >= PAGE
        if place.after_id:
            # Of one millisecond; what comes after it is yet to be told.
            following = replace(place, after_id=records[-1].id) if is_full else _next_ms(place)
            return ChangePage(changes, _written(following), is_last=False)
        last_ms = self._milliseconds(records[-1]) if records else place.since_ms
        if is_full and last_ms == place.since_ms:
            stuck = replace(place, after_id="0")
            return ChangePage([], _written(stuck), is_last=False)
        following = _Cursor(last_ms, "", is_started=is_full)
        return ChangePage(changes, _written(following), is_last=not is_full)

    async def _found(
        self, call: Call, object: str, place: _Cursor, attributes: Collection[str]
    ) -> Sequence[Row]:
        stamp = "lastmodifieddate" if object == "contacts" else "hs_lastmodifieddate"
        at = str(place.since_ms)
        if place.after_id:
            filters = [_filter(stamp, "EQ", at), _filter("hs_object_id", "GT", place.after_id)]
            order = "hs_object_id"
        else:
            filters, order = [_filter(stamp, "GTE", at)], stamp
        question = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": order, "direction": "ASCENDING"}],
            "properties": sorted({*attributes, MERGED}),
            "limit": PAGE,
        }
        return rows_of(self._account.source, await self._account.search(call, object, question))

    def _milliseconds(self, record: Record) -> int:
        if record.modified_at is None:
            raise BadPayload(self._account.source, "a record has no `updatedAt`")
        return _to_ms(record.modified_at)

    def _place(self, cursor: str | None) -> _Cursor:
        if cursor is None:
            return _Cursor()
        try:
            place = _Cursor(**orjson.loads(cursor))
        except (ValueError, TypeError):
            place = _Cursor(-1)
        is_sound = type(place.since_ms) is int and 0 <= place.since_ms < _MOST_MS
        if not is_sound or (place.after_id and not is_id(place.after_id)):
            raise CursorExpired(self._account.source, "the cursor isn't one of ours")
        return place


def _filter(name: str, operator: str, value: str) -> Mapping[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _changes(object: str, row: Row, record: Record) -> Sequence[Change]:
    properties = row.get("properties")
    listing = properties.get(MERGED) if isinstance(properties, dict) else None
    gone = [id_ for one in str(listing or "").split(";") if is_id(id_ := one.strip())]
    merged = [
        Change(ChangeKind.MERGED, object, id_, record.modified_at, into_id=record.id)
        for id_ in gone
        if id_ != record.id
    ]
    return [*merged, Change(ChangeKind.UPSERTED, object, record.id, record.modified_at, record)]


def _next_ms(place: _Cursor) -> _Cursor:
    return _Cursor(place.since_ms + 1, "", is_started=True)


def _to_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _written(place: _Cursor) -> str:
    return orjson.dumps(asdict(place)).decode()
