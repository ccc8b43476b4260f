"""Many who merge and part the same profiles at once: one after the other, as it were."""

import asyncio
import os
from collections import Counter
from random import Random

import pytest

from tests.flow.documents import phone
from tests.flow.merges import MERGE, UNMERGE, history, whole
from tests.support.gateway import a_profile

# MERGE_ROUNDS=100 takes minutes.
ROUNDS = int(os.environ.get("MERGE_ROUNDS", "4"))
MERGERS = 16
PEOPLE = 6
LABEL = "mutation ($input: AddLabelInput!) { addLabel(input: $input) { profile { id } } }"
LABELS = "query ($id: ID!) { profile(id: $id) { labels { name } } }"


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def standing(gateway, tenant):
    """Checked: every profile is there once, and each absorbed one is part of one other."""
    found = await gateway.gateway.database.profiles.find({"tenant": tenant}).to_list()
    times = Counter(one["id"] for one in found)
    assert set(times.values()) == {1}
    roots = [one for one in found if one["state"] != "MERGED"]
    members = Counter(member["id"] for one in roots for member in one.get("members", ()))
    absorbed = {one["id"] for one in found if one["state"] == "MERGED"}
    assert members == Counter(absorbed)
    return {one["id"] for one in roots}


@pytest.mark.timeout(900)
async def test_sixteen_mergers_lose_nothing_and_put_nobody_into_two_profiles(gateway, tenant):
    chance = Random(20261127)  # noqa: S311 - pairs to merge, no secrets
    refused = Counter()
    for number in range(ROUNDS):
        own = f"{tenant}-{number}"
        caller = gateway.as_role("service", tenant=own)
        ids = [
            await a_profile(caller, identities=[phone(f"+12025550{n:03d}")]) for n in range(PEOPLE)
        ]
        labels = []

        async def merge_two(ids=ids, caller=caller):
            survivor, absorbed = chance.sample(ids, 2)
            given = {"survivorId": survivor, "absorbedId": absorbed}
            answer = await caller.ask(MERGE, {"input": given})
            refused.update(one["extensions"]["code"] for one in answer.get("errors", ()))
            return None if "errors" in answer else (survivor, absorbed)

        async def label(name, ids=ids, caller=caller, labels=labels):
            given = {"profileId": chance.choice(ids), "name": name}
            answer = await caller.ask(LABEL, {"input": given})
            if "errors" not in answer:
                labels.append(name)

        async def part(ids=ids, caller=caller):
            answer = await caller.ask(UNMERGE, {"input": {"absorbedId": chance.choice(ids)}})
            refused.update(one["extensions"]["code"] for one in answer.get("errors", ()))

        done = await asyncio.gather(
            *(merge_two() for _ in range(MERGERS)),
            *(label(f"L{n}") for n in range(4)),
            *(part() for _ in range(number % 2 * 4)),
        )
        roots = await standing(gateway, own)
        profiles = {one: await whole(caller, one) for one in ids}
        assert {one["id"] for one in profiles.values()} == roots
        if number % 2 == 0:  # nobody parted them again
            for pair in filter(None, done):
                assert profiles[pair[0]]["id"] == profiles[pair[1]]["id"]
        shown = [one["value"] for root in roots for one in profiles[root]["identities"]]
        assert sorted(shown) == sorted(f"+12025550{n:03d}" for n in range(PEOPLE))
        named = [
            item["name"]
            for root in roots
            for item in (await caller.data(LABELS, {"id": root}))["profile"]["labels"]
        ]
        assert sorted(named) == sorted(labels)
    assert set(refused) <= {"CONFLICT"}


async def test_of_two_who_merge_into_each_other_one_is_first(gateway, tenant, service):
    ada, other = await a_profile(service), await a_profile(service)
    pairs = [(ada, other), (other, ada)] * 4

    answers = await asyncio.gather(
        *(
            service.ask(MERGE, {"input": {"survivorId": one, "absorbedId": two}})
            for one, two in pairs
        )
    )

    codes = {error["extensions"]["code"] for one in answers for error in one.get("errors", ())}
    assert codes <= {"CONFLICT"}
    assert len(await standing(gateway, tenant)) == 1
    kinds = [entry["kind"] for entry in await history(service, ada)]
    assert kinds == ["MERGED", "MERGED"]  # one merge: an entry of each of the two
