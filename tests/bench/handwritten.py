"""The same answers by hand: the reads that the gateway makes, the JSON that it gives, no GraphQL
and no access control.  What somebody writes who needs exactly this one question answered.

BENCH_CASE names the question; the names of callers are normalised and hashed as the gateway does,
because whoever recognises a caller must do that.
"""

import asyncio
import os
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.keys import identity_key
from app.settings import Settings, StoreSettings
from app.store.client import open_client
from app.store.names import identity_index
from app.store.search import base_of, end_of, path_of
from connectors.runtime.client import source_client
from graph.model.channel import Channel
from graph.model.identity import IdentityName, identity_name
from graph.model.search import BY_ID
from tests.bench.cases import (
    CRM_50MS,
    DATABASE,
    LIVE,
    LOCAL,
    STORE_IDENTIFY_30,
    STORE_PAGE_25,
    TENANT,
)
from tests.bench.serve import serve

Answer = Mapping[str, Any]
_ATTRIBUTES = [attribute for _, attribute in LIVE.values()]


class ByHand:
    """Three questions, answered out of the store and the CRM."""

    def __init__(
        self,
        database: AsyncDatabase[dict[str, Any]],
        index: Callable[[str, IdentityName], str],
        http: httpx2.AsyncClient,
    ) -> None:
        self._database = database
        self._index = index
        self._http = http
        self._fields: dict[str, str] = {}

    async def learn(self) -> None:
        """Read under which names the store keeps the tenant's own fields."""
        async for one in self._database.definitions.find({"tenant": TENANT}):
            self._fields[one["key"]] = one["id"]

    async def identify(self, variables: Mapping[str, Any]) -> Answer:
        """See `STORE_IDENTIFY_30`."""
        claim = await self._claim(variables)
        wanted = [
            *("id", "version", "state", "createdAt", "updatedAt", "name", "birthDate", "gender"),
            *(
                "language",
                "identities",
                "links",
                *(f"custom.{self._fields[one]}" for one in LOCAL),
            ),
        ]
        profile = await self._profile(claim["profile"], wanted)
        shown = {
            **{key: profile[key] for key in ("id", "version", "state")},
            **{key: _instant(profile[key]) for key in ("createdAt", "updatedAt")},
            "name": _name(profile),
            **{key: profile.get(key) for key in ("birthDate", "gender", "language")},
            "identities": [_identity(one) for one in profile["identities"]],
            "links": profile["links"],
            "custom": self._custom(profile, LOCAL),
        }
        return {"identify": {"outcome": "KNOWN", "profile": shown}}

    async def page(self, _: Mapping[str, Any]) -> Answer:
        """See `STORE_PAGE_25`."""
        wanted = [
            *("id", "version", "state", "name", "birthDate", "language", "identities"),
            *(f"custom.{self._fields[one]}" for one in LOCAL[:3]),
        ]
        path, base = path_of(BY_ID), base_of(TENANT, BY_ID)
        cursor = self._database.profiles.find(
            {path: {"$gte": base, "$lt": end_of(base)}}, dict.fromkeys(wanted, 1)
        )
        found = [one async for one in cursor.sort(path, 1).limit(26)]
        edges = [{"cursor": _cursor(one["id"]), "node": self._node(one)} for one in found[:25]]
        end = {"hasNextPage": len(found) > len(edges), "endCursor": edges[-1]["cursor"]}
        return {"profiles": {"edges": edges, "pageInfo": end}}

    async def with_crm(self, variables: Mapping[str, Any]) -> Answer:
        """See `CRM_50MS`."""
        claim = await self._claim(variables)
        wanted = ["id", "name", f"custom.{self._fields['note0']}"]
        profile, record = await asyncio.gather(
            self._profile(claim["profile"], wanted), self._record(claim["profile"])
        )
        shown = {
            "id": profile["id"],
            "name": {"full": _name(profile)["full"]},
            "custom": {**self._custom(profile, ("note0",)), **record},
        }
        return {"identify": {"outcome": "KNOWN", "profile": shown}}

    async def _claim(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        name = identity_name(Channel(variables["channel"]), variables["value"], "US")
        key = f"{TENANT}/{self._index(TENANT, name)}"
        return await self._database.identities.find_one({"_id": key})

    async def _profile(self, id: str, wanted: list[str]) -> dict[str, Any]:
        return await self._database.profiles.find_one(
            {"_id": f"{TENANT}/{id}"}, dict.fromkeys(wanted, 1)
        )

    async def _record(self, id: str) -> Answer:
        asked = {"inputs": [{"id": id}], "idProperty": "profile_id", "properties": _ATTRIBUTES}
        response = await self._http.post(
            f"{os.environ['BENCH_CRM_URL']}/crm/objects/2026-09/contacts/batch/read",
            content=orjson.dumps(asked),
            headers={
                "Authorization": f"Bearer {os.environ['BENCH_CRM_TOKEN']}",
                "Content-Type": "application/json",
            },
        )
        [found] = orjson.loads(response.content)["results"]
        values = found["properties"]
        return {"tier": values["loyalty"], "score": float(values["nps"]), "since": values["joined"]}

    def _node(self, profile: Mapping[str, Any]) -> Answer:
        return {
            **{key: profile[key] for key in ("id", "version", "state")},
            "name": _name(profile),
            **{key: profile.get(key) for key in ("birthDate", "language")},
            "identities": [
                {key: one.get(key) for key in ("channel", "value", "verified")}
                for one in profile["identities"]
            ],
            "custom": self._custom(profile, LOCAL[:3]),
        }

    def _custom(self, profile: Mapping[str, Any], keys: tuple[str, ...]) -> Answer:
        return {key: profile["custom"].get(self._fields[key]) for key in keys}


def _name(profile: Mapping[str, Any]) -> dict[str, str]:
    given, family = profile["name"]["given"], profile["name"]["family"]
    return {"given": given, "family": family, "full": f"{given} {family}"}


def _identity(one: Mapping[str, Any]) -> Answer:
    return {
        **{key: one.get(key) for key in ("channel", "value", "verified", "primary", "source")},
        **{key: _instant(one.get(key)) for key in ("firstSeenAt", "lastSeenAt")},
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _cursor(id: str) -> str:
    return urlsafe_b64encode(id.encode()).decode().rstrip("=")


def application() -> Starlette:
    """Answers POST /graphql, whatever the document says."""
    keys = Path(os.environ["GATEWAY_STORE__PATH"])
    client = open_client(os.environ["GATEWAY_STORE__URI"], 5)
    root = identity_key(Settings(store=StoreSettings(path=keys)), keys)
    index = identity_index(root)
    by_hand = ByHand(client[DATABASE], index, source_client())
    answers: dict[str, Callable[[Mapping[str, Any]], Awaitable[Answer]]] = {
        STORE_IDENTIFY_30.name: by_hand.identify,
        STORE_PAGE_25.name: by_hand.page,
        CRM_50MS.name: by_hand.with_crm,
    }
    answer = answers[os.environ["BENCH_CASE"]]

    async def respond(request: Request) -> Response:
        if not by_hand._fields:
            await by_hand.learn()
        asked = orjson.loads(await request.body())
        data = await answer(asked.get("variables") or {})
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    return Starlette(routes=[Route("/graphql", respond, methods=["POST"])])


if __name__ == "__main__":
    serve(application())
