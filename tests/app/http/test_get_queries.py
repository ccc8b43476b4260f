"""Queries by GET: read-only, and only where the settings allow it."""

import pytest

from app.http.settings import HttpSettings
from tests.flow.documents import WHO
from tests.flow.stored import stored
from tests.support.gateway import a_profile, running_gateway

GRAPHQL = "application/graphql-response+json"


async def got(caller, accept=GRAPHQL, **parameters):
    headers = {"authorization": f"Bearer {caller.token}", "accept": accept}
    return await caller.client.get("/graphql", params=parameters, headers=headers)


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def test_a_query_with_variables_is_answered(service):
    ada = await a_profile(service, identities=[{"channel": "VOICE", "value": "+12025550143"}])

    response = await got(service, query=WHO, variables='{"value": "+1 202 555 0143"}')

    assert response.status_code == 200
    assert response.json() == {"data": {"identify": {"outcome": "KNOWN", "profile": {"id": ada}}}}


async def test_an_operation_can_be_named(service, tenant):
    document = "query A { viewer { subject } } query B { viewer { tenant } }"

    response = await got(service, query=document, operationName="B")

    assert response.json() == {"data": {"viewer": {"tenant": tenant}}}


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL])
@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("mutation { createProfile(input: {}) { profile { id } } }", None),
        ("mutation A { createProfile(input: {}) { profile { id } } } query B { __typename }", "A"),
    ],
    ids=["alone", "by name"],
)
async def test_a_mutation_is_refused_and_writes_nothing(
    gateway, service, tenant, accept, document, name
):
    named = {"operationName": name} if name else {}

    response = await got(service, accept, query=document, **named)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["BAD_INPUT"]
    assert await stored(gateway, tenant) == {}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": ""},
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "variables": "5"},
        {"query": "{ __typename }", "extensions": "x"},
        {"query": "{ __typename }", "operationName": "A"},
        {"query": "{ __typename }", "access_token": "x"},
    ],
    ids=str,
)
async def test_what_is_no_request_is_refused(service, parameters):
    response = await got(service, **parameters)

    assert response.status_code == 400
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {"BAD_INPUT"}


async def test_a_get_without_a_token_is_refused(gateway):
    response = await gateway.client.get("/graphql", params={"query": "{ __typename }"})

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_where_the_settings_forbid_it_every_get_is_refused(document_server, tmp_path, tenant):
    async with running_gateway(
        document_server.uri, tmp_path, database=tenant, http=HttpSettings(get_queries=False)
    ) as closed:
        response = await got(closed.as_role("agent", tenant=tenant), query="{ __typename }")
        posted = await closed.as_role("agent", tenant=tenant).data("{ __typename }")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert posted == {"__typename": "Query"}
