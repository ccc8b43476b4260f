"""Which media type an answer has, and which status."""

import json

import pytest

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
_FIELD = "FIELD_FORBIDDEN"
_DEFINE = """
mutation {
  defineField(input: {key: "a", label: "a", kind: STRING, dataClass: PUBLIC}) { field { key } }
}
"""
GOOD = "{ viewer { tenant } }"


async def sent(caller, query, accept, **more):
    headers = {"authorization": f"Bearer {caller.token}", "accept": accept}
    return await caller.client.post("/graphql", json={"query": query, **more}, headers=headers)


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.9", JSON),
        (f"{GRAPHQL}; charset=utf-8; q=1", GRAPHQL),
        (f"{GRAPHQL};q=x, {JSON};q=0.1", JSON),
        (f"text/html, {GRAPHQL};q=0.1", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
    ],
)
async def test_the_client_chooses_the_media_type(agent, tenant, accept, media_type):
    response = await sent(agent, GOOD, accept)

    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.json() == {"data": {"viewer": {"tenant": tenant}}}


@pytest.mark.parametrize(
    "accept", ["text/html", "text/*", "application/xml", f"{GRAPHQL};q=0", f"{JSON};q=nan", ",;,"]
)
async def test_a_client_that_takes_neither_media_type_is_told_so(agent, accept):
    response = await sent(agent, GOOD, accept)

    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_INPUT"}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{", 400, "BAD_INPUT"),
        ("{ nothing }", 400, "BAD_INPUT"),
        ("query ($a: Int!) { profiles(first: $a) { totalCount } }", 400, "BAD_INPUT"),
        ("{ " + "viewer { tenant } " * 400 + "}", 400, "QUERY_TOO_COMPLEX"),
        ("mutation { createProfile(input: {links: []}) { profile { id } } }", 403, _FIELD),
        (_DEFINE, 403, "FORBIDDEN"),
    ],
)
async def test_what_is_not_executed_has_a_status_of_its_own_in_the_new_media_type_only(
    agent, query, status, code
):
    new = await sent(agent, query, GRAPHQL)
    old = await sent(agent, query, JSON)

    assert (new.status_code, old.status_code) == (status, 200)
    assert "data" not in new.json()
    assert {error["extensions"]["code"] for error in new.json()["errors"]} == {code}
    assert old.json() == new.json()


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_a_missing_second_factor_is_a_401_that_asks_for_it(gateway, tenant, accept):
    supervisor = gateway.as_role("supervisor", tenant=tenant, second_factor=False)

    response = await sent(supervisor, "{ profiles { totalCount } }", accept)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == (
        'Bearer error="insufficient_user_authentication"'
    )
    assert response.json()["errors"][0]["extensions"]["code"] == "STEP_UP_REQUIRED"


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_what_was_executed_is_a_200_even_where_a_field_failed(agent, accept):
    query = '{ viewer { tenant } identify(channel: VOICE, value: "nobody") { outcome } }'

    response = await sent(agent, query, accept)

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["path"] == ["identify"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON ; charset=UTF-8", 200),
        ('application/json; charset="utf-8"', 200),
        ("application/json; charset=utf8", 200),
        ("application/json; charset=iso-8859-1", 415),
        ("application/graphql", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ],
)
async def test_a_request_is_json_in_utf_8(agent, content_type, status):
    headers = {"authorization": f"Bearer {agent.token}", "content-type": content_type}

    response = await agent.client.post(
        "/graphql", content=json.dumps({"query": GOOD}), headers=headers
    )

    assert response.status_code == status


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(agent, method):
    response = await agent.client.request(
        method, "/graphql", headers={"authorization": f"Bearer {agent.token}"}
    )

    assert response.status_code == 405
    assert sorted(response.headers["allow"].split(", ")) == ["GET", "HEAD", "POST"]


async def test_a_client_that_hangs_up_in_the_middle_of_its_body_ends_its_request(gateway, agent):
    sent_back = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {agent.token}".encode()),
            (b"content-type", b"application/json"),
        ],
    }
    messages = iter(
        [
            {"type": "http.request", "body": b'{"query": "{ vie', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive():
        return next(messages)

    async def send(message):
        sent_back.append(message)

    await gateway.client._transport.app(scope, receive, send)

    assert [message.get("status") for message in sent_back] == [400, None]
