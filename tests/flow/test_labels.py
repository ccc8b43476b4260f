"""Labels: put there once, found by supervisors, and none is lost."""

import asyncio

import pytest

from tests.flow.statements import LABEL, LABELLED, SAVE, SAVED, UNLABEL
from tests.support.gateway import a_profile


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant, subject="grace")


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


@pytest.fixture
async def ada(service):
    """The id of a customer."""
    return await a_profile(service)


async def test_a_label_is_put_there_once_whatever_its_case(agent, ada):
    first = await agent.data(LABEL, {"input": {"profileId": ada, "name": " VIP "}})
    again = await agent.data(LABEL, {"input": {"profileId": ada, "name": "vip"}})
    gone = await agent.data(UNLABEL, {"input": {"profileId": ada, "name": "Víp"}})
    nothing = await agent.data(UNLABEL, {"input": {"profileId": ada, "name": "vip"}})

    labels = [{"name": "VIP", "origin": "AGENT"}]
    assert first["addLabel"]["profile"] == {"version": 2, "labels": labels}
    assert again == first
    assert gone["removeLabel"]["profile"] == {"version": 3, "labels": []}
    assert nothing == gone


async def test_sixteen_labels_at_the_same_moment_are_all_kept(agent, ada):
    names = [f"label {number:02}" for number in range(16)]

    await asyncio.gather(
        *(agent.data(LABEL, {"input": {"profileId": ada, "name": name}}) for name in names)
    )

    answer = await agent.data(UNLABEL, {"input": {"profileId": ada, "name": "none"}})
    labels = answer["removeLabel"]["profile"]["labels"]
    assert sorted(one["name"] for one in labels) == names
    assert answer["removeLabel"]["profile"]["version"] == 17


async def test_of_sixteen_of_one_version_exactly_one_is_carried_out(agent, ada):
    calls = [{"profileId": ada, "name": f"label {number}", "ifVersion": 1} for number in range(16)]

    codes = await asyncio.gather(*(agent.codes(LABEL, {"input": one}) for one in calls))

    assert sorted(codes) == [[]] + [["VERSION_MISMATCH"]] * 15


async def test_only_who_may_set_internal_things_says_where_a_label_comes_from(service, agent, ada):
    refused = await agent.codes(LABEL, {"input": {"profileId": ada, "name": "a", "origin": "CRM"}})
    done = await service.data(LABEL, {"input": {"profileId": ada, "name": "a", "origin": "CRM"}})

    assert refused == ["FIELD_FORBIDDEN"]
    assert done["addLabel"]["profile"]["labels"] == [{"name": "a", "origin": "CRM"}]


async def test_supervisors_find_customers_by_their_labels_and_agents_do_not(
    gateway, tenant, agent, service, ada
):
    grace = await a_profile(service)
    for profile, name in ((ada, "VIP"), (ada, "new"), (grace, "new")):
        await agent.data(LABEL, {"input": {"profileId": profile, "name": name}})
    supervisor = gateway.as_role("supervisor", tenant=tenant)

    async def found(**labels):
        answer = await supervisor.data(LABELLED, {"where": {"labels": labels}})
        return {edge["node"]["id"] for edge in answer["profiles"]["edges"]}

    await supervisor.data(SAVE, {"input": {"name": "vips", "where": {"labels": {"in": ["vip"]}}}})
    saved = (await supervisor.data(SAVED))["profiles"]["edges"]

    assert await found(contains="vip") == {ada}
    assert await found(contains="New") == {ada, grace}
    assert await found(contains="vi") == set()
    assert await found(**{"in": ["gone", "vip"]}) == {ada}
    assert (await found(exists=True), await found(exists=False)) == ({ada, grace}, set())
    assert [edge["node"]["id"] for edge in saved] == [ada]
    refused = await agent.codes(LABELLED, {"where": {"labels": {"contains": "vip"}}})
    assert refused == ["FIELD_FORBIDDEN"]


async def test_more_labels_than_a_profile_holds_are_refused(agent, ada):
    for number in range(50):
        await agent.data(LABEL, {"input": {"profileId": ada, "name": f"label {number}"}})

    answer = await agent.ask(LABEL, {"input": {"profileId": ada, "name": "one more"}})

    assert answer["errors"][0]["message"] == "A profile has at most 50 labels."
