"""Answers of Salesforce's that are refusals in part, or make no sense: what each costs."""

import pytest

from connectors.abilities import FactKind, ValueType
from connectors.base import Call, SourceSettings
from connectors.errors import (
    BadPayload,
    Conflict,
    CursorExpired,
    QuotaExhausted,
    Unauthorized,
    Unavailable,
    UnknownField,
)
from connectors.runtime.budget import Budget
from connectors.vendors.salesforce import Salesforce
from tests.connectors.example import SECRET
from tests.connectors.test_salesforce import (
    ADA,
    BOB,
    OPTIONS,
    STAMP,
    a_row,
    refused,
    rows_of,
    token_for,
)
from tests.support.scripted_http import json_of, status

STARTED = '{"at":"2026-09-01T12:00:00.000Z","id":"","deleted_since":"","is_started":true}'


@pytest.fixture(autouse=True)
def tokens(crm):
    crm.aside = token_for
    yield
    crm.aside = None


@pytest.fixture
def salesforce(crm):
    return Salesforce(SourceSettings("sf", crm.url, SECRET, OPTIONS))


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


def composite(*parts):
    return json_of(
        {
            "compositeResponse": [
                {"referenceId": name, "httpStatusCode": code, "body": body}
                for name, code, body in parts
            ]
        }
    )


def told(code):
    return [{"errorCode": code, "message": "x"}]


@pytest.mark.parametrize(
    ("parts", "error_class"),
    [
        ([("TopicAssignment", 403, told("REQUEST_LIMIT_EXCEEDED"))], QuotaExhausted),
        ([("TopicAssignment", 401, told("INVALID_SESSION_ID"))], Unauthorized),
        ([("TopicAssignment", 400, told("QUERY_TIMEOUT"))], Unavailable),
        ([("TopicAssignment", 400, told("INVALID_TYPE"))], BadPayload),
        ([("TopicAssignment", 400, told("SOMETHING_NEW"))], BadPayload),
        ([("TopicAssignment", 400, "text")], BadPayload),
        ([("TopicAssignment", 500, told("UNKNOWN_EXCEPTION"))], Unavailable),
        ([("TopicAssignment", 503, "text")], Unavailable),
        ([("Another", 200, rows_of())], Unavailable),
        ([("TopicAssignment", 200, {"done": True})], BadPayload),
        ([("TopicAssignment", 200, rows_of({"Id": BOB, "EntityId": BOB}))], BadPayload),
        ([("TopicAssignment", 200, rows_of({"Id": BOB, "EntityId": ADA}))], BadPayload),
    ],
)
async def test_a_part_that_failed_costs_the_facts(salesforce, crm, call, parts, error_class):
    crm.play(composite(*parts))

    with pytest.raises(error_class) as raised:
        await salesforce.facts(call, "Contact", [ADA], {FactKind.TAG})

    assert type(raised.value) is error_class


async def test_what_cannot_be_an_id_has_no_facts_and_is_not_asked_for(salesforce, crm, call):
    crm.play(status(500))

    assert await salesforce.facts(call, "Contact", ["x"], {FactKind.TAG}) == {"x": []}
    assert crm.received == []


async def test_the_questions_of_facts_are_one_call(salesforce, crm, call):
    crm.play(
        composite(
            *((name, 200, rows_of()) for name in ("Event", "Task", "CampaignMember")),
            ("TopicAssignment", 200, rows_of()),
        )
    )

    await salesforce.facts(call, "Lead", [ADA], frozenset(FactKind))

    [received] = crm.received
    asked = received.json()
    assert received.path == "/services/data/v67.0/composite"
    assert asked["allOrNone"] is False
    assert [one["referenceId"] for one in asked["compositeRequest"]] == [
        *("TopicAssignment", "CampaignMember", "Task", "Event")
    ]
    assert all("/services/data/v67.0/query?q=SELECT" in p["url"] for p in asked["compositeRequest"])
    assert "LeadId%20IN" in asked["compositeRequest"][1]["url"]


@pytest.mark.parametrize(
    ("answer", "error_class"),
    [
        (json_of({"deletedRecords": [{"id": "x"}]}), BadPayload),
        (json_of({"deletedRecords": [{"id": ADA, "deletedDate": "soon"}]}), BadPayload),
        (json_of({"deletedRecords": [], "latestDateCovered": 5}), BadPayload),
        (refused("INVALID_REPLICATION_DATE"), CursorExpired),
        (refused("EXCEEDED_ID_LIMIT"), CursorExpired),
    ],
)
async def test_deletions_that_cannot_be_told_cost_the_page(
    salesforce, crm, call, answer, error_class
):
    crm.play(answer)
    now = salesforce._changing._now()
    cursor = f'{{"at":null,"deleted_since":"{now.isoformat()}"}}'

    with pytest.raises(error_class):
        await salesforce.changed(call, "Contact", cursor, [])


async def test_a_record_without_its_instant_cannot_be_told(salesforce, crm, call):
    crm.play(json_of(rows_of({"Id": ADA})))

    with pytest.raises(BadPayload, match="a record has no `SystemModstamp`"):
        await salesforce.changed(call, "Contact", STARTED, [])


async def test_changes_are_asked_for_by_instant_and_id(salesforce, crm, call):
    crm.play(json_of(rows_of(a_row(ADA))))

    page = await salesforce.changed(call, "Contact", STARTED, ["Title"])
    await salesforce.changed(call, "Contact", page.cursor.replace("false", "true"), ["Title"])

    first, second = [dict(received.query)["q"] for received in crm.received]
    assert first == (
        "SELECT Id,SystemModstamp,Title FROM Contact"
        " WHERE SystemModstamp >= 2026-09-01T12:00:00.000Z"
        " ORDER BY SystemModstamp,Id LIMIT 2000"
    )
    assert second.partition(" WHERE ")[2].partition(" ORDER ")[0] == (
        "SystemModstamp > 2026-09-01T12:30:00.000Z"
        f" OR (SystemModstamp = 2026-09-01T12:30:00.000Z AND Id > '{ADA}')"
    )


async def test_fields_are_described_as_salesforce_tells_them(salesforce, crm, call):
    fields = [
        {"name": "Tier__c", "label": "Tier", "type": "picklist", "updateable": True},
        {"name": "Ssn__c", "type": "encryptedstring", "unique": True},
        {"name": "Tags__c", "type": "multipicklist"},
        {"name": "Place__c", "type": "location"},
        {"name": "Spent__c", "type": "currency"},
    ]
    values = [{"value": "a", "active": True}, {"value": "b", "active": False}, {"value": "c"}, 5]
    fields[0]["picklistValues"] = values
    crm.play(json_of({"fields": fields}))

    described = {one.name: one for one in await salesforce.describe(call, "Contact")}

    assert crm.received[0].target == "/services/data/v67.0/sobjects/Contact/describe"
    tier, ssn = described["Tier__c"], described["Ssn__c"]
    assert (tier.type, tier.options, tier.is_writable) == (ValueType.CHOICE, ("a", "c"), True)
    assert (ssn.label, ssn.is_sensitive, ssn.is_unique, ssn.is_writable) == (
        *("Ssn__c", True, True, False),
    )
    assert described["Tags__c"].type is ValueType.TEXT
    assert described["Place__c"].type is ValueType.OTHER
    assert described["Spent__c"].type is ValueType.MONEY


async def test_fields_without_names_are_no_description(salesforce, crm, call):
    crm.play(json_of({"fields": [{"label": "x"}]}))

    with pytest.raises(BadPayload, match="`fields` is not a list of named objects"):
        await salesforce.describe(call, "Contact")


@pytest.mark.parametrize(
    ("answer", "error_class"),
    [
        (refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Ada is too young"), Conflict),
        (refused("ENTITY_IS_DELETED", status=404), Conflict),
        (refused("NOT_FOUND", status=404), Conflict),
        (refused("PRECONDITION_FAILED", status=412), Conflict),
        (refused("UNABLE_TO_LOCK_ROW"), Unavailable),
        (refused("INVALID_FIELD_FOR_INSERT_UPDATE", fields=["Title"]), UnknownField),
        (refused("STRING_TOO_LONG", "Ada"), BadPayload),
    ],
)
async def test_a_write_that_is_refused_is_told_without_values_and_sent_once(
    salesforce, crm, call, answer, error_class
):
    crm.play(answer)

    with pytest.raises(error_class) as raised:
        await salesforce.write(call, "Contact", ADA, {"Title": "Cook"})

    [received] = crm.received
    assert (received.method, received.json()) == ("PATCH", {"Title": "Cook"})
    assert received.target == f"/services/data/v67.0/sobjects/Contact/{ADA}"
    assert "Ada is" not in str(raised.value)


async def test_a_conditional_write_looks_first_and_says_since_when(salesforce, crm, call):
    crm.play(json_of([a_row(ADA)]), status(503))

    with pytest.raises(Unavailable):
        await salesforce.write(call, "Contact", ADA, {"Title": "Cook"}, if_match=STAMP)

    look, write = crm.received
    assert look.json() == {"ids": [ADA], "fields": ["Id", "SystemModstamp"]}
    assert write.headers["if-unmodified-since"] == "Tue, 01 Sep 2026 12:30:00 GMT"


async def test_a_look_that_fails_writes_nothing(salesforce, crm, call):
    crm.play(json_of([a_row(ADA) | {"SystemModstamp": "soon"}]))

    with pytest.raises(BadPayload):
        await salesforce.write(call, "Contact", ADA, {"Title": "Cook"}, if_match=STAMP)

    assert [received.method for received in crm.received] == ["POST"]
