"""A CRM that knows our profile ids is asked while the store is still reading the profile."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from app.store.client import APPLICATION, open_client

SLOW_MS = 600
ATTEMPTS = 5
QUERY = "query ($id: ID!) { profile(id: $id) { name { full } custom { tier nickname } } }"
EXPECTED = {"name": {"full": "Ada Lovelace"}, "custom": {"tier": "gold", "nickname": "Nick 0"}}


@pytest.fixture
def slow_store(document_server):
    """Makes each `find` of the gateway wait at the document server."""

    @asynccontextmanager
    async def slow(milliseconds):
        async with open_client(document_server.uri, 5) as client:
            await fail_point(client, "alwaysOn", milliseconds)
            try:
                yield
            finally:
                await fail_point(client, "off", 0)

    return slow


async def test_a_slow_store_and_a_slow_crm_take_as_long_as_the_slower_of_the_two(
    by_profile, slow_store
):
    [customer] = await by_profile.customers({"loyalty": "gold"})
    await by_profile.crm.misbehave(latency_ms=SLOW_MS)

    took_s = [await timed(by_profile, customer, slow_store) for _ in range(ATTEMPTS)]

    # A look at the customer schema is a `find` of its own, and on a busy machine it may fall due.
    assert SLOW_MS / 1000 <= min(took_s) < 1.0


async def test_the_crm_is_asked_before_the_store_has_answered(by_profile, slow_store):
    [customer] = await by_profile.customers({"loyalty": "gold"})
    agent = by_profile.caller("agent")
    await agent.data(QUERY, {"id": customer})
    await by_profile.crm.forget()

    async with slow_store(2_000):
        asking = asyncio.create_task(agent.ask(QUERY, {"id": customer}))
        async with asyncio.timeout(10):
            while not await by_profile.crm.calls():
                assert not asking.done()
        asked_at = time.monotonic()
        answer = await asking
    waited_s = time.monotonic() - asked_at

    # The store alone took two seconds; most of them passed after the CRM had been asked.
    assert answer["data"] == {"profile": EXPECTED}
    assert waited_s > 1.0
    assert await by_profile.crm.calls() == 1


async def test_a_crm_that_knows_only_links_is_asked_when_the_store_has_answered(
    by_link, slow_store
):
    [customer] = await by_link.customers({"loyalty": "gold"})
    agent = by_link.caller("agent")
    await agent.data(QUERY, {"id": customer})
    await by_link.crm.forget()

    async with slow_store(SLOW_MS / 2):
        began = time.monotonic()
        asking = asyncio.create_task(agent.ask(QUERY, {"id": customer}))
        async with asyncio.timeout(10):
            while not await by_link.crm.calls():
                pass
        asked_after_s = time.monotonic() - began
        answer = await asking

    assert answer["data"] == {"profile": EXPECTED}
    assert asked_after_s >= SLOW_MS / 2000
    assert await by_link.crm.calls() == 1


async def timed(shop, customer, slow_store):
    """The seconds one answer takes while the store is slow."""
    agent = shop.caller("agent")
    await agent.data("query { customerSchema { revision } }")
    async with slow_store(SLOW_MS):
        began = time.monotonic()
        data = await agent.data(QUERY, {"id": customer})
        took_s = time.monotonic() - began
    assert data == {"profile": EXPECTED}
    return took_s


async def fail_point(client, mode, milliseconds):
    data = {
        "failCommands": ["find"],
        "appName": APPLICATION,
        "blockConnection": True,
        "blockTimeMS": milliseconds,
    }
    await client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})
