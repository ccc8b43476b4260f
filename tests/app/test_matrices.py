"""A tenant's rules as a gateway keeps them: how old they may be, by a clock of the test's own."""

import secrets
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient

from app.matrices import TenantMatrices
from app.store.access_rules import MongoAccessRules
from app.store.indexes import create_indexes
from graph.errors import BadInput
from policies.matrix_file import read_matrix

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RULES = '[roles.agent]\nread = ["PUBLIC"]\n'
SHIPPED = read_matrix()


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture(loop_scope="session")
async def kept(document_server):
    async with AsyncMongoClient(document_server.uri, tz_aware=True) as client:
        database = client[f"matrices-{secrets.token_hex(4)}"]
        await create_indexes(database)
        yield MongoAccessRules(database, lambda: NOW)


def matrices(kept, clock):
    return TenantMatrices(SHIPPED, kept, lambda _: None, clock)


async def test_ones_own_change_is_in_force_before_any_time_has_passed(kept):
    own = matrices(kept, Clock())
    assert await own.of("acme") == SHIPPED

    await own.change("acme", RULES, None, "olga")
    found = await own.of("acme")

    assert found.revision == 1
    assert found.roles["agent"] != SHIPPED.roles["agent"]
    assert await own.of("acm") == SHIPPED


async def test_a_change_by_another_gateway_is_in_force_a_fifth_of_a_second_later(kept):
    clock = Clock()
    own = matrices(kept, clock)
    await own.of("acme")

    await matrices(kept, Clock()).change("acme", RULES, None, "olga")
    clock.now = 0.2

    assert (await own.of("acme")).revision == 1


async def test_what_are_no_rules_changes_nothing(kept):
    own = matrices(kept, Clock())

    with pytest.raises(BadInput):
        await own.change("acme", "[roles.agent]\nread = 3\n", None, "olga")

    assert await own.of("acme") == SHIPPED
    assert (await own.rules("acme")).revision == 0
