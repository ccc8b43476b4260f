"""Recording interactions while the store is killed and comes back."""

import asyncio
import gc
import os
import signal
from collections.abc import Iterator

import pytest

from app.store.embedded import EmbeddedServer
from tests.app.test_store_away import gateway_on, until
from tests.flow.documents import RECORD
from tests.support.embedded import QUICK
from tests.support.gateway import Caller, a_profile

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

AT_ONCE = 16
CALLS = 8
TIMELINE = """
query ($id: ID!) {
  profile(id: $id) { timeline(first: 100) { totalCount edges { node { id externalId } } } }
}
"""


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Have forgotten sockets collected where their warning is ignored."""
    yield
    gc.collect()


async def recorded(caller: Caller, ada: str, number: int) -> str | None:
    """The id that was answered; None where the store was away."""
    given = {"profileId": ada, "kind": "CALL", "externalId": f"c{number}", "outcome": "resolved"}
    answer = await caller.ask(RECORD, {"input": given})
    if "errors" in answer:
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["STORE_UNAVAILABLE"]
        return None
    return answer["data"]["recordInteraction"]["interaction"]["id"]


@pytest.mark.timeout(120)
async def test_each_interaction_is_there_once_although_the_store_is_killed_meanwhile(
    tmp_path, tenant
):
    async with (
        EmbeddedServer(tmp_path / "store", timing=QUICK) as server,
        gateway_on(server.uri, tmp_path / "keys") as gateway,
    ):
        caller = gateway.as_role("service", tenant=tenant)
        ada = await a_profile(caller)
        told: dict[int, set[str]] = {number: set() for number in range(CALLS)}

        async def tell(number: int) -> None:
            id_ = await recorded(caller, ada, number)
            told[number] |= {id_} - {None}

        for number in range(CALLS):
            calls = [asyncio.create_task(tell(number)) for _ in range(AT_ONCE)]
            if number % 3 == 1:
                await asyncio.sleep(0.03 * number)
                killed = server.pid
                os.kill(killed, signal.SIGKILL)
                await until(lambda killed=killed: server.pid not in {None, killed})
            await asyncio.gather(*calls)
        for number in range(CALLS):  # whoever got no answer tells it again
            again = await until(lambda number=number: recorded(caller, ada, number))
            told[number].add(again)

        timeline = (await caller.data(TIMELINE, {"id": ada}))["profile"]["timeline"]

    found = {edge["node"]["externalId"]: edge["node"]["id"] for edge in timeline["edges"]}
    assert timeline["totalCount"] == len(timeline["edges"]) == CALLS
    assert told == {number: {found[f"c{number}"]} for number in range(CALLS)}
