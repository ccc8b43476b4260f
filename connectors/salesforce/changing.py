"""What changed in a Salesforce object: deletions first, then records in the order they changed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import orjson

from connectors.abilities import Change, ChangeKind, ChangePage
from connectors.base import Call
from connectors.errors import BadPayload, CursorExpired
from connectors.salesforce.org import Org
from connectors.salesforce.reading import Reading, Row
from connectors.salesforce.rows import (
    STAMP,
    chunks,
    full_id,
    instant,
    listed,
    literal,
    record_of,
    text_of,
)

PAGE: Final = 2_000
OVERLAP: Final = timedelta(minutes=5)
"""How far a run looks back: a long transaction shows its changes under the time it began."""

DELETIONS_KEPT: Final = timedelta(days=14)
"""Salesforce tells deletions of 15 days."""

_MERGEABLE = frozenset({"Account", "Contact", "Lead", "Case"})
_IDS_BYTES = 8_000


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a run stands.

    `at` and `id` are of the last record told, `at` None before the first; `deleted_since` is
    where deletions were last looked for; `is_started` says that this run did so already.
    """

    at: str | None = None
    id: str = ""
    deleted_since: str = ""
    is_started: bool = False


class Changing:
    """Tells the changes of objects of `org`."""

    def __init__(
        self,
        org: Org,
        reading: Reading,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._org, self._reading, self._now = org, reading, now

    async def page(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """The next page after `cursor`."""
        place = self._read(cursor)
        if not place.is_started:
            return await self._begun(call, object, place)
        return await self._records(call, object, place, attributes)

    async def _begun(self, call: Call, object: str, place: _Cursor) -> ChangePage:
        """The deletions since the last run; none in the first, which tells what there is."""
        if not place.deleted_since:
            since = literal(self._now() - OVERLAP)
            begun = replace(place, deleted_since=since, is_started=True)
            return ChangePage([], _written(begun), is_last=False)
        changes, covered = await self._deletions(call, object, place.deleted_since)
        at = place.at and literal(_moment(self._org.source, place.at) - OVERLAP)
        begun = _Cursor(at, "", covered, is_started=True)
        return ChangePage(changes, _written(begun), is_last=False)

    async def _deletions(self, call: Call, object: str, since: str) -> tuple[Sequence[Change], str]:
        """The deletions since then, and until when they are told."""
        source, now = self._org.source, self._now()
        begin = _moment(source, since) - OVERLAP
        if now - begin > DELETIONS_KEPT:
            raise CursorExpired(source, "deletions are told of 14 days only")
        times = urlencode({"start": _to_the_second(begin), "end": _to_the_second(now)})
        answer = await self._org.get(call, f"/sobjects/{object}/deleted/?{times}")
        rows = answer.get("deletedRecords") if isinstance(answer, dict) else None
        covered = answer.get("latestDateCovered") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadPayload(source, "`deletedRecords` is not a list of objects")
        until = instant(source, covered) or now
        gone = {_id_of(source, row, "id"): instant(source, row.get("deletedDate")) for row in rows}
        into = await self._survivors(call, object, [*gone])
        return [_deletion(object, id_, at, into.get(id_)) for id_, at in gone.items()], literal(
            until
        )

    async def _survivors(self, call: Call, object: str, ids: Sequence[str]) -> Mapping[str, str]:
        """The record that each of `ids` was merged into, where it was."""
        found: dict[str, str] = {}
        for part in chunks(ids, _IDS_BYTES) if object in _MERGEABLE else ():
            where = f"IsDeleted = true AND MasterRecordId != null AND Id IN {listed(part)}"
            soql = f"SELECT Id,MasterRecordId FROM {object} WHERE {where}"  # noqa: S608 - ids are escaped
            for row in await self._org.query(call, soql, is_all=True):
                source = self._org.source
                found[_id_of(source, row, "Id")] = _id_of(source, row, "MasterRecordId")
        return found

    async def _records(
        self, call: Call, object: str, place: _Cursor, attributes: Collection[str]
    ) -> ChangePage:
        async def read(wanted: Collection[str]) -> Sequence[Row]:
            fields = ",".join(sorted({"Id", STAMP, *wanted}))
            order = f"ORDER BY {STAMP},Id LIMIT {PAGE}"
            soql = f"SELECT {fields} FROM {object}{_after(place)} {order}"  # noqa: S608 - names are checked
            return await self._reading.queried(call, object, soql, wanted)

        rows = await self._reading.with_known(object, attributes, read)
        records = [record_of(self._org.source, row, attributes) for row in rows]
        changes = [
            Change(ChangeKind.UPSERTED, object, record.id, record.modified_at, record)
            for record in records
        ]
        if records:
            last = records[-1]
            if last.modified_at is None:
                raise BadPayload(self._org.source, f"a record has no `{STAMP}`")
            place = replace(place, at=literal(last.modified_at), id=last.id)
        is_last = len(records) < PAGE
        return ChangePage(changes, _written(replace(place, is_started=not is_last)), is_last)

    def _read(self, cursor: str | None) -> _Cursor:
        if cursor is None:
            return _Cursor()
        try:
            place = _Cursor(**orjson.loads(cursor))
            for moment in (place.at, place.deleted_since):
                _moment(self._org.source, moment or literal(self._now()))
        except (ValueError, TypeError, BadPayload):
            raise CursorExpired(self._org.source, "the cursor isn't one of ours") from None
        if place.id and full_id(place.id) is None:
            raise CursorExpired(self._org.source, "the cursor isn't one of ours")
        return place


def _written(place: _Cursor) -> str:
    return orjson.dumps(asdict(place)).decode()


def _after(place: _Cursor) -> str:
    if place.at is None:
        return ""
    if not place.id:
        return f" WHERE {STAMP} >= {place.at}"
    return f" WHERE {STAMP} > {place.at} OR ({STAMP} = {place.at} AND Id > '{place.id}')"


def _deletion(object: str, id_: str, at: datetime | None, into_id: str | None) -> Change:
    kind = ChangeKind.MERGED if into_id else ChangeKind.DELETED
    return Change(kind, object, id_, at, into_id=into_id)


def _id_of(source: str, row: Row, name: str) -> str:
    id_ = full_id(text_of(row, name) or "")
    if id_ is None:
        raise BadPayload(source, f"a row has no id as `{name}`")
    return id_


def _moment(source: str, text: str) -> datetime:
    moment = instant(source, text)
    if moment is None:
        raise BadPayload(source, "an instant is missing")
    return moment


def _to_the_second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"
