"""The sandbox CRM's calls: what each path and method does."""

from datetime import UTC, datetime
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.demo.sandbox_answers import batch, defined, paging, shown
from app.demo.sandbox_faults import Stats
from app.demo.sandbox_records import Crm, Record, Records
from app.demo.sandbox_search import search
from app.demo.sandbox_wire import (
    MAX_INPUTS_WITH_HISTORY,
    MAX_PAGE,
    BatchChange,
    BatchCreate,
    BatchNames,
    BatchRead,
    Property,
    Refused,
    Search,
    Values,
    answer,
    parsed,
)

_OBJECTS = ("/objects/2026-09/{object}", "/v3/objects/{object}")
_PROPERTIES = ("/properties/2026-09/{object}", "/v3/properties/{object}")
_CREATED = (HTTPStatus.CREATED, HTTPStatus.MULTI_STATUS)


class ObjectApi:
    """The calls on records."""

    def __init__(self, crm: Crm, stats: Stats) -> None:
        self._crm = crm
        self._stats = stats

    def routes(self) -> list[Route]:
        """The dated paths and the v3 paths, below `/crm`."""
        table = [
            ("", "GET", self._list),
            ("", "POST", self._create),
            ("/search", "POST", self._search),
            ("/batch/read", "POST", self._batch_read),
            ("/batch/create", "POST", self._batch_create),
            ("/batch/update", "POST", self._batch_update),
            ("/batch/upsert", "POST", self._batch_upsert),
            ("/batch/archive", "POST", self._batch_archive),
            ("/{id}", "GET", self._read),
            ("/{id}", "PATCH", self._update),
            ("/{id}", "DELETE", self._archive),
        ]
        return [
            Route(base + path, call, methods=[method])
            for base in _OBJECTS
            for path, method, call in table
        ]

    async def _list(self, request: Request) -> Response:
        records = self._records(request)
        limit = _whole(request, "limit", default=10, least=1, most=MAX_PAGE)
        start = _whole(request, "after", default=0, least=0, most=10**18)
        found, next_after = records.page(start, limit, archived=_archived(request))
        properties = _asked(request, "properties")
        self._stats.read(0, properties)
        results = [shown(records, record, properties) for record in found]
        return answer({"results": results} | paging(next_after))

    async def _read(self, request: Request) -> Response:
        records = self._records(request)
        properties = _asked(request, "properties")
        self._stats.read(1, properties)
        history = _asked(request, "propertiesWithHistory")
        return answer(shown(records, self._one(request), properties, history))

    async def _create(self, request: Request) -> Response:
        records = self._records(request)
        body = parsed(Values, await request.body())
        record = records.create(body.properties)
        return answer(shown(records, record, body.properties), HTTPStatus.CREATED)

    async def _update(self, request: Request) -> Response:
        records = self._records(request)
        body = parsed(Values, await request.body())
        record = records.update(self._one(request), body.properties)
        return answer(shown(records, record, body.properties))

    async def _archive(self, request: Request) -> Response:
        record = self._records(request).find(request.path_params["id"])
        if record is not None:
            self._records(request).archive(record)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _search(self, request: Request) -> Response:
        records = self._records(request)
        body = parsed(Search, await request.body())
        found = search(records.live(), records.definitions, body)
        end = body.after + body.limit
        self._stats.read(0, body.properties)
        results = [shown(records, one, body.properties) for one in found[body.after : end]]
        after = paging(str(end) if end < len(found) else None)
        return answer({"total": len(found), "results": results} | after)

    async def _batch_read(self, request: Request) -> Response:
        started_at = datetime.now(UTC)
        records = self._records(request)
        body = parsed(BatchRead, await request.body())
        if body.properties_with_history and len(body.inputs) > MAX_INPUTS_WITH_HISTORY:
            raise Refused.malformed(f"At most {MAX_INPUTS_WITH_HISTORY} inputs with history.")
        self._stats.read(len(body.inputs), body.properties)
        keys = dict.fromkeys(one.id for one in body.inputs)
        by, archived = body.id_property or "id", _archived(request)
        found = {key: records.find(key, by, archived=archived) for key in keys}
        results = {
            record.id: shown(records, record, body.properties, body.properties_with_history)
            for record in found.values()
            if record
        }
        missing = [key for key, record in found.items() if record is None]
        return batch(records, results.values(), missing, started_at, statuses=_statuses(request))

    async def _batch_create(self, request: Request) -> Response:
        started_at = datetime.now(UTC)
        records = self._records(request)
        body = parsed(BatchCreate, await request.body())
        created = records.create_all(one.properties for one in body.inputs)
        results = [
            shown(records, record, one.properties)
            for record, one in zip(created, body.inputs, strict=True)
        ]
        return batch(records, results, [], started_at, statuses=_CREATED)

    async def _batch_update(self, request: Request) -> Response:
        started_at = datetime.now(UTC)
        records = self._records(request)
        body = parsed(BatchChange, await request.body())
        _require_distinct(body)
        records.check(one.properties for one in body.inputs)
        results, missing = [], []
        for one in body.inputs:
            record = records.find(one.id, one.id_property or "id")
            if record is None:
                missing.append(one.id)
                continue
            changed = records.update(record, one.properties)
            results.append(shown(records, changed, one.properties))
        return batch(records, results, missing, started_at, statuses=_statuses(request))

    async def _batch_upsert(self, request: Request) -> Response:
        started_at = datetime.now(UTC)
        records = self._records(request)
        body = parsed(BatchChange, await request.body())
        _require_distinct(body)
        records.check(one.properties for one in body.inputs)
        results = []
        for one in body.inputs:
            if one.id_property is None:
                raise Refused.malformed("An upsert needs idProperty.")
            record = records.find(one.id, one.id_property)
            named = {one.id_property: one.id, **one.properties}
            kept = records.update(record, named) if record else records.create(named)
            results.append(shown(records, kept, named) | {"new": record is None})
        return batch(records, results, [], started_at, statuses=_statuses(request))

    async def _batch_archive(self, request: Request) -> Response:
        records = self._records(request)
        for one in parsed(BatchNames, await request.body()).inputs:
            record = records.find(one.id)
            if record is not None:
                records.archive(record)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _records(self, request: Request) -> Records:
        return self._crm.records(request.path_params["object"])

    def _one(self, request: Request) -> Record:
        by = request.query_params.get("idProperty", "id")
        value = request.path_params["id"]
        record = self._records(request).find(value, by, archived=_archived(request))
        if record is None:
            raise Refused.not_found()
        return record


class PropertyApi:
    """The calls on property definitions."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def routes(self) -> list[Route]:
        """The dated paths and the v3 paths, below `/crm`."""
        table = [("", "GET", self._list), ("", "POST", self._create), ("/{name}", "GET", self._one)]
        return [
            Route(base + path, call, methods=[method])
            for base in _PROPERTIES
            for path, method, call in table
        ]

    async def _list(self, request: Request) -> Response:
        records = self._crm.records(request.path_params["object"])
        return answer({"results": [defined(one) for one in records.definitions.values()]})

    async def _create(self, request: Request) -> Response:
        records = self._crm.records(request.path_params["object"])
        definition = parsed(Property, await request.body())
        records.declare(definition)
        return answer(defined(definition), HTTPStatus.CREATED)

    async def _one(self, request: Request) -> Response:
        records = self._crm.records(request.path_params["object"])
        definition = records.definitions.get(request.path_params["name"])
        if definition is None:
            raise Refused.not_found()
        return answer(defined(definition))


async def refused(_: Request, error: Exception) -> Response:
    """The answer to a call the CRM refuses."""
    assert isinstance(error, Refused)  # noqa: S101 - Starlette promises it, its types don't
    return answer(error.body, error.status)


async def failed(_: Request, error: Exception) -> Response:
    """The answer to a path or method that isn't there."""
    assert isinstance(error, HTTPException)  # noqa: S101 - see refused
    status = HTTPStatus(error.status_code)
    return answer(Refused(status, status.name, status.phrase).body, status)


def _statuses(request: Request) -> tuple[HTTPStatus, HTTPStatus]:
    """Of a whole and of a partial success: only the v3 paths are documented to answer 207."""
    is_dated = "/objects/2026-09/" in request.url.path
    return HTTPStatus.OK, HTTPStatus.OK if is_dated else HTTPStatus.MULTI_STATUS


def _require_distinct(body: BatchChange) -> None:
    named = [(one.id_property, one.id) for one in body.inputs]
    if len(set(named)) < len(named):
        raise Refused.malformed("Duplicate IDs found in batch input. IDs must be unique.")


def _asked(request: Request, parameter: str) -> list[str]:
    """Property names of the query: separated by commas, repeated, or both."""
    texts = request.query_params.getlist(parameter)
    return [name for text in texts for name in text.split(",") if name]


def _archived(request: Request) -> bool:
    text = request.query_params.get("archived", "false").lower()
    if text not in {"true", "false"}:
        raise Refused.malformed("archived is true or false.")
    return text == "true"


def _whole(request: Request, parameter: str, *, default: int, least: int, most: int) -> int:
    text = request.query_params.get(parameter)
    if not text:
        return default
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not (is_number and least <= int(text) <= most):
        raise Refused.malformed(f"{parameter} is a whole number from {least} to {most}.")
    return int(text)
