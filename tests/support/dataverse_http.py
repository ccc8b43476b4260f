"""The Dataverse stand-in over HTTP: the Web API's paths, statuses and bodies.

It is ours, and a client that nobody here wrote judges it: see tests/connectors/test_judges.py.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote
from uuid import NAMESPACE_DNS, uuid5

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.dataverse_tables import (
    CLIENT_ID,
    CLIENT_SECRET,
    COLUMNS,
    LABELS,
    READ_ONLY,
    SETS,
    TENANT,
    Refused,
    Tables,
)

API = "/api/data/v9.2"
_FORMATTED = "@OData.Community.Display.V1.FormattedValue"
_ONE = re.compile(r"(\w+)\(([0-9a-fA-F-]{36})\)")
_DEFINITION = re.compile(
    r"EntityDefinitions\((?:LogicalName='(?P<name>\w+)'|(?P<id>[0-9a-f-]{36}))\)"
)
_METADATA_IDS = {table: str(uuid5(NAMESPACE_DNS, table)) for table in COLUMNS}


def dataverse_app(tables: Tables) -> Starlette:
    """The environment over HTTP; its tokens come from `/{TENANT}/oauth2/v2.0/token`."""
    endpoint = _Endpoint(tables)
    return Starlette(
        routes=[
            Route(f"/{TENANT}/oauth2/v2.0/token", endpoint.token, methods=["POST"]),
            Route(
                API + "/{rest:path}", endpoint.answer, methods=["GET", "POST", "PATCH", "DELETE"]
            ),
        ]
    )


class _Endpoint:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client", "error_description": "AADSTS"}, 401)
        if not form.get("scope", "").endswith("/.default"):
            return JSONResponse({"error": "invalid_scope"}, 400)
        token = f"eyJ.{len(self._tables.tokens)}"
        self._tables.tokens[token] = self._tables.now
        return JSONResponse({"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    async def answer(self, request: Request) -> Response:
        self._tables.asked.append(f"{request.method} {request.url.path}")
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if shown not in self._tables.tokens:
            return Response(status_code=401)
        try:
            found = await self._answer(request, request.path_params["rest"])
        except Refused as error:
            told = {"error": {"code": error.code, "message": error.message}}
            return JSONResponse(told, error.status)
        return found if isinstance(found, Response) else JSONResponse(found)

    async def _answer(self, request: Request, path: str) -> Any:
        if path == "WhoAmI":
            return {"UserId": "00000000-0000-0000-0000-000000000001"}
        if path.startswith("EntityDefinitions"):
            return self._definition(request, path)
        if one := _ONE.fullmatch(path):
            return await self._record(request, self._table(one[1]), one[2].lower())
        table = self._table(path)
        if request.method == "POST":
            return self._created(request, table, path, await request.json())
        return self._page(request, table, path)

    def _table(self, entity_set: str) -> str:
        if entity_set not in SETS:
            told = f"Resource not found for the segment '{entity_set}'."
            raise Refused(404, "0x8006088a", told)
        return SETS[entity_set]

    def _created(
        self, request: Request, table: str, entity_set: str, values: Mapping[str, Any]
    ) -> Response:
        id_ = self._tables.create(table, values)
        where = f"{request.url.scheme}://{request.url.netloc}{API}/{entity_set}({id_})"
        return Response(status_code=204, headers={"OData-EntityId": where})

    async def _record(self, request: Request, table: str, id_: str) -> Any:
        row = self._tables.of(table, id_)
        condition = request.headers.get("if-match", "*")
        if request.method != "GET" and condition not in {"*", _etag(row)}:
            raise Refused(412, "0x80060882", "The version of the record doesn't match.")
        if request.method == "DELETE":
            self._tables.delete(table, id_)
            return Response(status_code=204)
        if request.method == "PATCH":
            self._tables.change(table, id_, await request.json())
            if "return=representation" not in request.headers.get("prefer", ""):
                return Response(status_code=204)
        return self._shown(request, table, self._tables.of(table, id_))

    def _page(self, request: Request, table: str, entity_set: str) -> Any:
        prefer = request.headers.get("prefer", "")
        size = re.search(r"odata\.maxpagesize=(\d+)", prefer)
        page = int(size[1]) if size else 5_000
        query = dict(request.query_params)
        since, skip = int(query.get("$deltatoken", 0)), int(query.get("$skiptoken", 0))
        if since and since < self._tables.forgotten_before:
            raise Refused(
                400, "0x80044352", "Version stamp associated with the client has expired."
            )
        rows = self._tables.meant(table, query.get("$filter", ""))
        shown: list[Any] = [
            self._shown(request, table, row) for row in rows if row["@version"] > since
        ]
        if since:
            shown += [
                {
                    "@odata.context": f"{API}/$metadata#{entity_set}/$deletedEntity",
                    "id": id_,
                    "reason": "deleted",
                }
                for id_, version in self._tables.gone[table].items()
                if version > since
            ]
        answer = {
            "@odata.context": f"{API}/$metadata#{entity_set}",
            "value": shown[skip : skip + page],
        }
        # As Dataverse's, links name a host of the server's own choice.
        here = f"https://acme.crm.dynamics.com{API}/{entity_set}?"
        kept = {name: text for name, text in query.items() if name in {"$select", "$filter"}}
        if len(shown) > skip + page:
            until = {"$deltatoken": str(since)} if since else {}
            return answer | {
                "@odata.nextLink": here + _query({**kept, **until, "$skiptoken": str(skip + page)})
            }
        if since or "odata.track-changes" in prefer:
            token = {**kept, "$deltatoken": str(self._tables.version)}
            return answer | {"@odata.deltaLink": here + _query(token)}
        return answer

    def _shown(self, request: Request, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        select = request.query_params.get("$select", "")
        names = select.split(",") if select else list(COLUMNS[table])
        self._tables.check(table, names)
        answer = {"@odata.etag": _etag(row), f"{table}id": row[f"{table}id"]}
        answer |= {name: row[name] for name in names}
        if "include-annotations" in request.headers.get("prefer", ""):
            for name in names:
                if label := LABELS.get(name, {}).get(row[name]):
                    answer[name + _FORMATTED] = label
        return answer

    def _definition(self, request: Request, path: str) -> Any:
        if path == "EntityDefinitions":
            wanted = re.search(r"LogicalName eq '(\w+)'", request.query_params.get("$filter", ""))
            return {"value": [_defined(one) for one in COLUMNS if not wanted or one == wanted[1]]}
        named = _DEFINITION.match(path)
        table = named and _named(**named.groupdict())
        if table is None:
            raise Refused(404, "0x80060888", "Could not find an entity with the specified name")
        rest = path[named.end() :]
        if not rest:
            return _defined(table)
        if rest == "/Attributes":
            return {"value": [_column(name, kind) for name, kind in COLUMNS[table].items()]}
        if rest.endswith("StringAttributeMetadata"):
            formats = {"emailaddress1": "Email"}
            texts = [name for name, kind in COLUMNS[table].items() if kind == "String"]
            return {
                "value": [
                    {"LogicalName": one, "FormatName": {"Value": formats.get(one, "Text")}}
                    for one in texts
                ]
            }
        if rest.endswith("PicklistAttributeMetadata"):
            return {"value": [_picklist(one) for one in COLUMNS[table] if one in LABELS]}
        return {"value": [{"KeyAttributes": ["emailaddress1"]}] if table == "contact" else []}


def _named(name: str | None, id: str | None) -> str | None:
    """The table that a definition's address names."""
    known = ((one, metadata_id) for one, metadata_id in _METADATA_IDS.items())
    return next((one for one, metadata_id in known if name == one or id == metadata_id), None)


def _defined(table: str) -> dict[str, Any]:
    entity_set = next(name for name, logical in SETS.items() if logical == table)
    return {
        "LogicalName": table,
        "EntitySetName": entity_set,
        "PrimaryIdAttribute": f"{table}id",
        "SchemaName": table.capitalize(),
        "MetadataId": _METADATA_IDS[table],
    }


def _column(name: str, kind: str) -> dict[str, Any]:
    logical = name.removeprefix("_").removesuffix("_value") if name.startswith("_") else name
    return {
        "LogicalName": logical,
        "AttributeType": kind,
        "AttributeOf": None,
        "DisplayName": {"UserLocalizedLabel": {"Label": logical.capitalize()}},
        "IsValidForRead": True,
        "IsValidForUpdate": name not in READ_ONLY,
        "IsSecured": name == "annualincome",
    }


def _picklist(name: str) -> dict[str, Any]:
    options = [
        {"Value": value, "Label": {"LocalizedLabels": [{"Label": label}]}}
        for value, label in LABELS[name].items()
    ]
    return {"LogicalName": name, "OptionSet": {"Options": options}}


def _etag(row: Mapping[str, Any]) -> str:
    return f'W/"{row["@version"]}"'


def _query(values: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(text, safe=',')}" for name, text in values.items())
