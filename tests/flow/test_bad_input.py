"""What clients send by mistake or malice: a clear refusal, nothing written, nothing repeated."""

import gzip
import logging
import time

import pytest
import pytest_asyncio

from app.auth.development import DevelopmentIssuer
from tests.flow.bad_requests import BODIES, CANARY, asked
from tests.flow.stored import stored
from tests.support.gateway import Caller, a_profile, define, running_gateway


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def target(document_server, tmp_path_factory):
    """A gateway with a store so small that all of it can be compared."""
    path = tmp_path_factory.mktemp("target")
    async with running_gateway(document_server.uri, path, database="target") as running:
        admin = running.as_role("admin", tenant="target")
        await define(admin, [{"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"}])
        await a_profile(running.as_role("service", tenant="target"))
        yield running


@pytest.fixture
def service(target) -> Caller:
    return target.as_role("service", tenant="target")


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


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_bad_request_is_refused_with_a_code_and_writes_nothing(
    target, service, caplog, name, accept
):
    caplog.set_level(logging.DEBUG)
    before = await stored(target)
    caplog.clear()

    response = await posted(service, BODIES[name], accept=accept)

    errors = response.json()["errors"]
    said = response.text + caplog.text
    assert response.status_code < 500
    assert {error["extensions"]["code"] for error in errors} <= {"BAD_INPUT", "QUERY_TOO_COMPLEX"}
    assert not response.json().get("data")
    assert await stored(target) == before
    # A field's name is told, so that its sender finds the mistake; values never are.
    assert said.count(CANARY) == (1 if name == "a field that isn't" else 0)
    assert "9" * 20 not in said


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


@pytest.mark.parametrize("length", ["x", "-1", "²", "1e3", "9" * 5000, "100001"])
async def test_a_length_that_is_none_or_too_much_is_refused_unread(service, length):
    async def unread():
        raise AssertionError("the body was read")
        yield b""

    response = await service.client.post(
        "/graphql",
        content=unread(),
        headers={
            "authorization": f"Bearer {service.token}",
            "content-type": "application/json",
            "content-length": length.encode("latin-1"),
        },
    )

    assert response.status_code == 413


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
async def test_who_does_not_prove_who_they_are_is_told_so(target, caplog, authorization):
    caplog.set_level(logging.DEBUG)
    headers = {} if authorization is None else {"authorization": authorization}

    response = await target.client.post(
        "/graphql", json={"query": "{ viewer { subject } }"}, headers=headers
    )

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert CANARY not in response.text + caplog.text


async def test_a_token_that_is_forged_or_over_is_refused(target, tmp_path):
    own = target.gateway.settings.store.path
    given = {"roles": ["service"], "tenant": "target", "subject": CANARY}
    head, payload, signature = DevelopmentIssuer.load_or_create(own).token(**given).split(".")
    tokens = [
        DevelopmentIssuer.load_or_create(own, lambda: time.time() - 7200).token(**given),
        DevelopmentIssuer.load_or_create(own, lambda: time.time() + 7200).token(**given),
        DevelopmentIssuer.load_or_create(tmp_path).token(**given),
        f"{head}.{payload}.{signature[::-1]}",
        f"{head}.{DevelopmentIssuer.load_or_create(own).token(**given).split('.')[1]}.{signature}",
        f"{head}.{payload}.",
    ]

    responses = [await Caller(target.client, one).post("{ viewer { subject } }") for one in tokens]

    assert [response.status_code for response in responses] == [401] * 6
    assert {response.headers["www-authenticate"] for response in responses} == {
        'Bearer error="invalid_token"'
    }
    assert [one for one in responses if CANARY in one.text] == []
