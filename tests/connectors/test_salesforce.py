import json
from datetime import UTC, datetime
from string import ascii_letters, digits
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import (
    BadPayload,
    UnknownField,
    WrongSettings,
)
from connectors.runtime.budget import Budget
from connectors.salesforce.rows import chunks, full_id, listed
from connectors.vendors.salesforce import Salesforce
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import body, json_of, status
from tests.support.soql import read_query

STAMP = "2026-09-01T12:30:00.000+0000"
CHANGED_AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
OPTIONS = {"client_id": "client-1"}


def an_id(number):
    return full_id(f"003Ab{number:010d}")


ADA, BOB, EVE = an_id(1), an_id(2), an_id(3)


def token_for(received, value=SECRET, **more):
    if received.path != "/services/oauth2/token":
        return None
    return json_of({"access_token": value, "token_type": "Bearer", **more})


def a_row(id, **values):
    return {"attributes": {"type": "Contact"}, "Id": id, "SystemModstamp": STAMP, **values}


def rows_of(*rows, done=True, **more):
    return {"totalSize": len(rows), "done": done, "records": [*rows], **more}


def refused(code, message="", status=400, fields=()):
    told = [{"errorCode": code, "message": message, "fields": [*fields]}]
    return body(json.dumps(told).encode(), status=status)


def _reply(received, present):
    if received.method == "GET":
        return {"sobjects": "/services/data/v67.0/sobjects"}
    asked = received.json()
    shown = [name for name in asked["fields"] if name not in {"Id", "SystemModstamp"}]
    return [
        a_row(one, **dict.fromkeys(shown, value_of(one))) if one in present else None
        for one in asked["ids"]
    ]


EXAMPLE = Example(
    object="Contact",
    attributes=frozenset({"Title", "Tier__c"}),
    reply=_reply,
    options=OPTIONS,
    record_id=an_id,
    token=token_for,
)


@pytest.fixture(autouse=True)
def tokens(crm):
    crm.aside = token_for
    yield
    crm.aside = None


@pytest.fixture
def salesforce(crm):
    return Salesforce(SourceSettings("sf", crm.url, SECRET, OPTIONS))


@pytest.fixture
async def fetch(salesforce, http):
    async def _fetch(keys, attributes=("Title",), object="Contact"):
        return await salesforce.fetch(Call(http, Budget(5.0)), object, keys, attributes)

    return _fetch


def soql_of(received):
    return dict(received.query)["q"]


async def test_records_are_read_by_id_in_one_collection(fetch, crm):
    crm.play(json_of([a_row(ADA, Title="Baker"), None]))

    outcomes = await fetch([Key("id", ADA), Key("id", BOB)], {"Title", "Tier__c"})

    [received] = crm.received
    assert received.method == "POST"
    assert received.target == "/services/data/v67.0/composite/sobjects/Contact"
    assert received.headers["authorization"] == f"Bearer {SECRET}"
    assert received.json() == {
        "ids": [ADA, BOB],
        "fields": ["Id", "SystemModstamp", "Tier__c", "Title"],
    }
    assert outcomes == {
        Key("id", ADA): Record(ADA, {"Title": "Baker"}, CHANGED_AT, STAMP),
        Key("id", BOB): None,
    }


async def test_2000_ids_fit_into_one_collection(fetch, crm):
    crm.play(json_of([None] * 2_000))

    outcomes = await fetch([Key("id", an_id(n)) for n in range(2_000)])

    assert [len(received.json()["ids"]) for received in crm.received] == [2_000]
    assert set(outcomes.values()) == {None}


async def test_an_id_of_15_characters_is_the_same_record(fetch, crm):
    crm.play(json_of([a_row(ADA)]))

    outcomes = await fetch([Key("id", ADA), Key("id", ADA[:15])])

    assert crm.received[0].json()["ids"] == [ADA]
    assert [outcome.id for outcome in outcomes.values()] == [ADA, ADA]


@pytest.mark.parametrize(
    ("short", "full"),
    [("001A0000006Vm9r", "001A0000006Vm9rIAC"), ("003000000000001", "003000000000001AAA")],
)
def test_the_last_three_characters_tell_which_letters_are_capital(short, full):
    assert full_id(short) == full
    assert full_id(full) == full


async def test_what_cannot_be_an_id_names_no_record_and_is_not_asked_for(fetch, crm):
    crm.play(json_of([a_row(ADA)]))
    odd = ["", "x", "003-00000000001", ADA.lower(), ADA + "A", "' OR 1=1 -- abc"]

    outcomes = await fetch([Key("id", one) for one in [*odd, ADA]])

    assert crm.received[0].json()["ids"] == [ADA]
    assert [outcomes[Key("id", one)] for one in odd] == [None] * len(odd)


async def test_ids_that_can_all_be_none_cost_no_call(fetch, crm):
    crm.play(status(500))

    assert await fetch([Key("id", "x")]) == {Key("id", "x"): None}
    assert crm.received == []


async def test_attributes_of_a_parent_are_read_by_a_query(fetch, crm):
    row = a_row(ADA, Owner={"attributes": {}, "Name": "Zoe"}, Account=None)
    crm.play(json_of(rows_of(row)))

    outcomes = await fetch([Key("id", ADA)], ["Account.Name", "Owner.Name"])

    assert crm.received[0].path == "/services/data/v67.0/query"
    asked, _, condition = soql_of(crm.received[0]).partition(" WHERE ")
    assert asked == "SELECT Account.Name,Id,Owner.Name,SystemModstamp FROM Contact"
    assert condition == f"Id IN ('{ADA}')"
    assert outcomes[Key("id", ADA)].values == {"Owner.Name": "Zoe", "Account.Name": None}


async def test_records_are_read_by_another_attribute_whatever_the_case(fetch, crm):
    crm.play(json_of(rows_of(a_row(BOB, Email="bob@x.example"), a_row(ADA, Email="ADA@x.example"))))

    outcomes = await fetch([Key("Email", "Ada@x.example"), Key("Email", "bob@x.example")])

    assert soql_of(crm.received[0]) == (
        "SELECT Email,Id,SystemModstamp,Title FROM Contact"
        " WHERE Email IN ('Ada@x.example','bob@x.example')"
    )
    assert [outcome.id for outcome in outcomes.values()] == [ADA, BOB]
    assert [outcome.values for outcome in outcomes.values()] == [{}, {}]


async def test_a_value_cannot_leave_its_literal(fetch, crm):
    crm.play(json_of(rows_of()))

    await fetch([Key("Email", r"x\' OR Name LIKE '%" + '\n"')])

    assert soql_of(crm.received[0]).endswith(r"""WHERE Email IN ('x\\\' OR Name LIKE \'%\n\"')""")


@given(value=st.text(), other=st.text())
def test_a_literal_means_its_value_and_nothing_else(value, other):
    query = read_query(" ".join(["SELECT Id FROM Contact WHERE Email IN", listed([value, other])]))

    def is_meant(text):
        return query.holds({"Email": text}, lambda row, name: row[name])

    assert is_meant(value)
    assert is_meant(other)
    assert not is_meant(value + other + "x")


@given(values=st.lists(st.text(max_size=50), max_size=60), max_bytes=st.integers(1, 2_000))
def test_parts_hold_every_value_once_in_order_and_are_no_longer_than_they_may(values, max_bytes):
    parts = [*chunks(values, max_bytes)]

    assert [value for part in parts for value in part] == values
    for part in parts:
        assert len(part) == 1 or len(quote(listed(part), safe="")) <= max_bytes + len("%28%29")


@given(st.text(alphabet=ascii_letters + digits, min_size=15, max_size=15))
def test_an_id_in_18_characters_tells_letters_apart_that_differ_in_their_case_alone(short):
    full = full_id(short)

    assert full_id(full) == full
    swapped = short.swapcase()
    assert swapped == short or full_id(swapped).casefold() != full.casefold()


async def test_many_long_values_are_asked_for_in_addresses_that_are_not_too_long(fetch, crm):
    crm.play(json_of(rows_of()))
    keys = [Key("Email", f"{n:04d}{'ü' * 100}@x.example") for n in range(200)]

    outcomes = await fetch(keys)

    assert max(len(received.target) for received in crm.received) < 8_500
    asked = "".join(soql_of(received) for received in crm.received)
    assert all(key.value in asked for key in keys)
    assert set(outcomes.values()) == {None}


async def test_all_pages_of_a_query_are_read(fetch, crm):
    more = "/services/data/v67.0/query/01g000000000001-2000"
    crm.play(
        json_of(rows_of(a_row(ADA, Email="a"), done=False, nextRecordsUrl=more)),
        json_of(rows_of(a_row(BOB, Email="b"))),
    )

    outcomes = await fetch([Key("Email", "a"), Key("Email", "b")])

    assert [received.target for received in crm.received[1:]] == [more]
    assert [outcome.id for outcome in outcomes.values()] == [ADA, BOB]


@pytest.mark.parametrize("more", ["https://elsewhere.example/", "//elsewhere", "/x/../y", None, 1])
async def test_a_next_page_elsewhere_is_not_read(fetch, crm, more):
    crm.play(json_of(rows_of(done=False, nextRecordsUrl=more)))

    with pytest.raises(BadPayload, match="a page has no next one"):
        await fetch([Key("Email", "a")])

    assert len(crm.received) == 1


async def test_two_records_of_one_address_are_given_to_nobody(fetch, crm):
    crm.play(json_of(rows_of(a_row(ADA, Email="a@x"), a_row(BOB, Email="A@X"))))

    outcomes = await fetch([Key("Email", "a@x")])

    assert type(outcomes[Key("Email", "a@x")]) is BadPayload


async def test_a_record_that_nobody_asked_for_is_given_to_nobody(fetch, crm):
    crm.play(json_of([a_row(ADA), a_row(EVE)]))

    outcomes = await fetch([Key("id", ADA), Key("id", BOB)])

    assert outcomes[Key("id", ADA)].id == ADA
    assert type(outcomes[Key("id", BOB)]) is BadPayload


async def test_a_field_that_is_not_there_costs_itself_and_one_more_call(fetch, crm, caplog):
    no_such = "No such column 'Gone__c' on sobject of type Contact"
    crm.play(refused("INVALID_FIELD", no_such), json_of([a_row(ADA, Title="Baker")]))

    outcomes = await fetch([Key("id", ADA)], ["Title", "Gone__c"])

    asked = [received.json()["fields"] for received in crm.received]
    assert asked == [
        ["Gone__c", "Id", "SystemModstamp", "Title"],
        ["Id", "SystemModstamp", "Title"],
    ]
    assert outcomes[Key("id", ADA)].values == {"Title": "Baker"}
    assert "sf: no field `Gone__c` of `Contact`" in caplog.text


async def test_a_field_that_is_not_there_is_not_asked_for_again_for_a_while(fetch, crm):
    no_such = "SELECT Gone__c,Id\n ^\nERROR\nNo such column 'Gone__c' on entity 'Contact'. If ..."
    crm.play(refused("INVALID_FIELD", no_such), json_of(rows_of(a_row(ADA, Email="a"))))
    await fetch([Key("Email", "a")], ["Gone__c"])

    await fetch([Key("Email", "a")], ["Gone__c"])

    assert ["Gone__c" in soql_of(received) for received in crm.received] == [True, False, False]


async def test_what_cannot_be_a_field_is_not_asked_for(fetch, crm):
    crm.play(json_of([a_row(ADA, Title="Baker")]))

    outcomes = await fetch([Key("id", ADA)], ["Title", "a b", "x'y", "", "(SELECT Id FROM Tasks)"])

    assert crm.received[0].json()["fields"] == ["Id", "SystemModstamp", "Title"]
    assert outcomes[Key("id", ADA)].values == {"Title": "Baker"}


async def test_a_field_that_salesforce_goes_on_to_refuse_costs_the_call(fetch, crm):
    crm.play(
        *(refused("INVALID_FIELD", f"No such column '{name}' on x") for name in "ABCD"),
    )

    with pytest.raises(UnknownField, match="no such field, or it isn't shown to us: `D`"):
        await fetch([Key("id", ADA)], ["A", "B", "C", "D", "E"])

    assert len(crm.received) == 4


@pytest.mark.parametrize(
    "row",
    [{"Id": 5}, {"Id": "short"}, {"Title": "x"}, {"Id": ADA, "SystemModstamp": "yesterday"}],
)
async def test_a_malformed_record_costs_its_own_key(fetch, crm, row):
    crm.play(json_of([row, a_row(BOB)]))

    outcomes = await fetch([Key("id", ADA), Key("id", BOB)])

    assert type(outcomes[Key("id", ADA)]) is BadPayload
    assert outcomes[Key("id", BOB)].id == BOB


async def test_a_kind_of_key_that_cannot_be_a_field_is_a_wrong_setting(fetch, crm):
    crm.play(status(500))

    with pytest.raises(WrongSettings, match="a kind of key is"):
        await fetch([Key("Email) OR (Id", "x")])

    assert crm.received == []
