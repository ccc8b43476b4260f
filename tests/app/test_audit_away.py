"""Where an access can't be recorded, it isn't given; and what it costs where it is."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import pytest_asyncio
from pymongo import monitoring

from app.store.client import APPLICATION, open_client
from app.store.embedded import EmbeddedServer
from app.store.names import AUDIT, GRANTS, INTERACTIONS, PROFILES
from tests.app.test_store_away import gateway_on, until
from tests.flow.acts import (
    BREAK,
    CONTACTS,
    EMERGENCY,
    REASON,
    REVEAL,
    REVIEW,
    REVIEWS,
    break_glass,
    events,
    refused,
    reveal,
    seen_values,
)
from tests.flow.stored import stored
from tests.support.embedded import QUICK
from tests.support.gateway import TestGateway, a_profile, running_gateway

PHONE = {"channel": "VOICE", "value": "+12025550143"}
KILLS = 2
LOOKED_AT = (PROFILES, INTERACTIONS, GRANTS, AUDIT)


class Commands(monitoring.CommandListener):
    """What a database is asked, by command and collection, while it is recorded."""

    database = "audit_away"

    def __init__(self) -> None:
        self.order: list[str] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        name = event.command.get(event.command_name)
        if self.order is not None and event.database_name == self.database and name in LOOKED_AT:
            self.order.append(f"{event.command_name} {name}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    @contextmanager
    def recorded(self) -> Iterator[list[str]]:
        """The commands in their order."""
        self.order = order = []
        try:
            yield order
        finally:
            self.order = None


COMMANDS = Commands()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(document_server, tmp_path_factory) -> AsyncIterator[TestGateway]:
    """A gateway whose store commands are counted, with a database of its own."""
    monitoring.register(COMMANDS)
    path = tmp_path_factory.mktemp("audit")
    async with running_gateway(document_server.uri, path, database=COMMANDS.database) as running:
        yield running


@pytest.fixture
async def ada(watched, tenant):
    """The id of a customer with a phone."""
    return await a_profile(watched.as_role("service", tenant=tenant), identities=[PHONE])


@pytest.fixture
def agent(watched, tenant):
    return watched.as_role("agent", tenant=tenant, subject="grace")


@pytest.fixture
def officer(watched, tenant):
    return watched.as_role("privacy_officer", tenant=tenant, subject="olga")


@asynccontextmanager
async def nothing_inserted(uri: str) -> AsyncIterator[None]:
    """A store that reads, and refuses every insert."""
    point = {"configureFailPoint": "failCommand"}
    data = {"failCommands": ["insert"], "errorCode": 112, "appName": APPLICATION}
    async with open_client(uri, 10) as client:
        await client.admin.command({**point, "mode": "alwaysOn", "data": data})
        try:
            yield
        finally:
            await client.admin.command({**point, "mode": "off"})


async def test_what_can_not_be_recorded_is_not_revealed_and_not_even_read(
    document_server, agent, ada
):
    async with nothing_inserted(document_server.uri):
        with COMMANDS.recorded() as order:
            codes = await refused(agent, ada, "identities.value")
    after = await reveal(agent, ada, "identities.value")

    assert codes == ["AUDIT_UNAVAILABLE"]
    assert order[-1] == f"insert {AUDIT}"
    assert after["value"] == [PHONE["value"]]


async def test_a_refusal_that_can_not_be_recorded_is_no_answer_either(
    document_server, watched, tenant, ada
):
    supervisor = watched.as_role("supervisor", tenant=tenant)
    async with nothing_inserted(document_server.uri):
        codes = await refused(supervisor, ada, "identities.value")

    assert codes == ["AUDIT_UNAVAILABLE"]


async def test_a_glass_that_can_not_be_recorded_stays_whole(
    document_server, watched, tenant, agent, ada
):
    given = {"input": {"profileId": ada, "reason": EMERGENCY}}
    async with nothing_inserted(document_server.uri):
        codes = await agent.codes(BREAK, given)

    assert codes == ["AUDIT_UNAVAILABLE"]
    assert await seen_values(agent, ada) == ["•••• 0143"]
    assert {AUDIT, GRANTS} & (await stored(watched, tenant)).keys() == set()


async def test_what_an_emergency_would_show_stays_away_while_it_can_not_be_marked(
    document_server, agent, officer, ada
):
    await break_glass(agent, ada)
    async with nothing_inserted(document_server.uri):
        answer = await agent.ask(CONTACTS, {"id": ada})

    assert answer["data"] == {"profile": None}
    assert [one["extensions"]["code"] for one in answer["errors"]] == ["AUDIT_UNAVAILABLE"]
    assert [one["action"] for one in await events(officer)] == ["BREAK_GLASS"]
    assert await seen_values(agent, ada) == [PHONE["value"]]


async def test_a_review_that_can_not_be_recorded_has_not_taken_place(
    document_server, agent, officer, ada
):
    grant = await break_glass(agent, ada)
    given = {"input": {"id": grant["id"], "verdict": "UNJUSTIFIED", "note": "no"}}
    async with nothing_inserted(document_server.uri):
        codes = await officer.codes(REVIEW, given)

    assert codes == ["AUDIT_UNAVAILABLE"]
    assert (await officer.data(REVIEWS))["breakGlassReviews"]["totalCount"] == 1
    assert await seen_values(agent, ada) == [PHONE["value"]]


async def test_the_event_is_in_the_store_before_the_value_is_read(agent, ada):
    with COMMANDS.recorded() as order:
        await reveal(agent, ada, "identities.value")

    assert Counter(order[:-2]) == {
        f"find {PROFILES}": 1,
        f"find {INTERACTIONS}": 1,
        f"find {GRANTS}": 1,
    }
    assert order[-2:] == [f"insert {AUDIT}", f"find {PROFILES}"]


@pytest.mark.parametrize(
    ("role", "looked_up"),
    [
        ("agent", {f"find {INTERACTIONS}": 1, f"find {GRANTS}": 1}),
        ("supervisor", {}),
        ("privacy_officer", {}),
        ("service", {}),
    ],
)
async def test_who_has_broken_no_glass_costs_one_look_for_each_way_that_would_give_more(
    watched, tenant, ada, role, looked_up
):
    caller = watched.as_role(role, tenant=tenant)

    with COMMANDS.recorded() as order:
        await caller.data(CONTACTS, {"id": ada})

    assert Counter(order) == {f"find {PROFILES}": 1, **looked_up}


async def test_an_emergency_costs_one_more_read_and_one_event_a_customer(agent, ada):
    await break_glass(agent, ada)

    with COMMANDS.recorded() as order:
        await seen_values(agent, ada)

    assert Counter(order) == {
        f"find {INTERACTIONS}": 1,
        f"find {GRANTS}": 1,
        f"find {PROFILES}": 2,
        f"insert {AUDIT}": 1,
    }


async def test_sixteen_reveals_at_once_are_sixteen_events_of_one_writer(
    watched, agent, officer, ada, tenant
):
    await asyncio.gather(*(reveal(agent, ada, "identities.value") for _ in range(16)))

    told = [one["id"] for one in await events(officer)]
    kept = await watched.gateway.database[AUDIT].find({"tenant": tenant}).to_list()
    ids = [one["_id"].split("/")[1:] for one in kept]
    assert sorted(told) == sorted(one["id"] for one in kept)
    assert {writer for writer, _ in ids} == {ids[0][0]}
    assert sorted(int(number) for _, number in ids) == list(range(1, 17))


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_every_value_that_was_given_is_recorded_although_the_store_was_killed(
    tmp_path, tenant
):
    async with (
        EmbeddedServer(tmp_path / "store", timing=QUICK) as server,
        gateway_on(server.uri, tmp_path / "keys") as gateway,
    ):
        agent = gateway.as_role("agent", tenant=tenant, subject="grace")
        service = gateway.as_role("service", tenant=tenant)
        ada = await a_profile(service, identities=[PHONE])
        told: list[dict] = []
        is_over = asyncio.Event()
        revealing = [asyncio.create_task(reveal_until(is_over, agent, ada, told)) for _ in range(4)]
        for _ in range(KILLS):
            wanted = given(told) + 10
            await until(lambda wanted=wanted: given(told) >= wanted)
            killed = server.pid
            os.kill(killed, signal.SIGKILL)
            await until(lambda killed=killed: server.pid not in {None, killed})
        wanted = given(told) + 10
        await until(lambda: given(told) >= wanted)
        is_over.set()
        await asyncio.gather(*revealing)
        kept = {one["id"] async for one in gateway.gateway.database[AUDIT].find({}, {"id": 1})}

    acknowledged = {one["auditId"] for one in told if "auditId" in one}
    refusals = {one["code"] for one in told if "code" in one}
    assert acknowledged <= kept
    assert refusals <= {"AUDIT_UNAVAILABLE", "STORE_UNAVAILABLE"}


async def reveal_until(is_over, caller, profile, told):
    """Reveal again and again until it is over, and keep what was answered."""
    asked = {"profileId": profile, "field": "identities.value", "reason": REASON}
    while not is_over.is_set():
        answer = await caller.ask(REVEAL, {"input": asked})
        if answer.get("data"):
            told.append(answer["data"]["revealField"])
        else:
            told.append({"code": answer["errors"][0]["extensions"]["code"]})
            await asyncio.sleep(0.05)


def given(told):
    """How many values were given."""
    return sum("auditId" in one for one in told)
