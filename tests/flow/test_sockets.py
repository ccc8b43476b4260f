"""Operations over WS /graphql, by graphql-transport-ws."""

from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from app.auth.development import DevelopmentIssuer, development_issuer
from graph.errors import ErrorCode
from tests.flow.documents import CREATE
from tests.support.gateway import a_profile, define
from tests.support.listening import listening
from tests.support.node import run_script
from tests.support.sockets import init, socket_to, subscribe

VIEWER = "{ viewer { tenant } }"
WHO = "query ($id: ID!) { profile(id: $id) { name { full } birthDate identities { value } } }"
ADA = {
    "name": {"given": "Ada", "family": "Lovelace"},
    "birthDate": "1960-03-15",
    "identities": [{"channel": "EMAIL", "value": "ada@example.org"}],
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(gateway):
    async with listening(gateway.gateway) as place:
        yield place


@asynccontextmanager
async def signed_in(gateway, place, *roles, tenant, **how):
    async with socket_to(place) as socket:
        await socket.sign_in(gateway.as_role(*roles, tenant=tenant, **how).token)
        yield socket


async def test_a_query_is_answered_and_completed(gateway, place, tenant):
    async with signed_in(gateway, place, "agent", tenant=tenant) as socket:
        answer = await socket.ask(VIEWER, "a")

    data = {"data": {"viewer": {"tenant": tenant}}}
    assert answer == {"id": "a", "type": "next", "payload": data}


async def test_a_mutation_is_carried_out_and_seen_over_http(gateway, place, tenant):
    async with signed_in(gateway, place, "service", tenant=tenant) as socket:
        answer = await socket.ask(CREATE, variables={"input": ADA})

    made = answer["payload"]["data"]["createProfile"]["profile"]["id"]
    service = gateway.as_role("service", tenant=tenant)
    found = await service.data(
        "query ($id: ID!) { profile(id: $id) { name { full } } }", {"id": made}
    )
    assert found["profile"] == {"name": {"full": "Ada Lovelace"}}


@pytest.mark.parametrize("role", ["supervisor", "agent", "partner", "nobody"])
async def test_every_role_is_answered_as_over_http(gateway, place, tenant, role):
    ada = await a_profile(gateway.as_role("service", tenant=tenant), **ADA)

    async with signed_in(gateway, place, role, tenant=tenant) as socket:
        answer = await socket.ask(WHO, variables={"id": ada})

    over_http = await gateway.as_role(role, tenant=tenant).ask(WHO, {"id": ada})
    told = answer["payload"] if answer["type"] == "next" else {"errors": answer["payload"]}
    assert told == over_http


async def test_the_token_may_come_with_the_upgrade(gateway, place, tenant):
    token = gateway.as_role("agent", tenant=tenant).token
    headers = {"authorization": f"Bearer {token}"}

    async with socket_to(place, additional_headers=headers) as socket:
        await socket.say({"type": "connection_init"})
        acknowledged = await socket.hear()
        answer = await socket.ask(VIEWER)

    assert acknowledged == {"type": "connection_ack"}
    assert answer["payload"]["data"] == {"viewer": {"tenant": tenant}}


async def test_the_token_of_connection_init_counts_before_that_of_the_upgrade(
    gateway, place, tenant
):
    headers = {"authorization": f"Bearer {gateway.as_role('agent', tenant='other').token}"}

    async with socket_to(place, additional_headers=headers) as socket:
        await socket.sign_in(gateway.as_role("agent", tenant=tenant).token)
        answer = await socket.ask(VIEWER)

    assert answer["payload"]["data"] == {"viewer": {"tenant": tenant}}


async def test_a_ping_gets_a_pong_before_and_after_the_acknowledgement(gateway, place, tenant):
    async with socket_to(place) as socket:
        await socket.say({"type": "ping", "payload": {"x": 1}}, {"type": "pong"})
        before = await socket.hear()
        await socket.sign_in(gateway.as_role("agent", tenant=tenant).token)
        await socket.say({"type": "ping"})
        after = await socket.hear()

    assert (before, after) == ({"type": "pong"}, {"type": "pong"})


async def test_what_cannot_be_executed_is_an_error_and_the_connection_goes_on(
    gateway, place, tenant
):
    async with signed_in(gateway, place, "agent", tenant=tenant) as socket:
        wrong = [
            await socket.ask(query, "a")
            for query in ("{ nothing }", "{", "subscription { profileChanged }", "", "{ viewer }")
        ]
        answer = await socket.ask(VIEWER, "a")

    assert [error["type"] for error in wrong] == ["error"] * 5
    codes = {item["extensions"]["code"] for error in wrong for item in error["payload"]}
    assert codes == {ErrorCode.BAD_INPUT.value}
    assert answer["type"] == "next"


async def test_many_operations_at_once_are_each_answered_once(gateway, place, tenant):
    ids = [f"n{number}" for number in range(20)]
    async with signed_in(gateway, place, "agent", tenant=tenant) as socket:
        await socket.say(*[subscribe(VIEWER, name) for name in ids])
        heard = [await socket.hear() for _ in range(40)]

    for kind in ("next", "complete"):
        assert sorted(item["id"] for item in heard if item["type"] == kind) == sorted(ids)


async def test_an_id_is_free_again_when_its_operation_is_complete(gateway, place, tenant):
    async with signed_in(gateway, place, "agent", tenant=tenant) as socket:
        answers = [await socket.ask(VIEWER, "same") for _ in range(5)]

    assert [answer["type"] for answer in answers] == ["next"] * 5


async def test_completing_what_does_not_run_is_no_matter(gateway, place, tenant):
    async with signed_in(gateway, place, "agent", tenant=tenant) as socket:
        await socket.say({"type": "complete", "id": "never"})
        answer = await socket.ask(VIEWER)

    assert answer["type"] == "next"


async def test_an_open_connection_sees_a_changed_customer_schema_at_once(gateway, place, tenant):
    admin = gateway.as_role("admin", tenant=tenant)
    document = "query { profiles { edges { node { custom { tier } } } } }"
    field = {
        "key": "tier",
        "kind": "STRING",
        "dataClass": "BEHAVIOURAL",
        "source": {"kind": "LOCAL"},
    }

    async with signed_in(gateway, place, "agent", tenant=tenant) as socket:
        before = await socket.ask(document, "a")
        await define(admin, [field])
        defined = await socket.ask(document, "b")
        retire = 'mutation { retireField(input: {key: "tier"}) { customerSchema { revision } } }'
        await admin.data(retire)
        retired = await socket.ask(document, "c")

    assert [answer["type"] for answer in (before, defined, retired)] == ["error", "next", "error"]


async def test_a_token_that_ends_meanwhile_closes_the_connection_with_4401(gateway, place, tenant):
    issuer = development_issuer(gateway.gateway.settings)
    token = issuer.token(["agent"], tenant, lifetime_s=2)

    async with socket_to(place) as socket:
        await socket.sign_in(token)
        answer = await socket.ask(VIEWER)
        closed = await socket.closed()

    assert answer["type"] == "next"
    assert closed == (4401, "The token has expired.")


async def test_a_refused_init_names_the_rule(place):
    async with socket_to(place) as socket:
        await socket.say(init("a.b.c"))
        closed = await socket.closed()

    assert closed == (4401, "A part of the bearer token isn't strict JSON.")


async def test_graphql_ws_is_served_by_a_gateway_process(gateway_process):
    issuer = DevelopmentIssuer.load_or_create(gateway_process.data)
    environment = {
        "SOCKET_URL": gateway_process.url.replace("http", "ws", 1) + "/graphql",
        "SOCKET_TOKEN": gateway_process.token("service"),
        "SOCKET_SHORT_TOKEN": issuer.token(["service"], "demo", lifetime_s=2),
    }

    told = await run_script("socket.mjs", environment)

    viewer = [{"data": {"viewer": {"tenant": "demo"}}}]
    created = {"createProfile": {"profile": {"name": {"full": "Ada Lovelace"}}}}
    assert told == {
        "query": viewer,
        "mutation": [{"data": created}],
        "wrong": ["BAD_INPUT"],
        "subscription": ["BAD_INPUT"],
        "atOnce": 15,
        "refused": 4401,
        "ended": {"code": 4401, "reason": "The token has expired."},
        "again": viewer,
    }
