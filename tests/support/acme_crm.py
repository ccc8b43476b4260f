"""Acme: a CRM that nobody ever heard of, over real HTTP; the guide connects it."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.support.scripted_http import Exchange, Received, ScriptedServer, body, scripted_server

KEY = "acme-key-4711"
REGION = "eu-1"
WEBHOOK_SECRET = "acme-hook-secret"
_FIELDS = (
    {"name": "name", "label": "Name", "type": "text"},
    {"name": "email", "label": "E-mail", "type": "email"},
    {"name": "tier", "label": "Loyalty tier", "type": "enum", "values": ["gold", "silver"]},
    {"name": "visits", "label": "Visits", "type": "integer"},
    {"name": "since", "label": "Customer since", "type": "date"},
)
_PAGE = 2


class Acme:
    """Acme's customers by id, and what it was asked, as "METHOD path"."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server
        self.url = server.url
        self.customers: dict[str, dict[str, Any]] = {}
        server.play(self._answer)

    @property
    def asked(self) -> list[str]:
        """What it was asked."""
        return [f"{received.method} {received.path}" for received in self._server.received]

    def add(self, id_: str, **values: Any) -> None:
        """A new customer; each is changed a minute after the one before."""
        minute = len(self.customers)
        changed = f"2026-11-27T10:{minute:02}:00Z"
        self.customers[id_] = {"id": id_, "version": "1", "changed": changed, **values}

    async def _answer(self, exchange: Exchange) -> None:
        status, told = self._told(exchange.received)
        await body(json.dumps(told).encode(), status=status)(exchange)

    def _told(self, received: Received) -> tuple[int, Mapping[str, Any]]:
        if received.headers.get("x-acme-key") != KEY:
            return 401, {"error": "who are you?"}
        if received.headers.get("x-acme-region") != REGION:
            return 400, {"error": "NO_SUCH_REGION"}
        return self._served(received)

    def _served(self, received: Received) -> tuple[int, Mapping[str, Any]]:
        match received.method, received.path.split("/")[2:]:
            case "GET", ["me"]:
                return 200, {"me": "gateway"}
            case "GET", ["fields"]:
                return 200, {"fields": [*_FIELDS]}
            case "POST", ["customers", "read"]:
                return 200, {"customers": self._read(received.json())}
            case "GET", ["customers", "changes"]:
                return 200, self._changes(dict(received.query).get("since", ""))
            case "PATCH", ["customers", id_] if id_ in self.customers:
                return self._changed(id_, received)
        return 404, {"error": "there is nothing here"}

    def _read(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        [(name, values)] = [(key, asked[key]) for key in ("id", "email") if key in asked]
        shown = {"id", "version", "changed", *asked["fields"]}
        found = [one for one in self.customers.values() if one.get(name) in values]
        return [{key: one[key] for key in one if key in shown} for one in reversed(found)]

    def _changes(self, since: str) -> dict[str, Any]:
        later = sorted(
            (one for one in self.customers.values() if one["changed"] > since),
            key=lambda one: one["changed"],
        )
        return {"customers": later[:_PAGE], "more": len(later) > _PAGE}

    def _changed(self, id_: str, received: Received) -> tuple[int, Mapping[str, Any]]:
        known = self.customers[id_]
        if received.headers.get("if-match", known["version"]) != known["version"]:
            return 412, {"error": "somebody else was faster"}
        version = str(int(known["version"]) + 1)
        self.customers[id_] = known | received.json() | {"version": version}
        return 200, {"customer": self.customers[id_]}


def signed(content: bytes, sent_at: str, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """The headers of a webhook of Acme's, with names in lower case."""
    signature = hmac.digest(secret.encode(), sent_at.encode() + content, hashlib.sha256)
    return {"x-acme-signature": f"v1={signature.hex()}", "x-acme-sent": sent_at}


@asynccontextmanager
async def running_acme() -> AsyncIterator[Acme]:
    """An Acme with three customers, on a free port of 127.0.0.1."""
    async with scripted_server() as server:
        acme = Acme(server)
        acme.add("1001", name="Ada", email="ada@example.com", tier="gold", visits=3)
        acme.add("1002", name="Bob", email="bob@example.com", tier="silver", since="2020-01-31")
        acme.add("1003", name="Cyd", email="cyd@example.com", tier=None)
        yield acme
