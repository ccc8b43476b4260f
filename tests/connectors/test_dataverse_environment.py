"""Dataverse against a stand-in that keeps records: what changes, descriptions, writes."""

from datetime import UTC, datetime

import pytest

from connectors.abilities import (
    ChangeKind,
    Describes,
    Fact,
    FactKind,
    KnowsFacts,
    TakesWrites,
    TellsChanges,
    ValueType,
)
from connectors.base import Call, Key, SourceSettings
from connectors.dataverse import changing
from connectors.errors import (
    BadPayload,
    Conflict,
    CursorExpired,
    Unauthorized,
    UnknownField,
    WrongSettings,
)
from connectors.runtime.budget import Budget
from connectors.vendors.dataverse import Dataverse
from tests.connectors.test_dataverse import an_id
from tests.support.dataverse_http import dataverse_app
from tests.support.dataverse_tables import CLIENT_ID, CLIENT_SECRET, TENANT, Tables
from tests.support.listening import standing_in


@pytest.fixture
def tables():
    return Tables()


@pytest.fixture
async def base_url(tables):
    async with standing_in(dataverse_app(tables)) as url:
        yield url


def at(base_url, secret=CLIENT_SECRET):
    token_url = f"{base_url}/{TENANT}/oauth2/v2.0/token"
    options = {"client_id": CLIENT_ID, "tenant": TENANT, "token_url": token_url}
    return Dataverse(SourceSettings("dv", base_url, secret, options))


@pytest.fixture
def dataverse(base_url):
    return at(base_url)


@pytest.fixture
def call(http):
    return Call(http, Budget(20.0))


async def pages_of(dataverse, call, cursor=None, attributes=("jobtitle",)):
    told = []
    while True:
        page = await dataverse.changed(call, "contact", cursor, attributes)
        told += page.changes
        cursor = page.cursor
        if page.is_last:
            return told, cursor


def ids_of(changes):
    return [change.id for change in changes]


def test_it_says_what_it_can(dataverse):
    for ability in (Describes, TellsChanges, KnowsFacts, TakesWrites):
        assert isinstance(dataverse, ability)


async def test_records_are_read_by_id_by_address_and_with_what_people_see(dataverse, call, tables):
    values = {"emailaddress1": "O'Hara@x.example", "jobtitle": "Baker", "gendercode": 2}
    ada = tables.create("contact", values)

    for key in (Key("id", ada.upper()), Key("emailaddress1", "o'hara@X.example")):
        found = await dataverse.fetch(call, "contact", [key], ["jobtitle", "gendercode@label"])
        assert found[key].id == ada
        assert found[key].values == {"jobtitle": "Baker", "gendercode@label": "Female"}


async def test_a_record_that_was_merged_away_answers_with_who_survived(dataverse, call, tables):
    ada, bob, eve = (
        tables.create("contact", {"jobtitle": f"J{n}", "emailaddress1": "a@x"}) for n in range(3)
    )
    tables.change("contact", ada, {"merged": True, "_masterid_value": bob})
    tables.change("contact", bob, {"merged": True, "_masterid_value": eve})
    keys = [Key("id", ada), Key("id", bob), Key("id", eve)]

    found = await dataverse.fetch(call, "contact", keys, ["jobtitle"])
    by_mail = await dataverse.fetch(call, "contact", [Key("emailaddress1", "a@x")], ["jobtitle"])

    assert [(one.id, one.values) for one in found.values()] == [(eve, {"jobtitle": "J2"})] * 3
    assert by_mail[Key("emailaddress1", "a@x")].id == eve


async def test_a_merge_that_leads_nowhere_costs_its_own_key(dataverse, call, tables):
    ada, bob, eve = (tables.create("contact", {}) for _ in range(3))
    tables.change("contact", ada, {"merged": True, "_masterid_value": bob})
    tables.change("contact", bob, {"merged": True, "_masterid_value": ada})

    found = await dataverse.fetch(call, "contact", [Key("id", ada), Key("id", eve)], [])

    assert type(found[Key("id", ada)]) is BadPayload
    assert found[Key("id", eve)].id == eve


async def test_the_first_run_tells_every_record_and_the_next_what_changed_since(
    dataverse, call, tables, monkeypatch
):
    monkeypatch.setattr(changing, "PAGE", 4)
    made = [tables.create("contact", {"jobtitle": f"J{n}"}) for n in range(10)]

    told, cursor = await pages_of(dataverse, call)
    tables.change("contact", made[3], {"jobtitle": "Cook"})
    tables.delete("contact", made[4])
    tables.change("contact", made[5], {"merged": True, "_masterid_value": made[6]})
    later, again = await pages_of(dataverse, call, cursor)
    nothing, _ = await pages_of(dataverse, call, again)

    assert ids_of(told) == made
    assert [change.record.values["jobtitle"] for change in told] == [f"J{n}" for n in range(10)]
    assert [(one.kind, one.id, one.into_id) for one in later] == [
        (ChangeKind.UPSERTED, made[3], None),
        (ChangeKind.MERGED, made[5], made[6]),
        (ChangeKind.DELETED, made[4], None),
    ]
    assert later[0].record.values == {"jobtitle": "Cook"}
    assert nothing == []
    assert len(cursor) < 4_096


async def test_a_run_that_was_cut_off_goes_on_where_it_stood(
    dataverse, base_url, call, tables, monkeypatch
):
    monkeypatch.setattr(changing, "PAGE", 4)
    made = [tables.create("contact", {}) for _ in range(10)]
    first = await dataverse.changed(call, "contact", None, [])

    told, _ = await pages_of(at(base_url), call, first.cursor, ())

    assert ids_of([*first.changes, *told]) == made


async def test_after_a_week_all_must_be_read_again(dataverse, call, tables):
    _, cursor = await pages_of(dataverse, call)
    tables.forgotten_before = tables.version + 1

    with pytest.raises(CursorExpired, match="what changed is told of seven days only"):
        await dataverse.changed(call, "contact", cursor, ["jobtitle"])


async def test_a_column_that_is_not_there_is_left_out_of_a_run_and_of_the_next(
    dataverse, base_url, call, tables
):
    ada = tables.create("contact", {"jobtitle": "Baker"})
    names = ("jobtitle", "new_gone", "a b")

    told, cursor = await pages_of(dataverse, call, attributes=names)
    tables.change("contact", ada, {"jobtitle": "Cook"})
    later, _ = await pages_of(at(base_url), call, cursor, names)

    assert [change.record.values for change in [*told, *later]] == [
        {"jobtitle": "Baker"},
        {"jobtitle": "Cook"},
    ]


async def test_other_attributes_mean_reading_all_again(dataverse, call, tables):
    tables.create("contact", {})
    _, cursor = await pages_of(dataverse, call)

    with pytest.raises(CursorExpired, match="other attributes are asked for than before"):
        await dataverse.changed(call, "contact", cursor, ["jobtitle", "firstname"])


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "[]",
        '{"link":"/secrets?x","question":"y"}',
        '{"link":"/../contacts?x","question":"y"}',
        '{"link":5,"question":"y"}',
        '{"other":1}',
    ],
)
async def test_a_cursor_that_is_none_of_ours_begins_anew(dataverse, call, tables, cursor):
    with pytest.raises(CursorExpired, match="the cursor isn't one of ours"):
        await dataverse.changed(call, "contact", cursor, [])

    assert tables.asked == []


async def test_activities_regarding_a_record_are_facts(dataverse, call, tables):
    ada, bob = tables.create("contact", {}), tables.create("contact", {})
    done = {"actualend": "2026-03-04T05:06:07Z", "createdon": "2026-01-01T00:00:00Z"}
    told = {"activityid": an_id(1), "subject": "Call back", "activitytypecode": "phonecall"}
    tables.create("activitypointer", {"_regardingobjectid_value": ada, **told, **done})
    silent = {"activityid": an_id(2), "activitytypecode": "task"}
    tables.create("activitypointer", {"_regardingobjectid_value": ada, **silent})

    found = await dataverse.facts(call, "contact", [ada.upper(), bob], {FactKind.ACTIVITY})

    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert found == {
        ada.upper(): [
            Fact(FactKind.ACTIVITY, an_id(1), "Call back", "phonecall", at),
            Fact(FactKind.ACTIVITY, an_id(2), None, "task"),
        ],
        bob: [],
    }
    assert sum("activitypointers" in asked for asked in tables.asked) == 1
    assert await dataverse.facts(call, "contact", [ada], {FactKind.TAG}) == {ada: []}


async def test_columns_are_described_with_their_types(dataverse, call):
    described = {one.name: one for one in await dataverse.describe(call, "contact")}

    assert list(described) == sorted(described)
    assert described["emailaddress1"].type is ValueType.EMAIL
    assert described["emailaddress1"].is_unique
    assert described["contactid"].is_unique
    assert described["_ownerid_value"].type is ValueType.LINK
    assert not described["_ownerid_value"].is_writable
    assert described["annualincome"].type is ValueType.MONEY
    assert described["annualincome"].is_sensitive
    assert described["gendercode"].type is ValueType.CHOICE
    assert described["gendercode"].options == ("1", "2")
    assert described["jobtitle"].label == "Jobtitle"
    assert described["jobtitle"].is_writable
    assert not described["modifiedon"].is_writable


async def test_a_table_of_the_environment_s_own_works_like_any_other(dataverse, call, tables):
    box = tables.create("new_widget", {"new_name": "Box"})
    key = Key("id", box)

    found = await dataverse.fetch(call, "new_widget", [key], ["new_name"])
    written = await dataverse.write(call, "new_widget", box, {"new_name": "Crate"})

    assert found[key].values == {"new_name": "Box"}
    assert written.values == {"new_name": "Crate"}
    with pytest.raises(WrongSettings):
        await dataverse.describe(call, "new_nothing")


async def test_a_record_that_is_another_by_now_is_not_written(dataverse, call, tables):
    ada = tables.create("contact", {"jobtitle": "Baker"})
    key = Key("id", ada)
    known = (await dataverse.fetch(call, "contact", [key], ["jobtitle"]))[key]

    written = await dataverse.write(call, "contact", ada, {"jobtitle": "Cook"}, if_match=known.etag)
    with pytest.raises(Conflict, match="the record isn't as the writer knew it"):
        await dataverse.write(call, "contact", ada, {"jobtitle": "Lost"}, if_match=known.etag)

    assert tables.rows["contact"][ada]["jobtitle"] == "Cook"
    assert (await dataverse.fetch(call, "contact", [key], ["jobtitle"]))[key] == written


async def test_a_record_that_is_not_there_is_not_made_by_a_write(dataverse, call, tables):
    nobody = "00000000-0000-4000-8000-000000000001"

    with pytest.raises(Conflict, match="no such record"):
        await dataverse.write(call, "contact", nobody, {"jobtitle": "Cook"})
    ada = tables.create("contact", {})
    with pytest.raises(UnknownField, match="`new_gone`"):
        await dataverse.write(call, "contact", ada, {"new_gone": "secret-value"})

    assert list(tables.rows["contact"]) == [ada]


async def test_a_token_that_is_refused_is_renewed_without_anybody_noticing(dataverse, call, tables):
    await dataverse.ping(call)
    tables.tokens = {"eyJ.other": tables.now}

    await dataverse.ping(call)

    assert len(tables.tokens) == 2


async def test_a_wrong_secret_is_unauthorized(base_url, call):
    with pytest.raises(Unauthorized, match="dv: the token endpoint refuses our credentials"):
        await at(base_url, "another").ping(call)
