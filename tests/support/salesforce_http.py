"""The Salesforce stand-in over HTTP: Salesforce's paths, statuses and bodies.

It is ours, and a client that nobody here wrote judges it: see tests/connectors/test_judges.py.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.salesforce.rows import full_id
from tests.support.salesforce_org import CLIENT_ID, CLIENT_SECRET, FIELDS, SYSTEM, Org, Refused
from tests.support.soql import Malformed, NoSuchField, read_query


def salesforce_app(org: Org) -> Starlette:
    """The org over HTTP."""
    data = "/services/data/v{version}"
    endpoint = _Endpoint(org)
    routes = {
        "/": endpoint.resources,
        "/query": endpoint.query,
        "/query/": endpoint.query,
        "/queryAll": endpoint.query,
        "/queryAll/": endpoint.query,
        "/query/{place}": endpoint.more,
        "/composite": endpoint.composite,
        "/composite/sobjects/{table}": endpoint.collection,
        "/sobjects/{table}/describe": endpoint.describe,
        "/sobjects/{table}/deleted/": endpoint.deleted,
        "/sobjects/{table}": endpoint.created,
        "/sobjects/{table}/": endpoint.created,
        "/sobjects/{table}/{id}": endpoint.record,
    }
    methods = ["GET", "POST", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route("/services/oauth2/token", endpoint.token, methods=["POST"]),
            *(
                Route(data + path, endpoint.known(do), methods=methods)
                for path, do in routes.items()
            ),
        ]
    )


class _Endpoint:
    def __init__(self, org: Org) -> None:
        self._org = org

    def known(self, do):
        """`do`, for those who show a token that is good."""

        async def _known(request: Request) -> Response:
            self._org.asked.append(f"{request.method} {request.url.path}")
            shown = request.headers.get("authorization", "").removeprefix("Bearer ")
            if shown not in self._org.tokens:
                return _refusal(Refused(401, "INVALID_SESSION_ID"))
            try:
                answer = await do(request)
            except (Refused, Malformed, NoSuchField) as error:
                return _refusal(error)
            return answer if isinstance(answer, Response) else JSONResponse(answer)

        return _known

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if not self._is_ours(request, form):
            return JSONResponse({"error": "invalid_client"}, 400)
        self._org.tokens_given += 1
        token = f"00D!{self._org.tokens_given}"
        self._org.tokens.add(token)
        base = f"{request.url.scheme}://{request.url.netloc}"
        answer = {"access_token": token, "token_type": "Bearer", "instance_url": base}
        return JSONResponse({**answer, "id": f"{base}/id/1/2", "issued_at": "1", "scope": "api"})

    def _is_ours(self, request: Request, form: Mapping[str, str]) -> bool:
        if "assertion" in form:
            try:
                key = RSAKey.import_key(self._org.public_key)
                claims = jwt.decode(form["assertion"], key, ["RS256"]).claims
            except (JoseError, ValueError):
                return False
            return claims["iss"] == CLIENT_ID and int(claims["exp"]) > datetime.now(UTC).timestamp()
        shown = (form.get("client_id"), form.get("client_secret"))
        kind, _, coded = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            try:
                shown = tuple(base64.b64decode(coded).decode().split(":", 1))
            except (ValueError, binascii.Error):
                return False
        return shown == (CLIENT_ID, CLIENT_SECRET)

    async def resources(self, _: Request) -> Any:
        return {"sobjects": "sobjects", "query": "query"}

    async def query(self, request: Request) -> Any:
        return self._queried(request.query_params["q"], is_all="All" in request.url.path)

    def _queried(self, text: str, *, is_all: bool) -> Any:
        org, query = self._org, read_query(text)
        if query.table not in org.tables:
            raise Refused(400, "INVALID_TYPE", f"sObject type '{query.table}' is not supported.")

        def look(row, path):
            return org.look(query.table, row, path)

        for path in query.fields:
            look({"Id": ""}, path)
        rows = [
            row
            for row in org.tables[query.table].values()
            if (is_all or not row["IsDeleted"]) and query.holds(row, look)
        ]
        rows.sort(key=lambda row: [look(row, path) for path in query.order])
        shown = [org.shown(query.table, row, list(query.fields)) for row in rows[: query.limit]]
        return self._page(shown, len(shown))

    async def more(self, request: Request) -> Any:
        place = request.path_params["place"]
        if place not in self._org.rest:
            raise Refused(404, "INVALID_QUERY_LOCATOR")
        total, rows = self._org.rest[place]
        return self._page(rows, total)

    def _page(self, rows: list[Any], total: int) -> Any:
        page = self._org.page
        answer = {"totalSize": total, "done": len(rows) <= page, "records": rows[:page]}
        if len(rows) > page:
            place = f"01gAb{len(self._org.rest):010d}-{page}"
            self._org.rest[place] = total, rows[page:]
            answer["nextRecordsUrl"] = f"/services/data/v67.0/query/{place}"
        return answer

    async def composite(self, request: Request) -> Any:
        asked = (await request.json())["compositeRequest"]
        return {"compositeResponse": [self._part(one) for one in asked]}

    def _part(self, part: Mapping[str, str]) -> Any:
        query = Request({"type": "http", "query_string": part["url"].partition("?")[2].encode()})
        answer = {"httpHeaders": {}, "referenceId": part["referenceId"]}
        try:
            body = self._queried(query.query_params["q"], is_all=False)
        except (Refused, Malformed, NoSuchField) as error:
            return answer | {"body": _told(error), "httpStatusCode": _status(error)}
        return answer | {"body": body, "httpStatusCode": 200}

    async def collection(self, request: Request) -> Any:
        asked, table = await request.json(), self._table(request)
        self._org.fields_asked = asked["fields"]
        fields = ["Id", *asked["fields"]]
        for name in fields:
            self._org.name_of(table, name)
        rows = [self._org.tables[table].get(full_id(one) or "") for one in asked["ids"]]
        return [
            self._org.shown(table, row, fields) if row and not row["IsDeleted"] else None
            for row in rows
        ]

    async def describe(self, request: Request) -> Any:
        table = self._table(request)
        fields = [
            {
                "name": name,
                "label": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name),
                "type": kind,
                "updateable": name not in SYSTEM,
                "unique": False,
                "picklistValues": [],
            }
            for name, kind in {**SYSTEM, **FIELDS[table]}.items()
        ]
        return {"name": table, "fields": fields}

    async def deleted(self, request: Request) -> Any:
        start, end = (
            datetime.fromisoformat(request.query_params[name].replace(" ", "+"))
            for name in ("start", "end")
        )
        if start >= end or start < self._org.now - timedelta(days=15):
            raise Refused(400, "INVALID_REPLICATION_DATE")
        gone = [
            {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
            for row in self._org.tables[self._table(request)].values()
            if row["IsDeleted"]
            and start <= datetime.fromisoformat(row["SystemModstamp"]).replace(second=0)
        ]
        covered = f"{end:%Y-%m-%dT%H:%M:%S}.000+0000"
        return {
            "deletedRecords": gone,
            "earliestDateAvailable": covered,
            "latestDateCovered": covered,
        }

    async def created(self, request: Request) -> Any:
        id_ = self._org.create(self._table(request), await request.json())
        return JSONResponse({"id": id_, "success": True, "errors": []}, 201)

    async def record(self, request: Request) -> Any:
        table, id_ = self._table(request), request.path_params["id"]
        row = self._org.of(table, id_)
        if request.method == "GET":
            fields = request.query_params.get("fields", "")
            every = [*SYSTEM, *FIELDS[table]]
            return self._org.shown(table, row, fields.split(",") if fields else every)
        if until := request.headers.get("if-unmodified-since"):
            changed_at = datetime.fromisoformat(row["SystemModstamp"])
            if changed_at > parsedate_to_datetime(until):
                raise Refused(412, "PRECONDITION_FAILED")
        if request.method == "DELETE":
            self._org.delete(table, id_)
        else:
            self._org.change(table, id_, await request.json())
        return Response(status_code=204)

    def _table(self, request: Request) -> str:
        if request.path_params["table"] not in self._org.tables:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        return request.path_params["table"]


def _refusal(error: Exception) -> Response:
    return JSONResponse(_told(error), _status(error))


def _status(error: Exception) -> int:
    return error.status if isinstance(error, Refused) else 400


def _told(error: Exception) -> list[dict[str, Any]]:
    if isinstance(error, Refused):
        return [{"errorCode": error.code, "message": error.message, "fields": []}]
    if isinstance(error, NoSuchField):
        told = (
            f"ERROR at Row:1:Column:8\nNo such column '{error.args[0]}' on entity 'x'. If you ..."
        )
        return [{"errorCode": "INVALID_FIELD", "message": told, "fields": []}]
    return [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token", "fields": []}]
