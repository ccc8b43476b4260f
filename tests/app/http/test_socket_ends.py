"""What becomes of operations that run when a connection ends, or when nobody wants their answer."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from tests.flow.documents import CREATE
from tests.support.listening import listening
from tests.support.sockets import socket_to, subscribe

VIEWER = "{ viewer { tenant } }"
COUNT = "{ profiles { totalCount } }"
ADA = {"input": {"name": {"given": "Ada", "family": "Lovelace"}}}


class Held:
    """Schemas that come when a test lets them."""

    def __init__(self, schemas):
        self._schemas = schemas
        self.asked = asyncio.Event()
        self.free = asyncio.Event()

    async def of(self, tenant):
        self.asked.set()
        await self.free.wait()
        return await self._schemas.of(tenant)


@asynccontextmanager
async def held(gateway):
    """The same gateway, which answers nothing yet, its place, and what holds it."""
    holding = Held(gateway.gateway.schemas)
    async with listening(replace(gateway.gateway, schemas=holding)) as place:
        yield place, holding
        holding.free.set()


async def test_what_runs_at_shutdown_is_answered_and_then_all_are_closed_with_1001(gateway, tenant):
    token = gateway.as_role("service", tenant=tenant).token
    async with AsyncExitStack() as sockets:
        serving = AsyncExitStack()
        holding = Held(gateway.gateway.schemas)
        place = await serving.enter_async_context(
            listening(replace(gateway.gateway, schemas=holding))
        )
        new, idle, busy = [await sockets.enter_async_context(socket_to(place)) for _ in range(3)]
        await idle.sign_in(token)
        await busy.sign_in(token)
        await busy.say(subscribe(CREATE, "a", ADA))
        await asyncio.wait_for(holding.asked.wait(), 5)

        stopping = asyncio.create_task(serving.aclose())
        early = [await socket.closed() for socket in (new, idle)]
        holding.free.set()
        told = [await busy.hear(), await busy.hear()]
        late = await busy.closed()
        await stopping

    assert [item["type"] for item in told] == ["next", "complete"]
    assert "errors" not in told[0]["payload"]
    assert [*early, late] == [(1001, "The gateway stops.")] * 3


async def test_an_answer_that_nobody_wants_is_not_sent_and_its_id_is_free(gateway, tenant):
    token = gateway.as_role("service", tenant=tenant).token
    async with held(gateway) as (place, holding), socket_to(place) as socket:
        await socket.sign_in(token)
        await socket.say(subscribe(VIEWER, "a"))
        await asyncio.wait_for(holding.asked.wait(), 5)
        await socket.say({"type": "complete", "id": "a"}, subscribe(COUNT, "a"), {"type": "ping"})
        pong = await socket.hear()

        holding.free.set()
        told = [await socket.hear(), await socket.hear()]
        await socket.say({"type": "ping"})
        after = await socket.hear()

    assert pong == after == {"type": "pong"}
    assert told[0]["payload"]["data"].keys() == {"profiles"}
    assert told[1] == {"id": "a", "type": "complete"}


@pytest.mark.parametrize("leave", ["close", "abort"])
async def test_a_mutation_whose_client_has_left_is_carried_out_all_the_same(gateway, tenant, leave):
    caller = gateway.as_role("service", tenant=tenant)
    async with held(gateway) as (place, holding):
        async with socket_to(place) as socket:
            await socket.sign_in(caller.token)
            await socket.say(subscribe(CREATE, "a", ADA))
            await asyncio.wait_for(holding.asked.wait(), 5)
            if leave == "abort":
                socket.raw.transport.abort()
        before = await caller.data(COUNT)

    assert before["profiles"]["totalCount"] == 0
    assert (await caller.data(COUNT))["profiles"]["totalCount"] == 1


async def test_a_place_is_taken_until_what_was_begun_has_ended(gateway, tenant):
    token = gateway.as_role("service", tenant=tenant).token
    async with held(gateway) as (place, holding), socket_to(place) as socket:
        await socket.sign_in(token)
        names = [str(number) for number in range(20)]
        await socket.say(*[subscribe(VIEWER, name) for name in names])
        await socket.say(*[{"type": "complete", "id": name} for name in names])

        refused = await socket.ask(VIEWER, "more")
        holding.free.set()
        served = await _until_served(socket)

    assert [error["message"] for error in refused["payload"]] == ["Too many operations at once."]
    assert served == {"data": {"viewer": {"tenant": tenant}}}


async def _until_served(socket):
    for _ in range(50):
        answer = await socket.ask(VIEWER, "more")
        if answer["type"] == "next":
            return answer["payload"]
    return None
