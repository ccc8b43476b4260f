"""Reviews of emergencies, as the store keeps them: the first one stays."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest_asyncio
from pymongo import AsyncMongoClient

from app.store.grants import MongoGrants
from graph.model.audit import Verdict
from graph.model.break_glass import BreakGlassGrant
from graph.model.ids import new_id
from policies.plan import Scope

HERE, ELSEWHERE = Scope("acme"), Scope("acm")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GRANT = BreakGlassGrant(
    id=new_id(),
    profile_id="BOB",
    at=NOW,
    until=NOW + timedelta(minutes=30),
    by="anna",
    reason="he was brought in unconscious",
)


def reviewed(verdict, by):
    """The grant with the review of somebody."""
    return replace(
        GRANT, verdict=verdict, note="as told", reviewed_by=by, reviewed_at=NOW, review_event=by
    )


@pytest_asyncio.fixture(loop_scope="session")
async def grants(document_server):
    """The store of a tenant in which Anna has broken the glass for Bob."""
    async with AsyncMongoClient(document_server.uri, tz_aware=True) as client:
        found = MongoGrants(client[f"grants-{secrets.token_hex(4)}"])
        await found.open(GRANT, HERE)
        yield found


async def test_of_two_who_review_at_once_the_first_one_is_kept(grants):
    first, second = reviewed(Verdict.UNJUSTIFIED, "rosa"), reviewed(Verdict.JUSTIFIED, "olga")

    kept = [await grants.review(one, HERE) for one in (first, second)]

    assert kept == [True, False]
    assert await grants.find(GRANT.id, HERE) == first


async def test_a_review_that_the_driver_repeats_is_kept_once_and_is_no_conflict(grants):
    own = reviewed(Verdict.JUSTIFIED, "rosa")

    kept = [await grants.review(own, HERE) for _ in range(2)]

    assert kept == [True, True]
    assert await grants.find(GRANT.id, HERE) == own


async def test_a_review_in_another_tenant_changes_nothing(grants):
    assert not await grants.review(reviewed(Verdict.UNJUSTIFIED, "rosa"), ELSEWHERE)

    assert await grants.find(GRANT.id, HERE) == GRANT
