"""Operations over WS /graphql, by graphql-transport-ws."""

import asyncio

import pytest_asyncio

from tests.flow.documents import CREATE
from tests.support.gateway import a_profile, define
from tests.support.listening import listening
from tests.support.sockets import init, socket_to, subscribe

VIEWER = "{ viewer { tenant } }"
NAME = "query ($id: ID!) { profile(id: $id) { name { full } birthDate identities { value } } }"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(gateway):
    async with listening(gateway.gateway) as place:
        yield place


async def test_a_query_is_answered_and_completed(gateway, place, tenant):
    token = gateway.as_role("agent", tenant=tenant).token

    async with socket_to(place) as socket:
        await socket.sign_in(token)
        answer = await socket.ask(VIEWER, "a")

    assert answer == {
        "id": "a",
        "type": "next",
        "payload": {"data": {"viewer": {"tenant": tenant}}},
    }


async def test_a_mutation_is_carried_out_and_seen_over_http(gateway, place, tenant):
    service = gateway.as_role("service", tenant=tenant)

    async with socket_to(place) as socket:
        await socket.sign_in(service.token)
        answer = await socket.ask(CREATE, input={"name": {"given": "Ada", "family": "Lovelace"}})

    id = answer["payload"]["data"]["createProfile"]["profile"]["id"]
    found = await service.data(NAME, {"id": id})
    assert found["profile"]["name"] == {"full": "Ada Lovelace"}
