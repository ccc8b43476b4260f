"""A stand-in for Zendesk over HTTP: its paths, statuses and bodies, as far as they concern users.

It is ours, and a client that nobody here wrote judges it: see tests/connectors/test_zendesk_judged.
"""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

EMAIL, TOKEN = "agent@shop.example", "zendesk-token-7f3a"
FIELDS = (
    {"id": 1, "key": "tier", "title": "Tier", "type": "dropdown", "active": True}
    | {"custom_field_options": [{"id": 1, "name": "Gold", "value": "gold"}]},
    {"id": 2, "key": "born", "title": "Born", "type": "date", "active": True},
)


@dataclass(slots=True)
class Desk:
    """Its users and tickets by id; a page of an export has `page` users."""

    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    page: int = 3
    changes: int = 0

    def add(self, **values: Any) -> int:
        """A new user's id."""
        id_ = 1001 + len(self.users)
        self.users[id_] = {
            "id": id_,
            "active": True,
            "tags": [],
            "user_fields": {},
            "role": "end-user",
        }
        self.change(id_, **values)
        return id_

    def change(self, id_: int, **values: Any) -> None:
        """New values of a user; later changes come later in exports."""
        self.changes += 1
        minute, hour = self.changes % 60, self.changes // 60
        user = self.users[id_]
        fields = user["user_fields"] | values.pop("user_fields", {})
        at = f"2026-11-27T{10 + hour:02}:{minute:02}:00Z"
        user |= {**values, "user_fields": fields, "updated_at": at, "created_at": at}
        user["_order"] = self.changes


def zendesk_app(desk: Desk) -> Starlette:
    """The desk over HTTP."""
    endpoint = _Endpoint(desk)
    routes = {
        "/users/me.json": endpoint.me,
        "/users/show_many.json": endpoint.many,
        "/users/search.json": endpoint.search,
        "/users.json": endpoint.created,
        "/users/{id:int}.json": endpoint.one,
        "/users/{id:int}/tickets/requested.json": endpoint.requested,
        "/incremental/users/cursor.json": endpoint.exported,
        "/user_fields.json": endpoint.fields,
    }
    methods = ["GET", "POST", "PUT", "DELETE"]
    return Starlette(
        routes=[Route(f"/api/v2{path}", _known(do), methods=methods) for path, do in routes.items()]
    )


def _known(do):
    """`do`, for those who show the right token."""
    right = "Basic " + base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()

    async def _do(request: Request) -> Response:
        if request.headers.get("authorization") != right:
            return JSONResponse({"error": "Couldn't authenticate you"}, 401)
        answer = await do(request)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return _do


class _Endpoint:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def me(self, _: Request):
        return {"user": {"id": 1, "name": "Agent", "role": "agent"}}

    async def many(self, request: Request):
        names = {"ids": "id", "external_ids": "external_id"}
        [(name, text)] = request.query_params.items()
        asked = {one.lower() for one in text.split(",")}
        found = [
            user
            for user in self._desk.users.values()
            if str(user.get(names[name])).lower() in asked
        ]
        return self._listed([user for user in found if user["active"]])

    async def search(self, request: Request):
        told = re.search(r'email:"?([^"\s]+)"?', request.query_params["query"])
        found = [
            user
            for user in self._desk.users.values()
            if user["active"] and str(user.get("email")).lower() == told[1].lower()
        ]
        return self._listed(found)

    async def created(self, request: Request):
        id_ = self._desk.add(**(await request.json())["user"])
        return JSONResponse({"user": self._shown(self._desk.users[id_])}, 201)

    async def one(self, request: Request):
        user = self._desk.users.get(request.path_params["id"])
        if user is None or not user["active"]:
            return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)
        if request.method == "PUT":
            given = (await request.json())["user"]
            kept = {
                name: value for name, value in given.items() if name not in {"id", "updated_at"}
            }
            self._desk.change(user["id"], **kept)
        if request.method == "DELETE":
            self._desk.change(user["id"], active=False)
        return {"user": self._shown(user)}

    async def requested(self, request: Request):
        owner = request.path_params["id"]
        found = [one for one in self._desk.tickets.values() if one["requester_id"] == owner]
        meta = {"has_more": False, "after_cursor": None, "before_cursor": None}
        return {"tickets": found, "meta": meta, "links": {"next": None, "prev": None}}

    async def exported(self, request: Request):
        cursor = request.query_params.get("cursor")
        begun = int(base64.b64decode(cursor)) if cursor else 0
        later = sorted(
            (user for user in self._desk.users.values() if user["_order"] > begun),
            key=lambda user: user["_order"],
        )
        rows = later[: self._desk.page]
        end = rows[-1]["_order"] if rows else begun
        after = base64.b64encode(str(end).encode()).decode()
        url = f"{request.url.replace(query='')}?cursor={after}"
        return {
            "users": [self._shown(user) for user in rows],
            "after_url": url,
            "after_cursor": after,
            "before_url": None,
            "before_cursor": None,
            "end_of_stream": len(later) <= self._desk.page,
        }

    async def fields(self, _: Request):
        meta = {"has_more": False, "after_cursor": None, "before_cursor": None}
        return {"user_fields": [*FIELDS], "meta": meta, "links": {"next": None, "prev": None}}

    def _listed(self, users):
        shown = [self._shown(user) for user in users]
        return {"users": shown, "next_page": None, "previous_page": None, "count": len(shown)}

    def _shown(self, user):
        return {name: value for name, value in user.items() if name != "_order"}
