"""The same answers by hand: the reads that the gateway makes, the JSON that it gives, no GraphQL
and no access control.  What somebody writes who needs exactly this one question answered.

BENCH_CASE names the question; the names of callers are normalised and hashed as the gateway does,
because whoever recognises a caller must do that, and what is sealed is opened with the gateway's
own keyring, because whoever reads it must do that.
"""

import asyncio
import os
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
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

from app.sealing import opened_sealing
from app.settings import Settings, StoreSettings
from app.store.client import open_client
from app.store.items import identity_place
from app.store.sealing import ProfileSeal, Sealing
from app.store.search import base_of, end_of, path_of
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.client import source_client
from graph.model.channel import Channel
from graph.model.identity import identity_name
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
        sealing: Sealing,
        http: httpx2.AsyncClient,
    ) -> None:
        self._database = database
        self._sealing = sealing
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
        seal = (await self._sealing.read(TENANT, [profile]))[profile["id"]]
        shown = {
            **{key: profile[key] for key in ("id", "version", "state")},
            **{key: _instant(profile[key]) for key in ("createdAt", "updatedAt")},
            "name": _name(profile),
            **{key: profile.get(key) for key in ("birthDate", "gender", "language")},
            "identities": [_identity(one, seal) for one in profile["identities"]],
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
        seals = await self._sealing.read(TENANT, found[:25])
        edges = [
            {"cursor": _cursor(one["id"]), "node": self._node(one, seals[one["id"]])}
            for one in found[:25]
        ]
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
        of_tenant = await self._sealing.tenant(TENANT)
        key = f"{TENANT}/{of_tenant.index(name)}"
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

    def _node(self, profile: Mapping[str, Any], seal: ProfileSeal) -> Answer:
        return {
            **{key: profile[key] for key in ("id", "version", "state")},
            "name": _name(profile),
            **{key: profile.get(key) for key in ("birthDate", "language")},
            "identities": [
                {
                    "channel": one["channel"],
                    "value": _value(one, seal),
                    "verified": one.get("verified"),
                }
                for one in profile["identities"]
            ],
            "custom": self._custom(profile, LOCAL[:3]),
        }

    def _custom(self, profile: Mapping[str, Any], keys: tuple[str, ...]) -> Answer:
        return {key: profile["custom"].get(self._fields[key]) for key in keys}


def _name(profile: Mapping[str, Any]) -> dict[str, str]:
    given, family = profile["name"]["given"], profile["name"]["family"]
    return {"given": given, "family": family, "full": f"{given} {family}"}


def _identity(one: Mapping[str, Any], seal: ProfileSeal) -> Answer:
    return {
        "channel": one["channel"],
        "value": _value(one, seal),
        **{key: one.get(key) for key in ("verified", "primary", "source")},
        **{key: _instant(one.get(key)) for key in ("firstSeenAt", "lastSeenAt")},
    }


def _value(one: Mapping[str, Any], seal: ProfileSeal) -> Any:
    return seal.opened(identity_place(one["channel"], one["index"], "value"), one["value"])


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _cursor(id: str) -> str:
    return urlsafe_b64encode(id.encode()).decode().rstrip("=")


def application() -> Starlette:
    """Answers POST /graphql, whatever the document says."""
    case, held = os.environ["BENCH_CASE"], AsyncExitStack()
    opened: list[ByHand] = []
    opening = asyncio.Lock()

    async def by_hand() -> ByHand:
        async with opening:
            if not opened:
                opened.append(await _opened(held))
        return opened[0]

    async def respond(request: Request) -> Response:
        found = opened[0] if opened else await by_hand()
        asked = orjson.loads(await request.body())
        data = await _ANSWERS[case](found, asked.get("variables") or {})
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    return Starlette(routes=[Route("/graphql", respond, methods=["POST"])])


_ANSWERS: Mapping[str, Callable[[ByHand, Mapping[str, Any]], Awaitable[Answer]]] = {
    STORE_IDENTIFY_30.name: ByHand.identify,
    STORE_PAGE_25.name: ByHand.page,
    CRM_50MS.name: ByHand.with_crm,
}


async def _opened(held: AsyncExitStack) -> ByHand:
    """The store with its keyring; both are open as long as the process runs."""
    store = StoreSettings(path=Path(os.environ["GATEWAY_STORE__PATH"]), database=DATABASE)
    client = open_client(os.environ["GATEWAY_STORE__URI"], 5)
    sealing = await held.enter_async_context(opened_sealing(Settings(store=store), client))
    found = ByHand(client[DATABASE], sealing, source_client(LOOPBACK))
    await found.learn()
    return found


if __name__ == "__main__":
    serve(application())
