"""Merging profiles while the store is killed and comes back."""

import asyncio
import gc
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from app.store.embedded import EmbeddedServer
from tests.app.test_store_away import gateway_on, until
from tests.flow.documents import phone
from tests.flow.merges import MERGE, history, unmerge, whole
from tests.support.embedded import QUICK
from tests.support.gateway import Caller, a_profile

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

AT_ONCE = 4
PAIRS = 6


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Have forgotten sockets collected where their warning is ignored."""
    yield
    gc.collect()


async def merged(caller: Caller, survivor: str, absorbed: str) -> dict[str, Any] | None:
    """The profile that the answer tells; None where the store was away or somebody was faster."""
    answer = await caller.ask(MERGE, {"input": {"survivorId": survivor, "absorbedId": absorbed}})
    if "errors" in answer:
        [code] = [one["extensions"]["code"] for one in answer["errors"]]
        assert code in {"STORE_UNAVAILABLE", "CONFLICT"}
        return None
    return answer["data"]["mergeProfiles"]["profile"]


async def two(caller: Caller, number: int) -> tuple[str, str]:
    """Two profiles, each with a number of its own."""
    one, other = [
        await a_profile(caller, identities=[phone(f"+120255502{number}{side}")]) for side in (1, 2)
    ]
    return one, other


@pytest.mark.timeout(120)
async def test_a_merge_that_is_told_again_is_done_once_although_the_store_is_killed_meanwhile(
    tmp_path, tenant
):
    async with (
        EmbeddedServer(tmp_path / "store", timing=QUICK) as server,
        gateway_on(server.uri, tmp_path / "keys") as gateway,
    ):
        caller = gateway.as_role("service", tenant=tenant)
        pairs = [await two(caller, number) for number in range(PAIRS)]
        before = [[await whole(caller, one) for one in pair] for pair in pairs]

        for number, pair in enumerate(pairs):
            calls = [asyncio.create_task(merged(caller, *pair)) for _ in range(AT_ONCE)]
            if number % 2:
                await asyncio.sleep(0.015 * number)
                killed = server.pid
                os.kill(killed, signal.SIGKILL)
                await until(lambda killed=killed: server.pid not in {None, killed})
            await asyncio.gather(*calls)
        for survivor, absorbed in pairs:  # whoever got no answer tells it again
            profile = await until(lambda pair=(survivor, absorbed): merged(caller, *pair))
            assert (profile["id"], profile["formerIds"]) == (survivor, [absorbed])
            assert await merges_in(caller, survivor) == {(survivor, absorbed), (absorbed, survivor)}
            assert len(profile["identities"]) == len(pairs[0])
        for _, absorbed in pairs:
            await unmerge(caller, absorbed)
        after = [[await whole(caller, one) for one in pair] for pair in pairs]

    assert after == before


async def merges_in(caller: Caller, id_: str) -> set[tuple[str, str]]:
    """Whose history tells of a merge with whom; each once."""
    entries = await history(caller, id_, first=50)
    told = [(one["profileId"], one["merge"]["otherId"]) for one in entries if one["merge"]]
    assert len(set(told)) == len(told)
    return set(told)
