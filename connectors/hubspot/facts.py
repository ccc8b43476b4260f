"""Segments of HubSpot records, and activities with them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from connectors.abilities import Fact, FactKind
from connectors.base import Call
from connectors.errors import BadPayload, Unavailable
from connectors.hubspot.account import OBJECT_TYPES, VERSION, Account, Row, instant, rows_of

KINDS: Final = frozenset({FactKind.SEGMENT, FactKind.ACTIVITY})
_AT_ONCE: Final = 100
_MAX_PAGES: Final = 50
_SUBJECTS: Final[Mapping[str, str | None]] = {
    "calls": "hs_call_title",
    "emails": "hs_email_subject",
    "meetings": "hs_meeting_title",
    # A note has no subject, and its body is not ours to take for one.
    "notes": None,
    "tasks": "hs_task_subject",
}
_AT = "hs_timestamp"


class Facts:
    """Reads facts of records of `account`."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def of(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """Facts of each of `ids`: two calls for segments, two for each of five activities."""
        found: dict[str, list[Fact]] = {id_: [] for id_ in ids}
        if ids and FactKind.SEGMENT in kinds:
            await self._add_segments(call, object, found)
        if ids and FactKind.ACTIVITY in kinds:
            for type_, subject in _SUBJECTS.items():
                await self._add_activities(call, object, type_, subject, found)
        return found

    async def _add_segments(self, call: Call, object: str, found: Mapping[str, list[Fact]]) -> None:
        number = OBJECT_TYPES.get(object, object)
        inputs = [{"objectTypeId": number, "recordId": id_} for id_ in found]
        path = f"/crm/lists/{VERSION}/records/memberships/batch/read"
        rows = await self._batch(call, path, {"inputs": inputs})
        members = [
            (_text(row.get("recordId")), membership)
            for row in rows
            for membership in rows_of(self._account.source, row, "recordListMemberships")
        ]
        names = await self._list_names(call, {_text(one.get("listId")) for _, one in members})
        for id_, membership in members:
            list_id = _text(membership.get("listId"))
            at = instant(self._account.source, membership.get("firstAddedTimestamp"), "a time")
            segment = Fact(FactKind.SEGMENT, list_id, names.get(list_id), at=at)
            self._of_one(found, id_).append(segment)

    async def _list_names(self, call: Call, ids: Collection[str]) -> Mapping[str, str]:
        names: dict[str, str] = {}
        for part in _parts(sorted(ids)):
            asked = "&".join(f"listIds={id_}" for id_ in part)
            answer = await self._account.ask(call, "GET", f"/crm/lists/{VERSION}?{asked}")
            for row in rows_of(self._account.source, answer, "lists"):
                names[_text(row.get("listId"))] = str(row.get("name") or "")
        return {id_: name for id_, name in names.items() if name}

    async def _add_activities(
        self,
        call: Call,
        object: str,
        type_: str,
        subject: str | None,
        found: Mapping[str, list[Fact]],
    ) -> None:
        links = await self._links(call, object, type_, [*found])
        ids = sorted({activity for _, activity in links})
        rows: dict[str, Row] = {}
        properties = sorted(filter(None, [_AT, subject]))
        for part in _parts(ids):
            question = {"inputs": [{"id": id_} for id_ in part], "properties": properties}
            path = f"/crm/objects/{VERSION}/{type_}/batch/read?archived=false"
            body = {**question, "propertiesWithHistory": []}
            answer = await self._account.ask(call, "POST", path, body)
            rows |= {_text(row.get("id")): row for row in rows_of(self._account.source, answer)}
        for id_, activity in links:
            if activity in rows:
                fact = self._activity(rows[activity], activity, type_, subject)
                self._of_one(found, id_).append(fact)

    async def _links(
        self, call: Call, object: str, type_: str, ids: Sequence[str]
    ) -> Sequence[tuple[str, str]]:
        """Pairs of a record and an activity with it."""
        inputs: list[Mapping[str, str]] = [{"id": id_} for id_ in ids]
        path = f"/crm/associations/{VERSION}/{object}/{type_}/batch/read"
        links: list[tuple[str, str]] = []
        for _ in range(_MAX_PAGES):
            if not inputs:
                return links
            rows = await self._batch(call, path, {"inputs": inputs})
            links += [pair for row in rows for pair in self._pairs(row)]
            inputs = [following for row in rows if (following := _following(row))]
        raise BadPayload(self._account.source, "a record has too many activities")

    def _pairs(self, row: Row) -> Iterator[tuple[str, str]]:
        for one in rows_of(self._account.source, row, "to"):
            yield _owner(row), _text(one.get("toObjectId"))

    async def _batch(self, call: Call, path: str, body: object) -> Sequence[Row]:
        """The rows of a batch of which nothing failed; what isn't there has no row."""
        answer = await self._account.ask(call, "POST", path, body)
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if isinstance(errors, list) and not all(_is_absence(error) for error in errors):
            raise Unavailable(self._account.source, "a part of the batch failed")
        return rows_of(self._account.source, answer)

    def _activity(self, row: Row, id_: str, type_: str, subject: str | None) -> Fact:
        properties = row.get("properties")
        held = properties if isinstance(properties, dict) else {}
        name = held.get(subject) if subject else None
        at = instant(self._account.source, held.get(_AT), _AT)
        return Fact(FactKind.ACTIVITY, id_, str(name) if name else None, type_[:-1], at)

    def _of_one(self, found: Mapping[str, list[Fact]], id_: str) -> list[Fact]:
        if id_ not in found:
            raise BadPayload(self._account.source, "a fact is of nobody who was asked for")
        return found[id_]


def _owner(row: Row) -> str:
    owner = row.get("from")
    return _text(owner.get("id")) if isinstance(owner, dict) else ""


def _following(row: Row) -> Mapping[str, str] | None:
    """What asks for the next page of one record's links; None where there is none."""
    paging = row.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return {"id": _owner(row), "after": str(after)} if after else None


def _is_absence(error: object) -> bool:
    """Whether an error says that nothing is there, which HubSpot counts among errors."""
    if not isinstance(error, dict):
        return False
    told = f"{error.get('category')} {error.get('subCategory')}"
    return "NOT_FOUND" in told or "NO_ASSOCIATIONS" in told


def _text(id_: object) -> str:
    """An id, which is a number in some answers and a text in others."""
    is_number = isinstance(id_, int) and not isinstance(id_, bool)
    text = str(id_) if is_number else id_
    return text if isinstance(text, str) and text.isdecimal() and text.isascii() else ""


def _parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
