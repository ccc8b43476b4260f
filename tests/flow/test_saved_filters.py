"""Filters that people save for themselves: decided again at each use, and never somebody else's."""

import asyncio

import pytest

from tests.support.gateway import a_profile, define

SAVE = """
mutation ($input: SaveFilterInput!) { saveFilter(input: $input) { savedFilters { name } } }
"""
REMOVE = """
mutation ($input: RemoveFilterInput!) { removeFilter(input: $input) { savedFilters { name } } }
"""
USE = """
query ($name: String, $where: ProfileFilter) {
  profiles(savedFilter: $name, where: $where) { totalCount edges { node { id } } }
}
"""
TIER = {"key": "tier", "kind": "STRING", "dataClass": "PUBLIC", "isSearchable": True}
GOLD = {"or": [{"custom": {"tier": {"equals": "gold"}}}, {"not": {"givenName": {"exists": True}}}]}


@pytest.fixture
def admin(gateway, tenant):
    return gateway.as_role("admin", tenant=tenant)


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant)


async def until_ready(admin):
    """Whether the fields, which are sealed now, are found by again before long."""
    for _ in range(400):
        schema = await admin.data("{ customerSchema { fields { isReady } } }")
        if all(field["isReady"] for field in schema["customerSchema"]["fields"]):
            return True
        await asyncio.sleep(0.05)
    return False


async def used(caller, name, where=None):
    """The ids that a saved filter finds."""
    page = (await caller.data(USE, {"name": name, "where": where}))["profiles"]
    return [edge["node"]["id"] for edge in page["edges"]]


@pytest.fixture
async def people(gateway, tenant, admin):
    """Ada is gold, Bob silver, and one has no name."""
    await define(admin, [TIER])
    service = gateway.as_role("service", tenant=tenant)
    return {
        "ada": await a_profile(service, custom={"tier": "Gold"}),
        "bob": await a_profile(service, name={"given": "Bob"}, custom={"tier": "silver"}),
        "nil": await a_profile(service, name=None),
    }


async def test_a_saved_filter_finds_what_it_found_before(agent, people):
    saved = await agent.data(SAVE, {"input": {"name": " Best ", "where": GOLD}})

    assert saved["saveFilter"]["savedFilters"] == [{"name": "Best"}]
    assert await used(agent, "Best") == [people["ada"], people["nil"]]
    assert await used(agent, "Best", {"givenName": {"equals": "ada"}}) == [people["ada"]]
    assert (await agent.data("{ savedFilters { name } }"))["savedFilters"] == [{"name": "Best"}]


async def test_saving_again_replaces_and_removing_forgets(agent, people):
    for where in (GOLD, {"custom": {"tier": {"startsWith": "si"}}}):
        await agent.data(SAVE, {"input": {"name": "best", "where": where}})

    assert await used(agent, "best") == [people["bob"]]
    removed = await agent.data(REMOVE, {"input": {"name": "best"}})
    assert removed["removeFilter"]["savedFilters"] == []
    assert await agent.codes(USE, {"name": "best"}) == ["NOT_FOUND"]
    assert await agent.codes(REMOVE, {"input": {"name": "best"}}) == ["NOT_FOUND"]


async def test_nobody_else_has_it(gateway, tenant, agent, people):
    await agent.data(SAVE, {"input": {"name": "best", "where": GOLD}})

    for other in (
        gateway.as_role("agent", tenant=tenant, subject="other"),
        gateway.as_role("agent", tenant=f"{tenant}-x"),
    ):
        assert (await other.data("{ savedFilters { name } }"))["savedFilters"] == []
        assert await other.codes(USE, {"name": "best"}) == ["NOT_FOUND"]
    assert people


async def test_it_outlives_a_new_key_and_not_a_field_that_can_not_be_searched_by(
    admin, agent, people
):
    await agent.data(SAVE, {"input": {"name": "best", "where": GOLD}})
    fields = await admin.data("{ customerSchema { fields { id } } }")
    renamed = {**TIER, "id": fields["customerSchema"]["fields"][0]["id"], "key": "level"}

    await define(admin, [renamed])
    found = await used(agent, "best")
    await define(admin, [{**renamed, "isSearchable": False}])

    assert found == [people["ada"], people["nil"]]
    assert await agent.codes(USE, {"name": "best"}) == ["BAD_INPUT"]


async def test_it_is_decided_again_at_each_use(gateway, tenant, admin, agent, people):
    await agent.data(SAVE, {"input": {"name": "best", "where": GOLD}})
    nobody_filters = {**TIER, "dataClass": "FINANCIAL"}

    await define(admin, [nobody_filters])
    assert await until_ready(admin)

    assert await agent.codes(USE, {"name": "best"}) == ["FIELD_FORBIDDEN"]
    reader = gateway.as_role("admin", tenant=tenant)
    named = {"name": "x", "where": {"givenName": {"equals": "ada"}}}
    assert await reader.codes(SAVE, {"input": named}) == ["FIELD_FORBIDDEN"]
    assert people


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 51, "a\nb"], ids=["empty", "blank", "long", "line"]
)
async def test_a_name_that_no_screen_can_show_is_refused(agent, name):
    assert await agent.codes(SAVE, {"input": {"name": name, "where": {}}}) == ["BAD_INPUT"]


async def test_there_are_a_hundred_at_most(agent):
    for number in range(100):
        await agent.data(SAVE, {"input": {"name": f"f{number}", "where": {}}})

    assert await agent.codes(SAVE, {"input": {"name": "more", "where": {}}}) == ["BAD_INPUT"]
    assert await agent.codes(SAVE, {"input": {"name": "f7", "where": {}}}) == []
