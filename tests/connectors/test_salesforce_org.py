"""Salesforce against a stand-in that keeps records: what changes, facts, writes, tokens."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from connectors.abilities import (
    Change,
    ChangeKind,
    Describes,
    Fact,
    FactKind,
    KnowsFacts,
    TakesWrites,
    TellsChanges,
    ValueType,
)
from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import (
    BadPayload,
    Conflict,
    CursorExpired,
    Unauthorized,
    UnknownField,
    WrongSettings,
)
from connectors.runtime.budget import Budget
from connectors.salesforce import changing, facts
from connectors.salesforce.changing import Changing
from connectors.vendors.salesforce import Salesforce
from tests.support.listening import standing_in
from tests.support.salesforce_http import salesforce_app
from tests.support.salesforce_org import CLIENT_ID, CLIENT_SECRET, Org


@pytest.fixture
def org():
    return Org()


@pytest.fixture
async def base_url(org):
    async with standing_in(salesforce_app(org)) as url:
        yield url


@pytest.fixture
def salesforce(base_url):
    return Salesforce(SourceSettings("sf", base_url, CLIENT_SECRET, {"client_id": CLIENT_ID}))


@pytest.fixture
def call(http):
    return Call(http, Budget(20.0))


async def pages_of(salesforce, call, cursor=None, attributes=("Title",)):
    """All changes of a run, and its last cursor."""
    told = []
    while True:
        page = await salesforce.changed(call, "Contact", cursor, attributes)
        told += page.changes
        cursor = page.cursor
        assert len(cursor) < 4_096
        if page.is_last:
            return told, cursor


def ids_of(changes):
    return [change.id for change in changes]


def test_it_says_what_it_can(salesforce):
    for ability in (Describes, TellsChanges, KnowsFacts, TakesWrites):
        assert isinstance(salesforce, ability)


async def test_records_are_read_by_id_and_by_address(salesforce, call, org):
    ada = org.create("Contact", {"LastName": "Ada", "Email": "Ada@x.example", "Title": "Baker"})
    gone = org.create("Contact", {"LastName": "Gone"})
    org.delete("Contact", gone)

    by_id = await salesforce.fetch(call, "Contact", [Key("id", ada), Key("id", gone)], ["Title"])
    by_mail = await salesforce.fetch(call, "Contact", [Key("Email", "ADA@X.example")], ["Title"])

    assert [getattr(one, "values", None) for one in by_id.values()] == [{"Title": "Baker"}, None]
    assert by_mail[Key("Email", "ADA@X.example")] == by_id[Key("id", ada)]


async def test_an_apostrophe_is_no_way_out_of_a_query(salesforce, call, org):
    odd = "o'hara\\'@x.example"
    ada = org.create("Contact", {"LastName": "O'Hara", "Email": odd})

    found = await salesforce.fetch(call, "Contact", [Key("Email", odd)], ["LastName"])

    assert found[Key("Email", odd)].id == ada
    assert found[Key("Email", odd)].values == {"LastName": "O'Hara"}


async def test_a_field_that_is_not_there_costs_only_itself(salesforce, call, org):
    ada = org.create("Contact", {"LastName": "Ada", "Title": "Baker", "Email": "a@x"})

    for key in (Key("id", ada), Key("Email", "a@x")):
        found = await salesforce.fetch(call, "Contact", [key], ["Title", "Gone__c", "Lost__c"])
        assert found[key].values == {"Title": "Baker"}


async def test_the_first_run_tells_every_record_the_oldest_first(salesforce, call, org):
    made = [org.create("Contact", {"LastName": f"C{n}", "Title": f"T{n}"}) for n in range(5)]
    gone = org.create("Contact", {"LastName": "Gone"})
    org.delete("Contact", gone)

    told, _ = await pages_of(salesforce, call)

    assert ids_of(told) == made
    assert {change.kind for change in told} == {ChangeKind.UPSERTED}
    assert [change.record.values for change in told] == [{"Title": f"T{n}"} for n in range(5)]
    assert told == sorted(told, key=lambda change: change.at)


async def test_a_run_begins_with_what_went_away_and_looks_five_minutes_back(salesforce, call, org):
    old = org.create("Contact", {"LastName": "Old"})
    org.now += timedelta(hours=1)
    ada, bob, eve = (org.create("Contact", {"LastName": name}) for name in ("Ada", "Bob", "Eve"))
    _, cursor = await pages_of(salesforce, call)
    org.change("Contact", ada, {"Title": "Cook"})
    org.delete("Contact", bob)
    org.delete("Contact", eve, into=ada)

    told, again = await pages_of(salesforce, call, cursor)

    assert ids_of(told) == [bob, eve, ada]
    gone, merged, changed = told
    assert (gone.kind, merged.kind) == (ChangeKind.DELETED, ChangeKind.MERGED)
    assert (gone.into_id, merged.into_id) == (None, ada)
    assert changed.record.values == {"Title": "Cook"}
    told, _ = await pages_of(salesforce, call, again)
    assert old not in ids_of(told)


async def test_many_records_of_one_second_are_told_once_each(salesforce, call, org, monkeypatch):
    monkeypatch.setattr(changing, "PAGE", 10)
    made = [org.create("Contact", {"LastName": f"C{n}"}) for n in range(35)]
    stamp = org.tables["Contact"][made[0]]["SystemModstamp"]
    for row in org.tables["Contact"].values():
        row["SystemModstamp"] = stamp

    told, _ = await pages_of(salesforce, call)

    assert ids_of(told) == sorted(made)


async def test_pages_that_are_shorter_than_asked_for_are_read_on(salesforce, call, org):
    org.page = 7
    made = [org.create("Contact", {"LastName": f"C{n}"}) for n in range(20)]

    told, _ = await pages_of(salesforce, call)

    assert ids_of(told) == made


async def test_a_run_that_was_cut_off_goes_on_where_it_stood(
    salesforce, base_url, call, org, monkeypatch
):
    monkeypatch.setattr(changing, "PAGE", 10)
    made = [org.create("Contact", {"LastName": f"C{n}"}) for n in range(25)]
    begun = await salesforce.changed(call, "Contact", None, [])
    first = await salesforce.changed(call, "Contact", begun.cursor, [])
    other = Salesforce(SourceSettings("sf", base_url, CLIENT_SECRET, {"client_id": CLIENT_ID}))

    told, _ = await pages_of(other, call, first.cursor)

    assert ids_of([*first.changes, *told]) == made


async def test_an_empty_object_has_no_changes_and_says_so_again(salesforce, call, org):
    told, cursor = await pages_of(salesforce, call)
    ada = org.create("Contact", {"LastName": "Ada"})

    later, _ = await pages_of(salesforce, call, cursor)

    assert (told, ids_of(later)) == ([], [ada])


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "text",
        "[]",
        '{"at": "x"}',
        '{"other": 1}',
        '{"at":"2026-01-01T00:00:00.000Z","id":"x\' OR 1"}',
    ],
)
async def test_a_cursor_that_is_none_of_ours_begins_anew(salesforce, call, cursor):
    with pytest.raises(CursorExpired, match="sf: the cursor isn't one of ours"):
        await salesforce.changed(call, "Contact", cursor, [])


async def test_after_two_weeks_all_must_be_read_again(salesforce, call, org):
    org.create("Contact", {"LastName": "Ada"})
    _, cursor = await pages_of(salesforce, call)
    late = datetime.now(UTC) + timedelta(days=15)
    salesforce._changing = Changing(salesforce._org, salesforce._reading, lambda: late)

    with pytest.raises(CursorExpired, match="deletions are told of 14 days only"):
        await salesforce.changed(call, "Contact", cursor, [])


async def test_topics_campaigns_tasks_and_events_are_facts(salesforce, call, org):
    ada, bob = (org.create("Contact", {"LastName": name}) for name in ("Ada", "Bob"))
    topic = org.create("Topic", {"Name": "VIP"})
    org.create("TopicAssignment", {"EntityId": ada, "TopicId": topic})
    spring = org.create("Campaign", {"Name": "Spring"})
    org.create("CampaignMember", {"ContactId": ada, "CampaignId": spring})
    done = "2026-03-04T05:06:07.000+0000"
    task = {"WhoId": ada, "Subject": "Call back", "TaskSubtype": "Call", "CompletedDateTime": done}
    task_id = org.create("Task", task)
    event_id = org.create("Event", {"WhoId": bob, "Subject": "Demo", "StartDateTime": done})

    found = await salesforce.facts(call, "Contact", [ada, bob], frozenset(FactKind))

    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    tag, segment, activity = found[ada]
    assert (tag.kind, tag.id, tag.name) == (FactKind.TAG, topic, "VIP")
    assert (segment.kind, segment.id, segment.name) == (FactKind.SEGMENT, spring, "Spring")
    assert activity == Fact(FactKind.ACTIVITY, task_id, "Call back", "Call", at)
    assert found[bob] == [Fact(FactKind.ACTIVITY, event_id, "Demo", "Event", at)]
    assert [asked for asked in org.asked if "composite" in asked] == [
        "POST /services/data/v67.0/composite"
    ]


async def test_only_the_facts_that_were_asked_for_are_read(salesforce, call, org):
    ada = org.create("Contact", {"LastName": "Ada"})
    org.create("Task", {"WhoId": ada, "Subject": "Call back"})

    assert await salesforce.facts(call, "Contact", [ada], {FactKind.TAG}) == {ada: []}
    assert await salesforce.facts(call, "Topic", [ada], {FactKind.SEGMENT}) == {ada: []}
    assert await salesforce.facts(call, "Contact", [], frozenset(FactKind)) == {}


async def test_facts_of_many_come_in_parts_and_over_pages(salesforce, call, org, monkeypatch):
    monkeypatch.setattr(facts, "_IDS_AT_ONCE", 10)
    org.page = 4
    people = [org.create("Contact", {"LastName": f"C{n}"}) for n in range(25)]
    for person in people:
        for subject in ("One", "Two"):
            org.create("Task", {"WhoId": person, "Subject": subject})

    found = await salesforce.facts(call, "Contact", people, {FactKind.ACTIVITY})

    assert [[fact.name for fact in found[one]] for one in people] == [["One", "Two"]] * 25
    assert sum("/composite" in asked for asked in org.asked) == 3


async def test_fields_are_described_with_their_types(salesforce, call):
    described = {one.name: one for one in await salesforce.describe(call, "Contact")}

    assert list(described) == sorted(described)
    assert described["Email"].type is ValueType.EMAIL
    assert described["Email"].is_writable
    assert described["LastName"].label == "Last Name"
    assert described["SystemModstamp"].type is ValueType.DATETIME
    assert not described["SystemModstamp"].is_writable
    assert described["Id"].is_unique


async def test_an_object_that_is_not_there_is_a_wrong_setting(salesforce, call):
    with pytest.raises(WrongSettings):
        await salesforce.describe(call, "Nothing__c")
    with pytest.raises(WrongSettings):
        await salesforce.fetch(call, "Nothing__c", [Key("Name", "x")], [])


async def test_a_write_gives_the_record_as_it_is_afterwards(salesforce, call, org):
    ada = org.create("Contact", {"LastName": "Ada", "Title": "Baker"})

    written = await salesforce.write(call, "Contact", ada, {"Title": "Cook"})

    assert org.tables["Contact"][ada]["Title"] == "Cook"
    assert written.values == {"Title": "Cook"}
    assert written.modified_at == org.now


async def test_a_record_that_is_another_by_now_is_not_written(salesforce, call, org):
    ada = org.create("Contact", {"LastName": "Ada", "Title": "Baker"})
    key = Key("id", ada)
    known = (await salesforce.fetch(call, "Contact", [key], ["Title"]))[key]
    written = await salesforce.write(call, "Contact", ada, {"Title": "Cook"}, if_match=known.etag)

    with pytest.raises(Conflict, match="the record isn't as the writer knew it"):
        await salesforce.write(call, "Contact", ada, {"Title": "Lost"}, if_match=known.etag)

    assert org.tables["Contact"][ada]["Title"] == "Cook"
    assert (await salesforce.fetch(call, "Contact", [key], ["Title"]))[key] == written


async def test_a_change_between_the_look_and_the_write_is_not_overwritten(
    salesforce, call, org, monkeypatch
):
    ada = org.create("Contact", {"LastName": "Ada", "Title": "Baker"})
    etag = org.tables["Contact"][ada]["SystemModstamp"]
    patch = salesforce._org.patch

    async def somebody_else_first(*arguments):
        org.now += timedelta(seconds=5)
        org.change("Contact", ada, {"Title": "Theirs"})
        return await patch(*arguments)

    monkeypatch.setattr(salesforce._org, "patch", somebody_else_first)

    with pytest.raises(Conflict, match="the record changed meanwhile"):
        await salesforce.write(call, "Contact", ada, {"Title": "Ours"}, if_match=etag)

    assert org.tables["Contact"][ada]["Title"] == "Theirs"


@pytest.mark.parametrize("id", ["", "x", "003Ab0000099999"])
async def test_a_record_that_is_not_there_cannot_be_written(salesforce, call, id):
    with pytest.raises(Conflict, match="no such record"):
        await salesforce.write(call, "Contact", id, {"Title": "Cook"})


async def test_a_field_that_is_not_there_cannot_be_written(salesforce, call, org):
    ada = org.create("Contact", {"LastName": "Ada"})

    with pytest.raises(UnknownField, match="`Gone__c`"):
        await salesforce.write(call, "Contact", ada, {"Gone__c": "secret-value"})


async def test_a_written_record_that_cannot_be_read_back_counts_as_written(
    salesforce, call, org, monkeypatch
):
    ada = org.create("Contact", {"LastName": "Ada"})

    async def fails(*_):
        raise BadPayload("sf", "broken")

    monkeypatch.setattr(salesforce._reading, "by_id", fails)

    written = await salesforce.write(call, "Contact", ada, {"Title": "Cook"})

    assert written == Record(ada, {"Title": "Cook"})
    assert org.tables["Contact"][ada]["Title"] == "Cook"


async def test_a_session_that_ends_is_begun_anew_without_anybody_noticing(salesforce, call, org):
    ada = org.create("Contact", {"LastName": "Ada"})
    await salesforce.ping(call)
    org.revoke()

    found = await salesforce.fetch(call, "Contact", [Key("id", ada)], ["LastName"])

    assert found[Key("id", ada)].values == {"LastName": "Ada"}
    assert org.tokens_given == 2


async def test_a_signed_assertion_is_accepted_from_its_key_alone(
    base_url, call, org, rsa_key, other_rsa_key
):
    options = {"client_id": CLIENT_ID, "user": "gateway@acme.example"}
    key = load_pem_private_key(rsa_key.encode(), None).public_key()
    org.public_key = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    await Salesforce(SourceSettings("sf", base_url, rsa_key, options)).ping(call)
    with pytest.raises(Unauthorized):
        await Salesforce(SourceSettings("sf", base_url, other_rsa_key, options)).ping(call)


async def test_a_wrong_secret_is_unauthorized(base_url, call):
    settings = SourceSettings("sf", base_url, "another", {"client_id": CLIENT_ID})

    with pytest.raises(Unauthorized, match="sf: the token endpoint refuses our credentials"):
        await Salesforce(settings).ping(call)


def test_a_change_shows_no_values():
    change = Change(ChangeKind.UPSERTED, "Contact", "1", record=Record("1", {"Title": "secret"}))

    assert "secret" not in repr(change)
