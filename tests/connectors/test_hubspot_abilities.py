"""What HubSpot can do beyond records: descriptions, changes, facts, webhooks, writes."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from connectors.abilities import (
    ChangeKind,
    Describes,
    Fact,
    FactKind,
    KnowsFacts,
    SignsWebhooks,
    TakesWrites,
    TellsChanges,
    ValueType,
)
from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import (
    BadPayload,
    Conflict,
    CursorExpired,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnknownField,
    WrongSettings,
)
from connectors.hubspot import changing
from connectors.runtime.budget import Budget
from connectors.runtime.gate import Gate
from connectors.runtime.pace import Pace
from connectors.vendors.hubspot import HubSpot
from tests.connectors.example import SECRET
from tests.connectors.test_hubspot import STAMP, UPDATED_AT, a_batch, a_row
from tests.support.sandbox import TOKEN, running_sandbox
from tests.support.scripted_http import body, json_of

URL = "https://gateway.example/hooks/hub"
APP_SECRET = "app-secret-5e2a"
PATIENCE_S = 20.0
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def hubspot(crm):
    return HubSpot(SourceSettings("hub", crm.url, SECRET, {}, APP_SECRET, URL))


@pytest.fixture
def call(http):
    return Call(http, Budget(60.0))


def refused(status, **told):
    return body(json.dumps({"status": "error", **told}).encode(), status=status)


def test_it_says_what_it_can(hubspot):
    for ability in (Describes, TellsChanges, KnowsFacts, SignsWebhooks, TakesWrites):
        assert isinstance(hubspot, ability)


@pytest.mark.parametrize(
    ("policy", "error_class", "requests"),
    [
        ("DAILY", QuotaExhausted, 1),
        ("TEN_SECONDLY_ROLLING", RateLimited, 3),
        (None, RateLimited, 3),
    ],
)
async def test_the_quota_of_a_day_is_not_a_passing_limit(
    hubspot, crm, call, policy, error_class, requests
):
    crm.play(refused(429, policyName=policy))

    with pytest.raises(error_class) as raised:
        await hubspot.ping(call)

    assert type(raised.value) is error_class
    assert len(crm.received) == requests


async def test_properties_are_described_with_their_types(hubspot, crm, call):
    told = [
        ("email", "string", "text", {"hasUniqueValue": True}, ValueType.EMAIL),
        ("phone", "string", "phonenumber", {}, ValueType.PHONE),
        ("score", "number", "number", {"calculated": True}, ValueType.NUMBER),
        ("spent", "number", "number", {"showCurrencySymbol": True}, ValueType.MONEY),
        ("vip", "bool", "booleancheckbox", {}, ValueType.BOOLEAN),
        ("optin", "enumeration", "booleancheckbox", {}, ValueType.BOOLEAN),
        ("joined", "date", "date", {}, ValueType.DATE),
        ("seen", "datetime", "date", {}, ValueType.DATETIME),
        ("interests", "enumeration", "checkbox", {}, ValueType.TEXT),
        ("place", "object_coordinates", "text", {}, ValueType.OTHER),
        ("diagnosis", "string", "text", {"dataSensitivity": "highly_sensitive"}, ValueType.TEXT),
        ("old", "string", "text", {"archived": True}, None),
    ]
    rows = [{"name": n, "label": n, "type": t, "fieldType": f, **more} for n, t, f, more, _ in told]
    options = [{"value": "a", "hidden": False}, {"value": "b", "hidden": True}, {"value": "c"}]
    read_only = {"modificationMetadata": {"readOnlyValue": True}}
    choice = {"name": "a_tier", "label": "Tier", "type": "enumeration", "fieldType": "select"}
    crm.play(json_of({"results": [*rows, {**choice, "options": options, **read_only}]}))

    described = {one.name: one for one in await hubspot.describe(call, "contacts")}

    assert crm.received[0].target == "/crm/properties/2026-09/contacts"
    assert list(described) == sorted(described)
    assert {name: described[name].type for name, *_, type_ in told if type_} == {
        name: type_ for name, *_, type_ in told if type_
    }
    assert "old" not in described
    tier = described["a_tier"]
    assert (tier.label, tier.type, tier.options) == ("Tier", ValueType.CHOICE, ("a", "c"))
    assert [one for one in described if not described[one].is_writable] == ["a_tier", "score"]
    assert [one for one in described if described[one].is_unique] == ["email"]
    assert [one for one in described if described[one].is_sensitive] == ["diagnosis"]


async def test_no_more_than_five_searches_begin_within_a_second_and_reads_go_on(hubspot, http, crm):
    limits, arrived = hubspot.limits, {"search": [], "read": []}
    gate = Gate("hub", http, Pace(rates=limits.rates, lanes=limits.lanes, timeout_s=PATIENCE_S))

    async def note(exchange):
        arrived[exchange.received.path.rpartition("/")[2]].append(time.monotonic())
        await json_of({"results": []})(exchange)

    async def search(call):
        await hubspot.changed(call, "contacts", None, ())

    async def read(call):
        await hubspot.fetch(call, "contacts", [Key("id", "7")], ())

    crm.play(note)
    await asyncio.gather(*(gate.through(PATIENCE_S, act) for act in [search] * 12 + [read] * 12))

    assert (len(arrived["search"]), len(arrived["read"])) == (12, 12)
    # The sixth begins a second after the first; on its way it may be a little faster.
    assert all(
        later - arrived["search"][at] > 0.9 for at, later in enumerate(arrived["search"][5:])
    )
    assert max(arrived["read"]) < arrived["search"][5]


async def pages_of(hubspot, call, cursor=None, attributes=("jobtitle",), object="contacts"):
    told = []
    while True:
        page = await hubspot.changed(call, object, cursor, attributes)
        told += page.changes
        cursor = page.cursor
        if page.is_last:
            return told, cursor


async def test_changes_are_searched_for_from_the_last_instant_told(hubspot, crm, call):
    crm.play(json_of({"total": 1, "results": [a_row("7", jobtitle="Baker")]}), json_of(a_batch()))

    [change], cursor = await pages_of(hubspot, call)
    await pages_of(hubspot, call, cursor)

    first, second = crm.received
    assert first.target == "/crm/objects/2026-09/contacts/search"
    assert first.json() == {
        "filterGroups": [
            {"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": "0"}]}
        ],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        "properties": ["hs_merged_object_ids", "jobtitle"],
        "limit": 200,
    }
    [[asked]] = [group["filters"] for group in second.json()["filterGroups"]]
    since = UPDATED_AT - timedelta(minutes=5)
    assert asked["value"] == str(round(since.timestamp() * 1000))
    assert (change.kind, change.id, change.at) == (ChangeKind.UPSERTED, "7", UPDATED_AT)
    assert change.record == Record("7", {"jobtitle": "Baker"}, UPDATED_AT, STAMP)


async def test_other_objects_have_another_name_for_that_instant(hubspot, crm, call):
    crm.play(json_of(a_batch()))

    await hubspot.changed(call, "companies", None, [])

    assert crm.received[0].json()["sorts"][0]["propertyName"] == "hs_lastmodifieddate"


async def test_who_was_merged_away_is_told_before_who_survived(hubspot, crm, call):
    crm.play(json_of(a_batch(a_row("900", hs_merged_object_ids="41; 42;900;x"))))

    told, _ = await pages_of(hubspot, call)

    assert [(one.kind, one.id, one.into_id) for one in told] == [
        (ChangeKind.MERGED, "41", "900"),
        (ChangeKind.MERGED, "42", "900"),
        (ChangeKind.UPSERTED, "900", None),
    ]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "[]", '{"since_ms": "1"}', '{"since_ms": -1}', '{"after_id": "x"}', '{"other": 1}'],
)
async def test_a_cursor_that_is_none_of_ours_begins_anew(hubspot, call, cursor):
    with pytest.raises(CursorExpired, match="hub: the cursor isn't one of ours"):
        await hubspot.changed(call, "contacts", cursor, [])


@pytest.fixture(scope="module")
def sandbox():
    seed = [
        {"object": "contacts", "properties": {"email": f"c{n}@example.com", "jobtitle": f"J{n}"}}
        for n in range(450)
    ]
    with running_sandbox(seed) as running:
        yield running


@pytest.fixture
def at_sandbox(sandbox):
    return HubSpot(SourceSettings("hub", sandbox.base_url, TOKEN))


async def test_every_record_of_a_crm_is_told_at_least_once_the_oldest_first(at_sandbox, call):
    told, cursor = await pages_of(at_sandbox, call)

    assert {change.id for change in told} == {str(101 + n) for n in range(450)}
    assert told == sorted(told, key=lambda change: change.at)
    assert all(change.record.values["jobtitle"].startswith("J") for change in told)
    assert len(cursor) < 200


@pytest.mark.parametrize("page", [3, 10])
async def test_however_many_records_changed_in_one_instant_all_are_told(
    at_sandbox, call, monkeypatch, page
):
    # The sandbox's seed shares milliseconds among many records.
    monkeypatch.setattr(changing, "PAGE", page)

    told, _ = await pages_of(at_sandbox, call)

    assert {change.id for change in told} == {str(101 + n) for n in range(450)}


async def test_a_write_gives_the_record_as_it_is_afterwards(at_sandbox, call):
    written = await at_sandbox.write(call, "contacts", "110", {"city": "Turin", "jobtitle": None})

    again = await at_sandbox.write(call, "contacts", "110", {"city": "Bari"}, if_match=written.etag)

    assert written.values == {"city": "Turin", "jobtitle": None}
    assert again.values == {"city": "Bari"}
    with pytest.raises(Conflict, match="the record isn't as the writer knew it"):
        await at_sandbox.write(call, "contacts", "110", {"city": "Rome"}, if_match=written.etag)


@pytest.mark.parametrize(
    ("id", "values", "error_class"),
    [
        ("99999", {"city": "Rome"}, Conflict),
        ("x/../1", {"city": "Rome"}, Conflict),
        ("111", {"email": "c12@example.com"}, Conflict),
        ("111", {"nothing_such": "secret-value"}, UnknownField),
    ],
)
async def test_what_cannot_be_written_is_told_without_its_value(
    at_sandbox, call, id, values, error_class
):
    with pytest.raises(error_class) as raised:
        await at_sandbox.write(call, "contacts", id, values)

    assert "secret-value" not in str(raised.value)


async def test_properties_of_a_crm_are_described(at_sandbox, call):
    described = {one.name: one for one in await at_sandbox.describe(call, "contacts")}

    assert described["email"].is_unique
    assert not described["lastmodifieddate"].is_writable
    assert described["lastmodifieddate"].type is ValueType.DATETIME


async def test_several_options_are_written_as_one_text(hubspot, crm, call):
    crm.play(json_of(a_row("7", interests="a;b")))

    written = await hubspot.write(call, "contacts", "7", {"interests": ["a", "b"], "vip": True})

    [received] = crm.received
    assert (received.method, received.target) == ("PATCH", "/crm/objects/2026-09/contacts/7")
    assert received.json() == {"properties": {"interests": "a;b", "vip": True}}
    assert written.values == {"interests": "a;b"}


async def test_lists_are_segments(hubspot, crm, call):
    listed = {"listId": 13, "firstAddedTimestamp": "2026-03-04T05:06:07Z"}
    results = [
        {"recordId": "1", "recordListMemberships": [listed, {"listId": "14"}]},
        {"recordId": 2, "recordListMemberships": []},
    ]
    names = {"lists": [{"listId": "13", "name": "VIP"}]}
    crm.play(json_of(a_batch(*results)), json_of(names))

    found = await hubspot.facts(call, "contacts", ["1", "2"], {FactKind.SEGMENT})

    members, lists = crm.received
    assert members.target == "/crm/lists/2026-09/records/memberships/batch/read"
    assert members.json() == {
        "inputs": [{"objectTypeId": "0-1", "recordId": one} for one in ("1", "2")]
    }
    assert lists.target == "/crm/lists/2026-09?listIds=13&listIds=14"
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert found == {
        "1": [Fact(FactKind.SEGMENT, "13", "VIP", at=at), Fact(FactKind.SEGMENT, "14")],
        "2": [],
    }


async def test_engagements_are_activities_read_over_all_pages(hubspot, crm, call):
    def links(owner, *ids, after=None):
        paging = {"paging": {"next": {"after": after}}} if after else {}
        return {"from": {"id": owner}, "to": [{"toObjectId": one} for one in ids], **paging}

    calls = [
        a_row("70", hs_call_title="Call back", hs_timestamp="2026-03-04T05:06:07Z"),
        a_row("71", hs_call_title=None, hs_timestamp=None),
    ]
    nothing = {"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS"}
    crm.play(
        json_of(a_batch(links("1", 70, after="x"))),
        json_of(a_batch(links("1", 71))),
        json_of(a_batch(*calls)),
        json_of(a_batch(numErrors=1, errors=[nothing])),
    )

    found = await hubspot.facts(call, "contacts", ["1", "2"], {FactKind.ACTIVITY})

    first, second, read, *others = crm.received
    assert first.target == "/crm/associations/2026-09/contacts/calls/batch/read"
    assert second.json() == {"inputs": [{"id": "1", "after": "x"}]}
    assert read.target == "/crm/objects/2026-09/calls/batch/read?archived=false"
    assert read.json()["properties"] == ["hs_call_title", "hs_timestamp"]
    assert [one.path.split("/")[5] for one in others] == ["emails", "meetings", "notes", "tasks"]
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert found == {
        "1": [
            Fact(FactKind.ACTIVITY, "70", "Call back", "call", at),
            Fact(FactKind.ACTIVITY, "71", None, "call"),
        ],
        "2": [],
    }


async def test_a_fact_that_is_of_nobody_costs_the_call(hubspot, crm, call):
    crm.play(
        json_of(a_batch({"recordId": "9", "recordListMemberships": [{"listId": "1"}]})),
        json_of({"lists": []}),
    )

    with pytest.raises(BadPayload, match="a fact is of nobody who was asked for"):
        await hubspot.facts(call, "contacts", ["1"], {FactKind.SEGMENT})


async def test_a_batch_of_which_a_part_failed_is_not_taken_for_whole(hubspot, crm, call):
    crm.play(json_of(a_batch(numErrors=1, errors=[{"category": "INTERNAL_ERROR"}])))

    with pytest.raises(Unavailable, match="a part of the batch failed"):
        await hubspot.facts(call, "contacts", ["1"], {FactKind.SEGMENT})


@pytest.mark.parametrize("ability", ["describe", "changed", "facts", "write"])
async def test_an_object_that_could_change_the_address_is_refused(hubspot, crm, call, ability):
    arguments = {
        "describe": (),
        "changed": (None, []),
        "facts": (["1"], [FactKind.SEGMENT]),
        "write": ("1", {}),
    }[ability]
    crm.play(json_of({}))

    with pytest.raises(WrongSettings):
        await getattr(hubspot, ability)(call, "../oauth", *arguments)

    assert crm.received == []
