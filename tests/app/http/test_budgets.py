"""What a request may cost while it runs: time, objects, and the size of its answer."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from app.http.routes import create_app
from app.http.settings import CostSettings, HttpSettings
from graph.errors import LimitExceeded
from graph.execution.limits import Limits, Objects
from tests.support.gateway import Caller, a_profile, running_gateway
from tests.support.listening import listening
from tests.support.sockets import socket_to

NEW = "application/graphql-response+json"


@pytest.fixture
def opened(document_server, tmp_path, tenant):
    """A gateway with settings of HTTP."""

    def gateway(**http):
        return running_gateway(
            document_server.uri, tmp_path / "keys", database=tenant, http=HttpSettings(**http)
        )

    return gateway


class Hanging:
    """Profiles that never come."""

    def __init__(self):
        self.asked = self.cancelled = 0

    def __getattr__(self, name):
        async def method(*_, **__):
            self.asked += 1
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise

        return method


@asynccontextmanager
async def with_profiles(gateway, profiles):
    """The same gateway with other profiles."""
    opened = gateway.gateway
    changed = replace(opened, wiring=replace(opened.wiring, profiles=profiles))
    transport = httpx2.ASGITransport(create_app(changed))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def told(response):
    (error,) = response.json()["errors"]
    assert "data" not in response.json()
    assert error["extensions"].pop("code") == "QUERY_TOO_COMPLEX"
    return error["message"], error["extensions"]


async def test_what_takes_too_long_is_stopped_and_its_work_with_it(opened, tenant):
    hanging = Hanging()
    async with opened(deadline_s=0.3) as gateway, with_profiles(gateway, hanging) as client:
        caller = Caller(client, gateway.as_role("service", tenant=tenant).token)

        response = await caller.post('{ viewer { tenant } profile(id: "a") { id } }')
        await asyncio.sleep(0)

    assert told(response) == (
        "The request exceeds a limit: deadline, 0.3 at most.",
        {"limit": "deadline", "value": 0.3, "measured": 0.3},
    )
    assert (hanging.asked, hanging.cancelled) == (1, 1)


async def test_an_answer_has_no_more_objects_than_it_may(opened, tenant):
    async with opened(limits=CostSettings(objects=40)) as gateway:
        service = gateway.as_role("service", tenant=tenant)
        for _ in range(15):
            await a_profile(service)
        few = await service.data("{ profiles(first: 9) { edges { node { name { full } } } } }")
        many = await service.post("{ profiles(first: 15) { edges { node { name { full } } } } }")

    assert len(few["profiles"]["edges"]) == 9
    message, details = told(many)
    assert message == "The request exceeds a limit: objects, 40 at most."
    assert details["limit"] == "objects"
    assert details["measured"] > 40


def test_objects_are_counted_up_to_the_last_that_may_be():
    objects = Objects(2)
    objects.add()
    objects.add()
    assert not objects.is_exceeded

    with pytest.raises(LimitExceeded):
        objects.add()

    assert objects.is_exceeded


async def test_an_answer_that_is_too_long_is_not_sent(opened, tenant):
    async with opened(max_response_bytes=2_000) as gateway:
        agent = gateway.as_role("agent", tenant=tenant)
        short = await agent.post("{ viewer { tenant } }")
        long = await agent.post("{ __schema { types { name } } }")
        headers = {"authorization": f"Bearer {agent.token}", "accept": NEW}
        by_status = await agent.client.post(
            "/graphql", json={"query": "{ __schema { types { name } } }"}, headers=headers
        )

    assert short.json() == {"data": {"viewer": {"tenant": tenant}}}
    message, details = told(long)
    assert message == "The request exceeds a limit: response bytes, 2000 at most."
    assert details["measured"] > 2_000
    assert by_status.status_code == 400


async def test_over_a_socket_too_an_answer_that_is_too_long_is_not_sent(opened, tenant):
    async with (
        opened(max_response_bytes=2_000) as gateway,
        listening(gateway.gateway) as place,
        socket_to(place) as socket,
    ):
        await socket.sign_in(gateway.as_role("agent", tenant=tenant).token)
        long = await socket.ask("{ __schema { types { name } } }", "a")
        short = await socket.ask("{ viewer { tenant } }", "a")

    (error,) = long["payload"]
    assert (long["type"], error["extensions"]["limit"]) == ("error", "response bytes")
    assert short["payload"] == {"data": {"viewer": {"tenant": tenant}}}


async def test_every_limit_can_be_set(opened, tenant):
    async with opened(limits=CostSettings(aliases=1, tokens=20)) as gateway:
        agent = gateway.as_role("agent", tenant=tenant)
        aliases = await agent.post("{ a: viewer { tenant } b: viewer { tenant } }")
        tokens = await agent.post("{ viewer { tenant } " + "viewer { tenant } " * 9 + "}")

    assert told(aliases)[1] == {"limit": "aliases", "value": 1, "measured": 2}
    assert told(tokens)[1] == {"limit": "tokens", "value": 20, "measured": 21}


def test_the_settings_say_what_the_graph_does():
    assert HttpSettings().request_limits() == Limits()
    assert HttpSettings(deadline_s=7, limits={"depth": 9}).request_limits() == Limits(
        depth=9, deadline_s=7
    )
