"""A whole gateway for tests: in this process over ASGI, its store and its CRMs over the wire."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from app.auth.development import development_issuer
from app.build import Gateway, open_gateway
from app.http.routes import create_app
from app.http.settings import HttpSettings
from app.settings import Settings, StoreSettings
from app.source_settings import SourceSettings

PATIENCE_S = 60
TOGETHER = 10  # of the root fields that a document may have
SECRET_VARIABLE = "PROFILE_GATEWAY_TEST_SECRET"


def crm(
    base_url: str, tenant: str, *, secret: str, connector: str = "hubspot", **settings: Any
) -> SourceSettings:
    """Settings of a source whose secret lies in a variable of its own.

    It keeps nothing of what the CRM said, so that every request asks; `fresh_s` changes that.
    It asks as often as it likes: a stand-in bears more than the vendor's smallest plan.  It waits
    as long as a request may take in tests.
    """
    never = {"fresh_s": 0, "refresh_s": 0, "keep_s": 0, "absent_s": 0}
    settings = {**never, "rates": (), "timeout_s": PATIENCE_S} | settings
    variable = f"{SECRET_VARIABLE}_{tenant}_{connector}".upper().replace("-", "_")
    os.environ[variable] = secret
    return SourceSettings(
        connector=connector,
        tenant=tenant,
        base_url=base_url,
        secret=f"env:{variable}",
        **settings,
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks: a role (or several) in one tenant, for a purpose."""

    client: httpx2.AsyncClient
    token: str
    purpose: str | None = None

    def asking_for(self, purpose: str) -> "Caller":
        """The same somebody, who says what they ask for."""
        return replace(self, purpose=purpose)

    async def post(self, query: str, variables: Mapping[str, Any] | None = None) -> httpx2.Response:
        """The HTTP response to a document."""
        return await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables or {}, "extensions": self._extensions},
            headers={"authorization": f"Bearer {self.token}"},
        )

    @property
    def _extensions(self) -> dict[str, str]:
        return {} if self.purpose is None else {"purpose": self.purpose}

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer: data, errors, extensions."""
        return (await self.post(query, variables)).json()

    async def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer that must hold no error."""
        answer = await self.ask(query, variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def codes(self, query: str, variables: Mapping[str, Any] | None = None) -> list[str]:
        """The codes of the answer's errors, in order."""
        answer = await self.ask(query, variables)
        return [error["extensions"]["code"] for error in answer.get("errors", [])]


@dataclass(frozen=True, slots=True)
class TestGateway:
    """An open gateway and a client of it."""

    __test__ = False

    gateway: Gateway
    client: httpx2.AsyncClient

    def as_role(
        self, *roles: str, tenant: str, second_factor: bool = True, subject: str = "tester"
    ) -> Caller:
        """A caller with these roles."""
        issuer = development_issuer(self.gateway.settings)
        assert issuer is not None
        token = issuer.token(roles, tenant, subject=subject, second_factor=second_factor)
        return Caller(self.client, token)


def refusal_of(role: str) -> str:
    """The code by which a role is refused what it may not call: to some it is unknown."""
    return "BAD_INPUT" if role in {"assistant", "partner"} else "FORBIDDEN"


@asynccontextmanager
async def running_gateway(
    uri: str,
    path: Path,
    *,
    sources: Mapping[str, SourceSettings] | None = None,
    database: str = "profile_gateway",
    **settings: Any,
) -> AsyncIterator[TestGateway]:
    """A gateway on the document server at `uri`; its keys are under `path`.

    It is more patient than one in service: a machine that is busy must not fail tests.
    """
    settings.setdefault("http", HttpSettings(deadline_s=PATIENCE_S))
    settings.setdefault("budget_s", PATIENCE_S)
    tree = Settings(
        store=StoreSettings(uri=uri, path=path, database=database, deadline_s=PATIENCE_S),
        sources=dict(sources or {}),
        **settings,
    )
    async with open_gateway(tree) as gateway:
        transport = httpx2.ASGITransport(create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield TestGateway(gateway, client)


@asynccontextmanager
async def with_settings(gateway: TestGateway, **settings: Any) -> AsyncIterator[TestGateway]:
    """The same gateway, served by other settings."""
    changed = replace(
        gateway.gateway, settings=gateway.gateway.settings.model_copy(update=settings)
    )
    transport = httpx2.ASGITransport(create_app(changed))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield TestGateway(changed, client)


PROFILE = """
mutation ($input: CreateProfileInput!) { createProfile(input: $input) { profile { id } } }
"""


async def a_profile(caller: Caller, **input: Any) -> str:
    """The id of a new profile: Ada Lovelace unless told otherwise."""
    given = {"name": {"given": "Ada", "family": "Lovelace"}, **input}
    data = await caller.data(PROFILE, {"input": given})
    return data["createProfile"]["profile"]["id"]


async def define(caller: Caller, fields: Iterable[Mapping[str, Any]]) -> None:
    """Define custom fields, as an admin; each a `DefineFieldInput` (label: its key).

    A request defines several, one after the other: a schema is built for each request.
    """
    inputs = [{"label": field["key"], **field} for field in fields]
    for start in range(0, len(inputs), TOGETHER):
        some = {f"a{number}": it for number, it in enumerate(inputs[start : start + TOGETHER])}
        declared = " ".join(f"${name}: DefineFieldInput!" for name in some)
        asked = " ".join(
            f"{name}: defineField(input: ${name}) {{ field {{ key }} }}" for name in some
        )
        await caller.data(f"mutation ({declared}) {{ {asked} }}", some)
