"""HubSpot's own client is the judge of how well the sandbox CRM speaks HubSpot's contract."""

import json

import httpx2
import pytest
from hubspot import HubSpot
from hubspot.crm.contacts import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import UnauthorizedException

from tests.support.sandbox import running_sandbox

UNIQUE = {"object": "contacts", "property": {"name": "profile_id", "hasUniqueValue": True}}
SEED = [
    UNIQUE,
    *(
        {
            "object": "contacts",
            "properties": {
                "email": f"seeded{number}@example.com",
                "firstname": f"Seeded {number}",
                "profile_id": f"p-{number}",
            },
        }
        for number in range(250)
    ),
]


@pytest.fixture(scope="module")
def sandbox():
    with running_sandbox(SEED) as running:
        yield running


@pytest.fixture
def contacts(sandbox):
    yield HubSpot(access_token=sandbox.token, host=sandbox.base_url).crm.contacts
    httpx2.delete(f"{sandbox.base_url}/_sandbox/faults")


def test_a_created_contact_can_be_changed_and_archived(contacts):
    api = contacts.basic_api
    written = {"email": "Grace@Example.com", "firstname": "Grace"}

    created = api.create(SimplePublicObjectInputForCreate(properties=written))
    changed = api.update(created.id, SimplePublicObjectInput(properties={"firstname": "Amazing"}))
    api.archive(created.id)

    assert created.properties["email"] == "grace@example.com"
    assert created.properties["hs_object_id"] == created.id
    assert changed.properties["firstname"] == "Amazing"
    assert changed.updated_at > changed.created_at == created.created_at
    assert api.get_by_id(created.id, archived=True).archived_at is not None
    with pytest.raises(ApiException) as caught:
        api.get_by_id(created.id)
    assert caught.value.status == 404


def test_a_batch_is_created_whole(contacts):
    inputs = [_new(f"batch{number}@example.com") for number in range(3)]

    answered = contacts.batch_api.create(
        BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs)
    )

    assert answered.status == "COMPLETE"
    assert [one.properties["email"] for one in answered.results] == [
        "batch0@example.com",
        "batch1@example.com",
        "batch2@example.com",
    ]


def test_a_batch_with_a_taken_email_creates_nothing(contacts):
    inputs = [_new("fresh@example.com"), _new("seeded7@example.com")]

    with pytest.raises(ApiException) as caught:
        contacts.batch_api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))

    assert (caught.value.status, json.loads(caught.value.body)["category"]) == (409, "CONFLICT")
    assert contacts.batch_api.read(_read(["fresh@example.com"], "email")).results == []


@pytest.mark.parametrize(
    ("by", "values"),
    [
        (None, ["101", "103"]),
        ("email", ["seeded0@example.com", "SEEDED2@example.com"]),
        ("profile_id", ["p-0", "p-2"]),
    ],
)
def test_a_batch_is_read_by_id_and_by_every_unique_property(contacts, by, values):
    answered = contacts.batch_api.read(_read(values, by, ["firstname"]))

    found = {one.id: one.properties["firstname"] for one in answered.results}
    assert found == {"101": "Seeded 0", "103": "Seeded 2"}


def test_a_batch_read_tells_which_records_are_missing(contacts):
    answered, status, _ = contacts.batch_api.read_with_http_info(_read(["101", "999999"]))

    assert (status, answered.status, answered.num_errors) == (207, "COMPLETE", 1)
    assert [one.id for one in answered.results] == ["101"]
    assert answered.errors[0].category == "OBJECT_NOT_FOUND"
    assert answered.errors[0].context == {"ids": ["999999"]}


def test_a_batch_update_reads_back(contacts):
    inputs = [{"id": "120", "properties": {"city": "Turin"}}]

    contacts.batch_api.update(BatchInputSimplePublicObjectBatchInput(inputs=inputs))

    read = contacts.batch_api.read(_read(["120"], None, ["city", "phone"]))
    assert read.results[0].properties["city"] == "Turin"
    assert read.results[0].properties["phone"] is None


def test_an_upsert_says_which_records_are_new(contacts):
    inputs = [
        {"idProperty": "profile_id", "id": value, "properties": {"city": "Oslo"}}
        for value in ("p-30", "p-new")
    ]

    answered = contacts.batch_api.upsert(
        BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)
    )

    assert [one.new for one in answered.results] == [False, True]
    assert [one.properties["profile_id"] for one in answered.results] == ["p-30", "p-new"]


def test_a_search_finds_by_filter_and_pages(contacts):
    condition = {"propertyName": "firstname", "operator": "CONTAINS_TOKEN", "value": "seeded"}
    groups = [{"filters": [condition]}]
    asked = {"filter_groups": groups, "sorts": ["-profile_id"], "limit": 2}

    first = contacts.search_api.do_search(PublicObjectSearchRequest(**asked))
    second = contacts.search_api.do_search(
        PublicObjectSearchRequest(**asked, after=first.paging.next.after)
    )

    assert (first.total, second.total) == (250, 250)
    found = [one.properties["email"] for one in first.results + second.results]
    assert found == [f"seeded{number}@example.com" for number in (99, 98, 97, 96)]


def test_every_contact_comes_once_when_all_pages_are_read(contacts):
    found = [one.properties["email"] or "" for one in contacts.get_all()]

    seeded = [email for email in found if email.startswith("seeded")]
    assert seeded == [f"seeded{number}@example.com" for number in range(250)]


def test_the_properties_of_contacts_are_listed(sandbox):
    client = HubSpot(access_token=sandbox.token, host=sandbox.base_url)

    listed = client.crm.properties.core_api.get_all("contacts")

    unique = {one.name for one in listed.results if one.has_unique_value}
    assert unique == {"email", "profile_id"}


def test_a_wrong_token_raises_the_client_s_exception_with_a_body(sandbox):
    api = HubSpot(access_token="wrong", host=sandbox.base_url).crm.contacts.batch_api

    with pytest.raises(UnauthorizedException) as caught:
        api.read(_read(["101"]))

    body = json.loads(caught.value.body)
    assert body["category"] == "INVALID_AUTHENTICATION"
    assert body.keys() == {"status", "message", "correlationId", "category"}


def test_beyond_the_rate_limit_the_client_learns_which_policy_and_how_long(sandbox, contacts):
    limit = {"rate_limit": {"calls": 1, "per_s": 60}}
    httpx2.put(f"{sandbox.base_url}/_sandbox/faults", json=limit).raise_for_status()
    contacts.batch_api.read(_read(["101"]))

    with pytest.raises(ApiException) as caught:
        contacts.batch_api.read(_read(["101"]))

    assert caught.value.status == 429
    assert json.loads(caught.value.body)["policyName"] == "TEN_SECONDLY_ROLLING"
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 60
    assert caught.value.headers["X-HubSpot-RateLimit-Remaining"] == "0"


def _new(email):
    return SimplePublicObjectInputForCreate(properties={"email": email})


def _read(values, by=None, properties=()):
    return BatchReadInputSimplePublicObjectId(
        inputs=[{"id": value} for value in values],
        id_property=by,
        properties=list(properties),
        properties_with_history=[],
    )
