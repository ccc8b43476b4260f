"""Leak 8: however a selection is written and sent, the same is decided about it."""

import hashlib
import json
import random
from dataclasses import replace

import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from app.http.persisted import PersistedDocuments
from app.http.settings import HttpSettings
from graph.execution.limits import Limits
from tests.flow.documents import RECORD
from tests.flow.statements import CONSENT, LABEL
from tests.leaks.trees import Writer, decisions, named, tokens_of, tree_of
from tests.leaks.worlds import a_tenant, leak_test, person, plans, put_in_force
from tests.support.gateway import a_profile, with_settings
from tests.support.listening import listening
from tests.support.sockets import socket_to

REWRITES = 50
SHARE = 0.35
"""Of the fields of a profile."""
# A document has 1,000 at most, and some ways to write one take more than the plainest.
MOST_TOKENS, MOST_PLAIN_TOKENS = 980, 400
MOST_DIRECTIVES = Limits().directives
OTHER = "query Other { viewer { tenant } } "


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def registering(watched):
    """The same gateway; clients may register documents."""
    settings = HttpSettings(automatic_persisted_queries=True)
    documents = PersistedDocuments(settings)
    other = replace(watched, gateway=replace(watched.gateway, documents=documents))
    async with with_settings(other, http=settings) as changed:
        yield changed


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(watched):
    async with listening(watched.gateway) as place:
        yield place


async def sent_otherwise(gateway, place, caller, document, variables):
    """The answers to a document by each other way to send one."""
    headers = {"authorization": f"Bearer {caller.token}", "accept": "application/json"}
    extensions = {"purpose": caller.purpose}
    both = {"query": OTHER + document, "operationName": "Own", "variables": variables}
    digest = hashlib.sha256(document.encode()).hexdigest()
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": digest}, **extensions}
    by_hash = {"variables": variables, "extensions": hashed}
    client = gateway.client
    yield await client.post("/graphql", json={**both, "extensions": extensions}, headers=headers)
    as_get = {"variables": json.dumps(variables), "extensions": json.dumps(extensions)}
    yield await client.get("/graphql", params={"query": document, **as_get}, headers=headers)
    yield await client.post("/graphql", json={**by_hash, "query": document}, headers=headers)
    yield await client.post("/graphql", json=by_hash, headers=headers)
    async with socket_to(place) as socket:
        await socket.sign_in(caller.token)
        asked = {"query": document, "variables": variables, "extensions": extensions}
        await socket.say({"type": "subscribe", "id": "1", "payload": asked})
        told = await socket.hear()
        yield told["payload"] if told["type"] == "next" else {"errors": told["payload"]}


def written(schema, chance, tree, name=""):
    """A document for a selection, written in one of its many ways, that is within the limits."""
    while True:
        document = named(Writer(schema, chance).document(tree, name))
        if tokens_of(document) <= MOST_TOKENS and document.count("@") <= MOST_DIRECTIVES:
            return document


@leak_test(3)
@given(plans(), st.integers(0, 2**32), st.booleans())
async def test_fifty_ways_to_write_a_selection_get_the_same_decisions(
    watched, registering, place, plan, seed, is_linked
):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    ada = await a_profile(service, **person(plan.schema))
    agent = {"agent": "tester"} if is_linked else {}
    told = {"profileId": ada, "kind": "CALL", "subject": "parcel", "summary": "lost"}
    await service.data(RECORD, {"input": {**told, **agent}})
    await service.data(LABEL, {"input": {"profileId": ada, "name": "vip"}})
    await service.data(CONSENT, {"input": {"profileId": ada, "purpose": "x", "status": "GRANTED"}})
    await put_in_force(watched, tenant, plan.matrix)
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    caller, variables = plan.who.caller(watched, tenant), {"id": ada}
    schema = plan.schema.visible(plan.asking).graphql
    whole = tree_of(schema, "Profile")
    tree = {"id": None} | {name: whole[name] for name in whole if chance.random() < SHARE}
    plain = Writer(schema, random.Random(0))  # noqa: S311 - nothing secret
    plain._happens = lambda odds: False  # noqa: ARG005 - the plainest of all ways
    while tokens_of(plain.document(tree)) > MOST_PLAIN_TOKENS:
        tree.popitem()
    wanted = decisions(await caller.ask(named(plain.document(tree)), variables))

    for _ in range(REWRITES):
        document = written(schema, chance, tree)
        answer = await caller.ask(document, variables)
        assert decisions(answer) == wanted, document
    document = written(schema, chance, tree, "Own")
    async for answer in sent_otherwise(registering, place, caller, document, variables):
        told = answer if isinstance(answer, dict) else answer.json()
        assert decisions(told) == wanted
