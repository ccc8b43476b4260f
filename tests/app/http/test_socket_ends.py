"""What becomes of operations that run when a connection ends, or when nobody wants their answer."""

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from app.auth.errors import KeySetUnavailable
from tests.flow.documents import CREATE
from tests.flow.hostile_sockets import CANARY
from tests.support.listening import listening
from tests.support.sockets import init, socket_to, subscribe

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
        await asyncio.sleep(0.05)
    return None


async def test_a_second_operation_with_an_id_that_runs_is_closed_with_4409(gateway, tenant):
    token = gateway.as_role("agent", tenant=tenant).token
    async with held(gateway) as (place, _), socket_to(place) as socket:
        await socket.sign_in(token)
        await socket.say(subscribe(VIEWER, CANARY), subscribe(VIEWER, CANARY))

        closed = await socket.closed()

    assert closed == (4409, "An operation with this id runs already.")


@pytest.mark.parametrize(
    ("error", "code", "logged"),
    [
        (KeySetUnavailable("The issuer's keys can't be had."), 1013, 0),
        (ValueError(CANARY), 1011, 1),
    ],
)
async def test_a_sign_in_that_fails_by_our_fault_is_told_apart(
    gateway, caplog, error, code, logged
):
    caplog.set_level(logging.INFO)
    failing = replace(gateway.gateway, authenticator=Failing(error))
    async with listening(failing) as place, socket_to(place) as socket:
        await socket.say(init("a.b.c"))
        closed = await socket.closed()

    assert closed[0] == code
    assert [record.name for record in caplog.records] == ["gateway.errors"] * logged
    assert CANARY not in closed[1] + caplog.text


class Failing:
    """An authenticator that can't tell."""

    def __init__(self, error):
        self._error = error

    async def session(self, *_):
        raise self._error
