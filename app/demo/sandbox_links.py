"""The sandbox CRM's lists, and what its records have to do with each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.demo.sandbox_records import Crm
from app.demo.sandbox_wire import Body, Property, Refused, answer, iso, parsed

MAX_READ = 1_000
MAX_LINKED = 500

_OBJECT_TYPES = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets"}
_ENGAGEMENTS: Mapping[str, Mapping[str, str]] = {
    "calls": {"hs_call_title": "string"},
    "emails": {"hs_email_subject": "string"},
    "meetings": {"hs_meeting_title": "string"},
    "notes": {"hs_note_body": "string"},
    "tasks": {"hs_task_subject": "string"},
}
_SPEC = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
_LABEL = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": None}
_ASSOCIATIONS = ("/associations/2026-09/{one}/{other}", "/v4/associations/{one}/{other}")
_LISTS = ("/lists/2026-09", "/v3/lists")


class Reference(Body):
    """A record; `after` is where the next page of its links begins."""

    id: str
    after: Annotated[int, Field(ge=0)] = 0


class Pair(Body):
    """Two records to link."""

    one: Annotated[Reference, Field(alias="from")]
    other: Annotated[Reference, Field(alias="to")]


class LinkBatch(Body):
    """Records to link."""

    inputs: Annotated[list[Pair], Field(max_length=MAX_READ)]


class LinkRead(Body):
    """Records whose links to read."""

    inputs: Annotated[list[Reference], Field(max_length=MAX_READ)]


class NewList(Body):
    """A list to create."""

    name: str
    object_type_id: str
    processing_type: Literal["MANUAL", "SNAPSHOT"] = "MANUAL"


class Member(Body):
    """A record whose lists to read."""

    object_type_id: str
    record_id: str


class MembershipRead(Body):
    """Records whose lists to read."""

    inputs: Annotated[list[Member], Field(max_length=MAX_READ)]


RecordIds = RootModel[list[str]]


@dataclass(slots=True)
class _List:
    id: str
    name: str
    object: str
    created_at: datetime
    members: dict[str, datetime] = field(default_factory=dict)


def add_engagements(crm: Crm) -> None:
    """Calls, e-mails, meetings, notes and tasks as objects of `crm`."""
    for name, properties in _ENGAGEMENTS.items():
        records = crm.add_object(name)
        for own, kind in {**properties, "hs_timestamp": "datetime"}.items():
            built_in = {"name": own, "label": own, "type": kind, "hubspotDefined": True}
            records.declare(Property.model_validate(built_in))


class LinkApi:
    """The calls on associations and lists, each on the dated paths and the older ones."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._links: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._lists: dict[str, _List] = {}

    def routes(self) -> list[Route]:
        """The paths below `/crm`."""
        associations = [
            ("/batch/associate/default", self._associate),
            ("/batch/read", self._associated),
        ]
        lists = [
            ("", "GET", self._by_ids),
            ("/", "GET", self._by_ids),
            ("", "POST", self._create),
            ("/", "POST", self._create),
            ("/records/memberships/batch/read", "POST", self._memberships),
            ("/records/{object}/{id}/memberships", "GET", self._lists_of),
            ("/{id}/memberships/add", "PUT", self._add),
        ]
        return [
            *(
                Route(base + path, call, methods=["POST"])
                for base in _ASSOCIATIONS
                for path, call in associations
            ),
            *(
                Route(base + path, call, methods=[method])
                for base in _LISTS
                for path, method, call in lists
            ),
        ]

    async def _associate(self, request: Request) -> Response:
        one, other = request.path_params["one"], request.path_params["other"]
        pairs = parsed(LinkBatch, await request.body()).inputs
        for pair in pairs:
            self._require(one, pair.one.id)
            self._require(other, pair.other.id)
        for pair in pairs:
            self._link(one, pair.one.id, other, pair.other.id)
            self._link(other, pair.other.id, one, pair.one.id)
        return _complete(
            {
                "from": {"id": pair.one.id},
                "to": {"id": pair.other.id},
                "associationSpec": _SPEC,
            }
            for pair in pairs
        )

    def _link(self, one: str, id_: str, other: str, other_id: str) -> None:
        linked = self._links.setdefault((one, other), {}).setdefault(id_, [])
        if other_id not in linked:
            linked.append(other_id)

    async def _associated(self, request: Request) -> Response:
        one, other = request.path_params["one"], request.path_params["other"]
        self._crm.records(one)
        self._crm.records(other)
        asked = parsed(LinkRead, await request.body()).inputs
        linked = self._links.get((one, other), {})
        lonely = [ref.id for ref in asked if ref.id not in linked]
        rows = (_linked(ref, linked[ref.id]) for ref in asked if ref.id in linked)
        return _complete(rows, lonely)

    async def _create(self, request: Request) -> Response:
        asked = parsed(NewList, await request.body())
        object_ = _OBJECT_TYPES.get(asked.object_type_id, asked.object_type_id)
        self._crm.records(object_)
        id_ = str(len(self._lists) + 1)
        self._lists[id_] = _List(id_, asked.name, object_, datetime.now(UTC))
        return answer({"list": _shown(self._lists[id_])})

    async def _by_ids(self, request: Request) -> Response:
        asked = request.query_params.getlist("listIds")
        found = [_shown(self._lists[id_]) for id_ in asked if id_ in self._lists]
        return answer({"lists": found})

    async def _add(self, request: Request) -> Response:
        list_ = self._lists.get(request.path_params["id"])
        if list_ is None:
            raise Refused.not_found()
        asked = parsed(RecordIds, await request.body()).root
        there = [id_ for id_ in asked if self._crm.records(list_.object).find(id_)]
        for id_ in there:
            list_.members.setdefault(id_, datetime.now(UTC))
        missing = [id_ for id_ in asked if id_ not in there]
        return answer(
            {"recordsIdsAdded": there, "recordIdsRemoved": [], "recordIdsMissing": missing}
        )

    async def _lists_of(self, request: Request) -> Response:
        found = self._memberships_of(request.path_params["object"], request.path_params["id"])
        return answer({"total": len(found), "results": found})

    async def _memberships(self, request: Request) -> Response:
        asked = parsed(MembershipRead, await request.body()).inputs
        return _complete(
            {
                "objectTypeId": one.object_type_id,
                "recordId": one.record_id,
                "recordListMemberships": self._memberships_of(one.object_type_id, one.record_id),
            }
            for one in asked
        )

    def _memberships_of(self, object_type: str, id_: str) -> list[dict[str, Any]]:
        object_ = _OBJECT_TYPES.get(object_type, object_type)
        self._crm.records(object_)
        return [
            {
                "listId": one.id,
                "listVersion": 1,
                "firstAddedTimestamp": iso(one.members[id_]),
                "lastAddedTimestamp": iso(one.members[id_]),
                "isPublicList": False,
            }
            for one in self._lists.values()
            if one.object == object_ and id_ in one.members
        ]

    def _require(self, object_: str, id_: str) -> None:
        if self._crm.records(object_).find(id_) is None:
            raise Refused.malformed(f"One of the {object_} to associate doesn't exist.")


def _linked(ref: Reference, ids: list[str]) -> dict[str, Any]:
    page = ids[ref.after : ref.after + MAX_LINKED]
    row: dict[str, Any] = {
        "from": {"id": ref.id},
        "to": [{"toObjectId": id_, "associationTypes": [_LABEL]} for id_ in page],
    }
    end = ref.after + MAX_LINKED
    if end < len(ids):
        row["paging"] = {"next": {"after": str(end)}}
    return row


def _complete(rows: Iterable[dict[str, Any]], lonely: list[str] | None = None) -> Response:
    """The answer to a batch; `lonely` are records that nothing is linked to."""
    now = iso(datetime.now(UTC))
    content = {"status": "COMPLETE", "results": [*rows], "startedAt": now, "completedAt": now}
    if not lonely:
        return answer(content)
    error = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": "No associations were found.",
        "context": {"fromObjectId": lonely},
        "links": {},
        "errors": [],
    }
    return answer(content | {"numErrors": 1, "errors": [error]}, HTTPStatus.MULTI_STATUS)


def _shown(one: _List) -> dict[str, Any]:
    return {
        "listId": one.id,
        "name": one.name,
        "objectTypeId": one.object,
        "processingType": "MANUAL",
        "processingStatus": "COMPLETE",
        "listVersion": 1,
        "size": len(one.members),
        "createdAt": iso(one.created_at),
        "updatedAt": iso(one.created_at),
    }
