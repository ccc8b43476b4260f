"""Failures nobody thought of: told by an incident's number alone, to the client and to the log."""

import logging
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from app.http.routes import create_app
from app.schemas import Schemas
from tests.flow.documents import CREATE
from tests.support.gateway import Caller, TestGateway, a_profile

CANARY = "CANARY-4711"


class Unforeseen(Exception):
    """Holds what no client and no log may see."""


def broken(*_: object, **__: object):
    raise Unforeseen(CANARY) from ValueError(CANARY)


class Broken:
    """A port of which every method fails."""

    def __getattr__(self, name: str):
        async def method(*_: object, **__: object):
            broken()

        return method


@asynccontextmanager
async def with_parts(gateway: TestGateway, schemas: Schemas | None = None, **parts: object):
    """The same gateway with other parts in its wiring."""
    opened = gateway.gateway
    changed = replace(
        opened, wiring=replace(opened.wiring, **parts), schemas=schemas or opened.schemas
    )
    transport = httpx2.ASGITransport(create_app(changed))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield TestGateway(changed, client)


def incident(response, caplog) -> str:
    """The incident of a response that holds nothing else; the log has the same one."""
    (error,) = response.json()["errors"]
    number = error["extensions"]["incident"]
    assert error["extensions"] == {"code": "INTERNAL", "incident": number}
    assert error["message"] == f"Something went wrong here; the incident is {number}."
    records = [record for record in caplog.records if number in record.getMessage()]
    assert [(one.name, one.levelname, one.exc_info) for one in records] == [
        ("gateway.errors", "ERROR", None)
    ]
    assert "Unforeseen" in records[0].getMessage()
    assert CANARY not in response.text + caplog.text
    return number


async def test_a_broken_clock_is_an_incident(gateway, tenant, caplog):
    caplog.set_level(logging.DEBUG)
    async with with_parts(gateway, now=broken) as odd:
        service = odd.as_role("service", tenant=tenant)

        response = await service.post(CREATE, {"input": {"gender": "x"}})

    assert response.status_code == 500
    assert "data" not in response.json()
    assert len(incident(response, caplog)) == 16


async def test_a_store_that_fails_in_an_unknown_way_is_an_incident_of_its_field(
    gateway, tenant, caplog
):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service)
    caplog.set_level(logging.DEBUG)
    async with with_parts(gateway, profiles=Broken()) as odd:
        caller = Caller(odd.client, service.token)

        response = await caller.post(
            "query ($id: ID!) { viewer { tenant } profile(id: $id) { id } }", {"id": ada}
        )

    assert response.json()["data"] == {"viewer": {"tenant": tenant}, "profile": None}
    assert response.json()["errors"][0]["path"] == ["profile"]
    incident(response, caplog)


async def test_each_failure_has_an_incident_of_its_own(gateway, tenant, caplog):
    async with with_parts(gateway, profiles=Broken()) as odd:
        service = odd.as_role("service", tenant=tenant)
        numbers = set()
        for _ in range(3):
            caplog.clear()
            response = await service.post('{ profile(id: "x") { id } }')
            numbers.add(incident(response, caplog))

    assert len(numbers) == 3


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_what_fails_before_anything_is_executed_is_a_500_with_an_incident(
    gateway, tenant, caplog, accept
):
    caplog.set_level(logging.DEBUG)
    async with with_parts(gateway, schemas=Schemas(Broken())) as odd:
        token = odd.as_role("agent", tenant=tenant).token

        response = await odd.client.post(
            "/graphql",
            json={"query": "{ viewer { tenant } }"},
            headers={"authorization": f"Bearer {token}", "accept": accept},
        )

    assert response.status_code == 500
    assert response.headers["content-type"] == accept
    assert "data" not in response.json()
    incident(response, caplog)
