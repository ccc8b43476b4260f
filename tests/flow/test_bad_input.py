"""What clients send by mistake or malice: a clear refusal, nothing written, nothing repeated."""

import gzip
import json
import logging

import pytest

from tests.support.gateway import Caller

CANARY = "CANARY-4711"


def create(**input: object) -> bytes:
    """The body of a createProfile."""
    query = (
        "mutation ($input: CreateProfileInput!) { createProfile(input: $input) { profile { id } } }"
    )
    return json.dumps({"query": query, "variables": {"input": input}}).encode()


def asked(query: str, **more: object) -> bytes:
    """The body of a document."""
    return json.dumps({"query": query, **more}).encode()


def billion_laughs(depth: int = 12) -> str:
    fragments = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(depth)]
    return (
        f"{{ ...f0 }} {' '.join(fragments)} fragment f{depth} on Query {{ viewer {{ subject }} }}"
    )


BODIES = {
    "nothing": b"",
    "malformed JSON": b'{"query": "' + CANARY.encode(),
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "a number": b"5",
    "null": b"null",
    "a list": b"[" + asked("{ viewer { subject } }") + b"]",
    "no query": b"{}",
    "query null": b'{"query": null}',
    "query a number": b'{"query": 5}',
    "query an object": json.dumps({"query": {"a": CANARY}}).encode(),
    "variables text": asked("{ viewer { subject } }", variables=CANARY),
    "variables a list": asked("{ viewer { subject } }", variables=[CANARY]),
    "operationName a number": asked("{ viewer { subject } }", operationName=5),
    "operationName unknown": asked("query A { viewer { subject } }", operationName=CANARY),
    "extensions text": asked("{ viewer { subject } }", extensions=CANARY),
    "unknown entries": asked("{ viewer { subject } }", **{CANARY: 1}),
    "an empty document": asked(""),
    "only a fragment": asked("fragment f on Viewer { subject }"),
    "syntax": asked('{ viewer { subject } "' + CANARY),
    "an unknown field": asked("{ viewer { password } }"),
    "an unknown argument": asked(f'{{ profile(id: "x", as: "{CANARY}") {{ id }} }}'),
    "an enum that isn't": asked(f'{{ identify(channel: "{CANARY}", value: "x") {{ outcome }} }}'),
    "a literal of the wrong type": asked(f'{{ profiles(first: "{CANARY}") {{ totalCount }} }}'),
    "a variable of the wrong type": asked(
        "query ($n: Int) { profiles(first: $n) { totalCount } }", variables={"n": CANARY}
    ),
    "a missing variable": asked("query ($id: ID!) { profile(id: $id) { id } }"),
    "a number of 10^5 digits": asked("query ($n: Int) { profiles(first: $n) { totalCount } }")[:-1]
    + b', "variables": {"n": '
    + b"9" * 99_000
    + b"}}",
    "200,000 deep": b'{"query": "{ a }", "variables": ' + b"[" * 49_000 + b"]" * 49_000 + b"}",
    "NaN": b'{"query": "{ viewer { subject } }", "variables": {"n": NaN}}',
    "a lone surrogate": b'{"query": "{ viewer { subject } }", "variables": {"n": "\\ud800"}}',
    "5,000 aliases": asked("{ " + " ".join(f"a{n}: __typename" for n in range(5000)) + " }"),
    "deep nesting": asked("{ viewer " * 300),
    "a billion laughs": asked(billion_laughs()),
    "a fragment cycle": asked("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"),
    "a subscription": asked("subscription { profileChanged { id } }"),
    "two operations, none named": asked("query A { viewer { subject } } query B { __typename }"),
    "a phone that isn't": create(identities=[{"channel": "VOICE", "value": CANARY}]),
    "a phone too short": create(identities=[{"channel": "SMS", "value": "+1202"}]),
    "an e-mail that isn't": create(identities=[{"channel": "EMAIL", "value": CANARY}]),
    "an e-mail with blanks": create(identities=[{"channel": "EMAIL", "value": "a b@x.org"}]),
    "an empty handle": create(identities=[{"channel": "X", "value": "   "}]),
    "a handle with NUL": create(identities=[{"channel": "X", "value": f"a\0{CANARY}"}]),
    "a huge handle": create(identities=[{"channel": "X", "value": CANARY * 100}]),
    "a channel that isn't": create(identities=[{"channel": CANARY, "value": "x"}]),
    "a date that isn't": create(birthDate=CANARY),
    "a date that never was": create(birthDate="1985-02-30"),
    "a birth in the future": create(birthDate="2985-02-03"),
    "a language that isn't": create(language=f"{CANARY}!"),
    "a name with NUL": create(name={"given": f"a\0{CANARY}"}),
    "a huge name": create(name={"given": CANARY * 100}),
    "a field that isn't": create(**{CANARY: 1}),
    "a custom field that isn't": create(custom={CANARY: 1}),
    "custom an operator": create(custom={"$set": CANARY}),
    "custom a list": create(custom=[CANARY]),
    "an object for text": create(gender={"$gt": CANARY}),
    "a cursor that isn't": asked(f'{{ profiles(after: "{CANARY}") {{ totalCount }} }}'),
    "a page too large": asked("{ profiles(first: 101) { totalCount } }"),
    "a page too small": asked("{ profiles(first: -1) { totalCount } }"),
    "a key that isn't": asked(
        f'{{ profiles {{ edges {{ node {{ fields(keys: ["{CANARY}"]) {{ key }} }} }} }} }}'
    ),
}


async def counted(gateway) -> dict[str, int]:
    """How many documents each collection holds."""
    database = gateway.gateway.database
    names = sorted(await database.list_collection_names())
    return {name: await database[name].count_documents({}) for name in names}


@pytest.fixture
def service(gateway, tenant) -> Caller:
    return gateway.as_role("service", tenant=tenant)


async def posted(caller: Caller, body: bytes, **headers: str):
    return await caller.client.post(
        "/graphql",
        content=body,
        headers={
            "authorization": f"Bearer {caller.token}",
            "content-type": "application/json",
            **headers,
        },
    )


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_bad_request_is_refused_with_a_code_and_writes_nothing(
    gateway, service, caplog, body, accept
):
    caplog.set_level(logging.DEBUG)
    before = await counted(gateway)

    response = await posted(service, body, accept=accept)

    errors = response.json()["errors"]
    assert response.status_code < 500
    assert {error["extensions"]["code"] for error in errors} <= {"BAD_INPUT", "QUERY_TOO_COMPLEX"}
    assert not response.json().get("data")
    assert await counted(gateway) == before
    said = [error["message"] for error in errors]
    known = "operationName unknown", "a field that isn't"  # names, not values, are told
    if body not in [BODIES[name] for name in known]:
        assert CANARY not in "".join(said)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("size", [100_001, 5_000_000])
async def test_a_body_that_is_too_large_is_refused(service, size):
    response = await posted(service, b" " * size)

    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_a_body_without_an_end_is_given_up_at_the_cap(service):
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 10_000

    response = await service.client.post(
        "/graphql",
        content=endless(),
        headers={
            "authorization": f"Bearer {service.token}",
            "content-type": "application/json",
        },
    )

    assert response.status_code == 413
    assert sent <= 12


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
    ],
    ids=str,
)
async def test_what_is_not_plain_json_is_refused_by_its_headers(service, headers):
    body = asked("{ viewer { subject } }")

    sent = gzip.compress(body) if "content-encoding" in headers else body
    response = await posted(service, sent, **headers)

    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        f"Bearer {CANARY}",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        "Bearer " + "a" * 100_000,
    ],
    ids=lambda value: str(value)[:24],
)
async def test_who_does_not_prove_who_they_are_is_told_so(gateway, caplog, authorization):
    caplog.set_level(logging.DEBUG)
    headers = {} if authorization is None else {"authorization": authorization}

    response = await gateway.client.post(
        "/graphql", json={"query": "{ viewer { subject } }"}, headers=headers
    )

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert CANARY not in response.text + caplog.text


async def test_a_forged_token_is_refused(service):
    head, payload, signature = service.token.split(".")
    forged = Caller(service.client, f"{head}.{payload}.{signature[::-1]}")

    response = await forged.post("{ viewer { subject } }")

    assert response.status_code == 401
