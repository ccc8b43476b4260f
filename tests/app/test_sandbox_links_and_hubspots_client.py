"""HubSpot's own client judges the sandbox CRM's lists and associations, and our connector them."""

from datetime import UTC, datetime

import httpx2
import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import (
    BatchInputPublicDefaultAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
)
from hubspot.crm.contacts import SimplePublicObjectInputForCreate
from hubspot.crm.lists import ListCreateRequest

from app.demo import sandbox_links
from connectors.abilities import FactKind
from connectors.base import Call, SourceSettings
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client
from connectors.vendors.hubspot import HubSpot as Connector
from tests.support.sandbox import running_sandbox, sandbox_client

PEOPLE = [{"object": "contacts", "properties": {"email": f"c{n}@example.com"}} for n in range(3)]
ADA, BOB, EVE = "101", "102", "103"


@pytest.fixture
def sandbox():
    with running_sandbox(PEOPLE) as running:
        yield running


@pytest.fixture
def crm(sandbox):
    return HubSpot(access_token=sandbox.token, host=sandbox.base_url).crm


@pytest.fixture
async def facts(sandbox):
    connector = Connector(SourceSettings("hub", sandbox.base_url, sandbox.token))

    async def _facts(ids, kinds=frozenset(FactKind)):
        async with source_client(LOOPBACK) as http:
            return await connector.facts(Call(http, Budget(10.0)), "contacts", ids, kinds)

    return _facts


def listed(crm, name, *ids):
    asked = ListCreateRequest(name=name, object_type_id="0-1", processing_type="MANUAL")
    made = crm.lists.lists_api.create(asked).list
    added = crm.lists.memberships_api.add(made.list_id, [*ids])
    return made.list_id, added


def a_call(crm, title, *people):
    values = {"hs_call_title": title, "hs_timestamp": "2026-03-04T05:06:07Z"}
    made = crm.objects.basic_api.create(
        "calls", SimplePublicObjectInputForCreate(properties=values)
    )
    pairs = [{"from": {"id": one}, "to": {"id": made.id}} for one in people]
    linked = crm.associations.v4.batch_api.create_default(
        "contacts", "calls", BatchInputPublicDefaultAssociationMultiPost(inputs=pairs)
    )
    return made.id, linked


async def test_lists_that_hubspots_client_made_are_segments(crm, facts):
    vip, added = listed(crm, "VIP", ADA, BOB, "999")
    gold, _ = listed(crm, "Gold", ADA)

    found = await facts([ADA, BOB, EVE], {FactKind.SEGMENT})

    assert (added.records_ids_added, added.record_ids_missing) == ([ADA, BOB], ["999"])
    told = crm.lists.memberships_api.get_lists("0-1", ADA)
    assert [one.list_id for one in told.results] == [vip, gold]
    assert [one.name for one in crm.lists.lists_api.get_all(list_ids=[vip]).lists] == ["VIP"]
    assert {id_: [(one.id, one.name) for one in segments] for id_, segments in found.items()} == {
        ADA: [(vip, "VIP"), (gold, "Gold")],
        BOB: [(vip, "VIP")],
        EVE: [],
    }
    assert [one.at for one in found[ADA]] == [one.first_added_timestamp for one in told.results]


async def test_calls_that_hubspots_client_made_are_activities(crm, facts):
    first, linked = a_call(crm, "Call back", ADA, BOB)
    second, _ = a_call(crm, "Say sorry", ADA)

    found = await facts([ADA, BOB, EVE], {FactKind.ACTIVITY})

    assert (linked.status, len(linked.results)) == ("COMPLETE", 2)
    asked = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": ADA}, {"id": EVE}])
    told = crm.associations.v4.batch_api.get_page("contacts", "calls", asked)
    assert [[one.to_object_id for one in row.to] for row in told.results] == [[first, second]]
    assert told.errors[0].context == {"fromObjectId": [EVE]}
    assert [(one.id, one.name, one.type) for one in found[ADA]] == [
        (first, "Call back", "call"),
        (second, "Say sorry", "call"),
    ]
    assert [one.at for one in found[BOB]] == [datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)]
    assert found[EVE] == []


async def test_more_links_than_a_page_holds_come_over_several(monkeypatch):
    monkeypatch.setattr(sandbox_links, "MAX_LINKED", 2)
    async with sandbox_client(PEOPLE) as client:
        calls = [await made(client, n) for n in range(5)]
        pairs = [{"from": {"id": ADA}, "to": {"id": one}} for one in calls]
        path = "/crm/associations/2026-09/contacts/calls/batch"
        await client.post(f"{path}/associate/default", json={"inputs": pairs})

        seen, after = [], "0"
        while after:
            body = {"inputs": [{"id": ADA, "after": after}]}
            [row] = (await client.post(f"{path}/read", json=body)).json()["results"]
            seen += [one["toObjectId"] for one in row["to"]]
            after = row.get("paging", {}).get("next", {}).get("after")

    assert seen == calls


async def made(client: httpx2.AsyncClient, number: int) -> str:
    properties = {"hs_call_title": f"Call {number}"}
    answered = await client.post("/crm/objects/2026-09/calls", json={"properties": properties})
    return answered.json()["id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/crm/lists/2026-09", {"name": "X", "objectTypeId": "0-99"}, 400),
        ("POST", "/crm/lists/2026-09", {"name": "X"}, 400),
        ("PUT", "/crm/lists/2026-09/77/memberships/add", ["101"], 404),
        ("PUT", "/crm/lists/2026-09/77/memberships/add", {}, 404),
        ("POST", "/crm/associations/2026-09/contacts/none/batch/read", {"inputs": []}, 400),
        (
            "POST",
            "/crm/associations/2026-09/contacts/calls/batch/associate/default",
            {"inputs": [{"from": {"id": "101"}, "to": {"id": "999"}}]},
            400,
        ),
    ],
)
async def test_what_makes_no_sense_is_refused(method, path, body, status):
    async with sandbox_client(PEOPLE) as client:
        answered = await client.request(method, path, json=body)

    assert answered.status_code == status
    assert answered.json()["category"] in {"VALIDATION_ERROR", "OBJECT_NOT_FOUND"}
