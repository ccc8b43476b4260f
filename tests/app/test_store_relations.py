"""What links an agent to customers, as the store finds it."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest_asyncio
from pymongo import AsyncMongoClient

from app.store.grants import MongoGrants
from app.store.indexes import create_indexes
from app.store.relations import MongoRelations
from graph.model.break_glass import BreakGlassGrant
from graph.model.ids import new_id
from graph.model.interaction import Interaction, InteractionKind
from policies.plan import Scope
from policies.standing import Relation
from tests.support.sealing import a_sealing
from tests.support.timelines import keep_timeline

HERE, ELSEWHERE = Scope("acme"), Scope("acm")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=12)
BOTH = frozenset({Relation.CONVERSATION, Relation.BREAK_GLASS})


@pytest_asyncio.fixture(loop_scope="session")
async def relations(document_server):
    """Anna talks to Ada, and has broken the glass for Bob, for another minute."""
    async with AsyncMongoClient(document_server.uri, tz_aware=True) as client:
        database = client[f"relations-{secrets.token_hex(4)}"]
        await create_indexes(database)
        talk = Interaction(
            id=new_id(),
            owner="ADA",
            kind=InteractionKind.CALL,
            started_at=LONG_AGO,
            agent="anna",
            is_vouched=True,
        )
        await keep_timeline(database, a_sealing(database), HERE.tenant, "ADA", [talk])
        grant = BreakGlassGrant(
            id=new_id(),
            profile_id="BOB",
            at=NOW,
            until=NOW + timedelta(minutes=1),
            by="anna",
            reason="he was brought in unconscious",
        )
        await MongoGrants(database).open(grant, HERE)
        yield MongoRelations(database)


async def related(relations, subject="anna", scope=HERE, wanted=BOTH, since=LONG_AGO, now=NOW):
    return await relations.related(subject, scope, wanted, since=since, now=now)


async def test_a_talk_and_an_emergency_link_whose_they_are(relations):
    assert await related(relations) == {
        "ADA": Relation.CONVERSATION,
        "BOB": Relation.BREAK_GLASS,
    }


async def test_they_link_nobody_else_and_nobody_of_another_tenant(relations):
    assert await related(relations, subject="ann") == {}
    assert await related(relations, scope=ELSEWHERE) == {}


async def test_what_is_not_wanted_links_nobody(relations):
    assert await related(relations, wanted=frozenset({Relation.BREAK_GLASS})) == {
        "BOB": Relation.BREAK_GLASS
    }
    assert await related(relations, wanted=frozenset()) == {}


async def test_a_talk_links_until_it_is_too_old_and_an_emergency_until_it_ends(relations):
    a_moment = timedelta(milliseconds=1)

    assert await related(relations, since=LONG_AGO + a_moment) == {"BOB": Relation.BREAK_GLASS}
    assert await related(relations, now=NOW + timedelta(minutes=1)) == {
        "ADA": Relation.CONVERSATION
    }
