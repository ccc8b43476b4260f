from datetime import UTC, datetime

import pytest

from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import BadPayload, Unavailable, WrongSettings
from connectors.runtime.budget import Budget
from connectors.vendors.hubspot import HubSpot
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import body, json_of, status

STAMP = "2026-09-01T12:30:00.250Z"
UPDATED_AT = datetime(2026, 9, 1, 12, 30, 0, 250_000, tzinfo=UTC)


def a_row(id, **properties):
    return {
        "id": id,
        "properties": {"hs_object_id": id, "lastmodifieddate": "x", **properties},
        "createdAt": "2020-01-01T00:00:00Z",
        "updatedAt": STAMP,
        "archived": False,
    }


def a_batch(*rows, **more):
    return {"status": "COMPLETE", "results": [*rows], "startedAt": "x", "completedAt": "x"} | more


def not_found(*ids):
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some objects.",
        "context": {"ids": [*ids]},
    }


def _reply(received, present):
    if received.method == "GET":
        return {"results": []}
    asked = received.json()
    wanted = sorted({one["id"] for one in asked["inputs"]}, reverse=True)
    absent = [one for one in wanted if one not in present]
    rows = [
        a_row(one, **dict.fromkeys(asked["properties"], value_of(one)))
        for one in wanted
        if one in present
    ]
    return a_batch(*rows, **({"numErrors": 1, "errors": [not_found(*absent)]} if absent else {}))


EXAMPLE = Example(
    object="contacts",
    attributes=frozenset({"lifecyclestage", "jobtitle"}),
    reply=_reply,
    options={},
)


@pytest.fixture
async def fetch(crm, http):
    async def _fetch(keys, attributes=("jobtitle",), object="contacts"):
        hubspot = HubSpot(SourceSettings("hub", crm.url, SECRET))
        return await hubspot.fetch(Call(http, Budget(5.0)), object, keys, attributes)

    return _fetch


async def test_records_are_read_by_id_in_one_batch(fetch, crm):
    crm.play(json_of(a_batch(a_row("2", jobtitle=None), a_row("1", jobtitle="Baker"))))

    outcomes = await fetch([Key("id", "1"), Key("id", "2")], {"jobtitle", "city"})

    [received] = crm.received
    assert received.method == "POST"
    assert received.target == "/crm/objects/2026-09/contacts/batch/read?archived=false"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["authorization"] == f"Bearer {SECRET}"
    assert received.json() == {
        "inputs": [{"id": "1"}, {"id": "2"}],
        "properties": ["city", "jobtitle"],
        "propertiesWithHistory": [],
    }
    assert outcomes == {
        Key("id", "1"): Record("1", {"jobtitle": "Baker"}, UPDATED_AT, STAMP),
        Key("id", "2"): Record("2", {"jobtitle": None}, UPDATED_AT, STAMP),
    }


async def test_100_keys_fit_into_one_batch(fetch, crm):
    crm.play(json_of(a_batch()))

    outcomes = await fetch([Key("id", str(n)) for n in range(100)])

    assert [len(received.json()["inputs"]) for received in crm.received] == [100]
    assert set(outcomes.values()) == {None}


async def test_records_are_read_by_e_mail_out_of_order_and_whatever_the_case(fetch, crm):
    ada, bob = a_row("1", email="ADA@example.com"), a_row("2", email="bob@example.com")
    crm.play(json_of(a_batch(bob, ada)))
    keys = [Key("email", "Ada@Example.com"), Key("email", "bob@example.com")]

    outcomes = await fetch(keys)

    asked = crm.received[0].json()
    assert asked["idProperty"] == "email"
    assert asked["properties"] == ["email", "jobtitle"]
    assert {key.value: record.id for key, record in outcomes.items()} == {
        "Ada@Example.com": "1",
        "bob@example.com": "2",
    }
    assert [record.values for record in outcomes.values()] == [{}, {}]


async def test_two_spellings_of_one_address_are_asked_once_and_both_answered(fetch, crm):
    crm.play(json_of(a_batch(a_row("1", email="ada@example.com"))))
    keys = [Key("email", "ada@example.com"), Key("email", "ADA@example.com")]

    outcomes = await fetch(keys)

    assert len(crm.received[0].json()["inputs"]) == 1
    assert [outcomes[key].id for key in keys] == ["1", "1"]


async def test_other_unique_properties_match_to_the_letter(fetch, crm):
    crm.play(json_of(a_batch(a_row("1", profile_id="p-Ada"))))

    outcomes = await fetch([Key("profile_id", "p-Ada"), Key("profile_id", "p-bob")])

    assert crm.received[0].json()["idProperty"] == "profile_id"
    assert [getattr(outcome, "id", None) for outcome in outcomes.values()] == ["1", None]


@pytest.mark.parametrize("code", [200, 207])
async def test_absent_records_are_none_whether_hubspot_answers_200_or_207(fetch, crm, code):
    told = b'{"results": [], "numErrors": 1, "errors": [{"category": "OBJECT_NOT_FOUND"}]}'
    crm.play(body(told, status=code))

    outcomes = await fetch([Key("id", "1")])

    assert outcomes == {Key("id", "1"): None}


@pytest.mark.parametrize(
    "trouble",
    [
        {"errors": [{"category": "INTERNAL_ERROR", "context": {"ids": ["2"]}}]},
        {"numErrors": 2, "errors": [not_found("3")]},
        {"numErrors": 1},
        {"status": "PROCESSING"},
    ],
    ids=["another error", "an error kept back", "no errors told", "a batch not done"],
)
async def test_after_a_partial_failure_a_missing_record_is_not_taken_for_absent(
    fetch, crm, trouble
):
    crm.play(json_of(a_batch(a_row("1", jobtitle="Baker"), **trouble)))

    outcomes = await fetch([Key("id", "1"), Key("id", "2")])

    assert outcomes[Key("id", "1")].values == {"jobtitle": "Baker"}
    assert type(outcomes[Key("id", "2")]) is Unavailable


async def test_what_hubspot_names_as_not_found_is_absent_even_beside_a_failure(fetch, crm):
    failed = {"category": "INTERNAL_ERROR", "context": {"ids": ["2"]}}
    crm.play(json_of(a_batch(numErrors=2, errors=[not_found("3"), failed])))

    outcomes = await fetch([Key("id", "2"), Key("id", "3")])

    assert type(outcomes[Key("id", "2")]) is Unavailable
    assert outcomes[Key("id", "3")] is None


async def test_a_merged_record_answers_for_the_id_it_had_before(fetch, crm):
    crm.play(
        json_of(a_batch(a_row("1", jobtitle="Baker"), a_row("900", jobtitle="Cook"))),
        json_of(a_batch(a_row("900", hs_merged_object_ids="41;42"))),
    )

    outcomes = await fetch([Key("id", "1"), Key("id", "42"), Key("id", "43")])

    assert [one.json()["properties"] for one in crm.received] == [
        ["jobtitle"],
        ["hs_merged_object_ids"],
    ]
    assert crm.received[1].json()["inputs"] == [{"id": "900"}]
    assert outcomes[Key("id", "42")] == Record("900", {"jobtitle": "Cook"}, UPDATED_AT, STAMP)
    assert outcomes[Key("id", "43")] is None


async def test_a_record_answers_for_its_second_address(fetch, crm):
    crm.play(
        json_of(a_batch(a_row("1", email="ada@example.com", jobtitle="Cook"))),
        json_of(a_batch(a_row("1", hs_additional_emails="a@home.example;Ada@Work.example"))),
    )

    outcomes = await fetch([Key("email", "ada@work.example")])

    assert outcomes[Key("email", "ada@work.example")].id == "1"


@pytest.mark.parametrize(
    "second", [status(403), json_of(a_batch()), json_of(a_batch(a_row("900")))]
)
async def test_a_record_that_nobody_asked_for_is_given_to_nobody(fetch, crm, second):
    crm.play(json_of(a_batch(a_row("1"), a_row("900", jobtitle="Cook"))), second)

    outcomes = await fetch([Key("id", "1"), Key("id", "42")])

    assert outcomes[Key("id", "1")].id == "1"
    assert type(outcomes[Key("id", "42")]) is BadPayload


async def test_a_property_without_other_names_costs_no_second_call(fetch, crm):
    crm.play(json_of(a_batch(a_row("1", code="C"))))

    outcomes = await fetch([Key("code", "c")])

    assert len(crm.received) == 1
    assert type(outcomes[Key("code", "c")]) is BadPayload


async def test_two_records_of_one_key_are_given_to_nobody(fetch, crm):
    crm.play(json_of(a_batch(a_row("1", code="c"), a_row("2", code="c"), a_row("3", code="d"))))

    outcomes = await fetch([Key("code", "c"), Key("code", "d")])

    assert type(outcomes[Key("code", "c")]) is BadPayload
    assert outcomes[Key("code", "d")].id == "3"


@pytest.mark.parametrize(
    "row",
    [{"id": "2"}, {"id": "2", "properties": {}, "updatedAt": "yesterday"}],
    ids=["no properties", "no instant"],
)
async def test_a_malformed_record_costs_its_own_key(fetch, crm, row):
    crm.play(json_of(a_batch(a_row("1"), row)))

    outcomes = await fetch([Key("id", "1"), Key("id", "2")])

    assert outcomes[Key("id", "1")].id == "1"
    assert type(outcomes[Key("id", "2")]) is BadPayload


@pytest.mark.parametrize("more", [{"numErrors": "1"}, {"errors": ["no"]}, {"results": None}])
async def test_a_malformed_batch_costs_the_call(fetch, crm, more):
    crm.play(json_of(a_batch(**more)))

    with pytest.raises(BadPayload):
        await fetch([Key("id", "1")])


@pytest.mark.parametrize(
    ("told", "modified_at"),
    [
        ("2026-09-01T14:30:00.25+02:00", UPDATED_AT),
        ("2026-09-01T12:30:00.250", UPDATED_AT),
        (None, None),
    ],
)
async def test_a_record_changed_at_an_instant_in_utc_if_hubspot_says_so(
    fetch, crm, told, modified_at
):
    crm.play(json_of(a_batch(a_row("1") | {"updatedAt": told})))

    outcomes = await fetch([Key("id", "1")])

    assert outcomes[Key("id", "1")].modified_at == modified_at


async def test_ping_reads_one_contact(crm, http):
    crm.play(json_of({"results": []}))

    await HubSpot(SourceSettings("hub", crm.url, SECRET)).ping(Call(http, Budget(5.0)))

    assert [one.target for one in crm.received] == ["/crm/objects/2026-09/contacts?limit=1"]


def test_options_are_refused_because_hubspot_has_none():
    with pytest.raises(WrongSettings, match="hub: no such option: `portal`"):
        HubSpot(SourceSettings("hub", "https://crm.example", SECRET, {"portal": "1"}))
