import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest

from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import (
    BadPayload,
    Conflict,
    RateLimited,
    Unauthorized,
    Unavailable,
    UnknownField,
    WrongSettings,
)
from connectors.runtime.budget import Budget
from connectors.vendors.dataverse import Dataverse
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import body, json_of, status

CHANGED_AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
ALWAYS = {"contactid", "modifiedon", "merged", "_masterid_value"}
ETAG = 'W/"5001"'
OPTIONS = {"client_id": "client-1", "tenant": "acme.example", "token_url": "{url}/login/token"}
LABEL = "@OData.Community.Display.V1.FormattedValue"


def an_id(number):
    return f"00000000-0000-4000-8000-{number:012d}"


ADA, BOB = an_id(1), an_id(2)


def token_for(received):
    if received.path != "/login/token":
        return None
    return json_of({"access_token": SECRET, "token_type": "Bearer", "expires_in": 3599})


def a_row(id, **values):
    return {"@odata.etag": ETAG, "contactid": id, "modifiedon": "2026-09-01T12:30:00Z", **values}


def a_page(*rows, **more):
    return {"@odata.context": "x", "value": [*rows], **more}


def refused(code, message="x", status=400):
    told = json.dumps({"error": {"code": code, "message": message}})
    return body(told.encode(), status=status)


def _reply(received, present):
    query = dict(received.query)
    if "$filter" not in query:
        return {"UserId": an_id(9)}
    asked = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", query["$filter"])
    names = set(query["$select"].split(",")) - ALWAYS
    rows = [a_row(one, **dict.fromkeys(names, value_of(one))) for one in asked if one in present]
    return a_page(*reversed(rows))


EXAMPLE = Example(
    object="contact",
    attributes=frozenset({"jobtitle", "new_tier"}),
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
def dataverse(crm):
    options = OPTIONS | {"token_url": f"{crm.url}/login/token"}
    return Dataverse(SourceSettings("dv", crm.url, SECRET, options))


@pytest.fixture
async def fetch(dataverse, http):
    async def _fetch(keys, attributes=("jobtitle",), object="contact"):
        return await dataverse.fetch(Call(http, Budget(5.0)), object, keys, attributes)

    return _fetch


async def test_records_are_read_by_id_in_one_query(fetch, crm):
    crm.play(json_of(a_page(a_row(ADA, jobtitle="Baker"))))

    outcomes = await fetch([Key("id", ADA), Key("id", BOB)], {"jobtitle", "_ownerid_value"})

    [received] = crm.received
    assert (received.method, received.path) == ("GET", "/api/data/v9.2/contacts")
    assert dict(received.query) == {
        "$select": "_masterid_value,_ownerid_value,contactid,jobtitle,merged,modifiedon",
        "$filter": (
            f"Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=['{ADA}','{BOB}'])"
        ),
    }
    assert received.headers["authorization"] == f"Bearer {SECRET}"
    assert received.headers["odata-version"] == "4.0"
    assert received.headers["if-none-match"] == "null"
    assert "prefer" not in received.headers
    assert outcomes == {
        Key("id", ADA): Record(ADA, {"jobtitle": "Baker"}, CHANGED_AT, ETAG),
        Key("id", BOB): None,
    }


async def test_200_ids_fit_into_one_query(fetch, crm):
    crm.play(json_of(a_page()))

    outcomes = await fetch([Key("id", an_id(n)) for n in range(200)])

    assert [len(received.target) < 16_000 for received in crm.received] == [True]
    assert set(outcomes.values()) == {None}


async def test_an_id_is_the_same_in_capitals(fetch, crm):
    id_ = "aaaaaaaa-0000-4000-8000-000000000001"
    crm.play(json_of(a_page(a_row(id_.upper()))))

    outcomes = await fetch([Key("id", id_), Key("id", id_.upper())])

    assert [outcome.id for outcome in outcomes.values()] == [id_, id_]


async def test_what_cannot_be_an_id_names_no_record_and_is_not_asked_for(fetch, crm):
    crm.play(status(500))
    odd = [Key("id", one) for one in ("", "7", ADA + "0", "') or (contactid ne null")]

    assert await fetch(odd) == dict.fromkeys(odd)
    assert crm.received == []


async def test_records_are_read_by_another_column_and_values_cannot_leave_their_quotes(fetch, crm):
    mail = "o'Hara&x=ü@x.example"
    crm.play(json_of(a_page(a_row(ADA, emailaddress1=mail.upper()))))

    outcomes = await fetch([Key("emailaddress1", mail)])

    query = dict(crm.received[0].query)
    assert query["$filter"].endswith("PropertyValues=['o''Hara&x=ü@x.example'])")
    assert set(query) == {"$select", "$filter"}
    assert outcomes[Key("emailaddress1", mail)].id == ADA
    assert outcomes[Key("emailaddress1", mail)].values == {}


async def test_many_long_values_are_asked_for_in_addresses_that_are_not_too_long(fetch, crm):
    crm.play(json_of(a_page()))

    await fetch([Key("emailaddress1", f"{n:04d}{'ü' * 100}@x.example") for n in range(200)])

    assert len(crm.received) > 1
    assert max(len(received.target) for received in crm.received) < 21_000


async def test_what_people_see_is_asked_for_where_it_is_wanted(fetch, crm):
    crm.play(json_of(a_page(a_row(ADA, gendercode=2, **{"gendercode" + LABEL: "Female"}))))

    outcomes = await fetch([Key("id", ADA)], ["gendercode", "gendercode@label"])

    received = crm.received[0]
    assert (
        dict(received.query)["$select"] == "_masterid_value,contactid,gendercode,merged,modifiedon"
    )
    assert received.headers["prefer"] == (
        'odata.include-annotations="OData.Community.Display.V1.FormattedValue"'
    )
    assert outcomes[Key("id", ADA)].values == {"gendercode": 2, "gendercode@label": "Female"}


async def test_an_empty_column_has_no_label(fetch, crm):
    crm.play(json_of(a_page(a_row(ADA, gendercode=None))))

    outcomes = await fetch([Key("id", ADA)], ["gendercode@label", "other@label"])

    assert outcomes[Key("id", ADA)].values == {"gendercode@label": None}


async def test_all_pages_are_read_from_where_we_are_whatever_host_a_link_names(fetch, crm):
    link = "https://elsewhere.example/api/data/v9.2/contacts?$select=x&$skiptoken=%3Ccookie%3E"
    crm.play(
        json_of(a_page(a_row(ADA), **{"@odata.nextLink": link})),
        json_of(a_page(a_row(BOB))),
    )

    outcomes = await fetch([Key("id", ADA), Key("id", BOB)])

    assert crm.received[1].target == "/api/data/v9.2/contacts?$select=x&$skiptoken=%3Ccookie%3E"
    assert [outcome.id for outcome in outcomes.values()] == [ADA, BOB]


@pytest.mark.parametrize("link", ["https://x/api/data/v9.2/secrets?x", "/x/../y?z", "//[", 5, ""])
async def test_a_link_to_something_else_is_not_followed(fetch, crm, link):
    crm.play(json_of(a_page(**{"@odata.nextLink": link})))

    with pytest.raises(BadPayload, match="nextLink` leads elsewhere"):
        await fetch([Key("id", ADA)])

    assert len(crm.received) == 1


async def test_a_column_that_is_not_there_costs_itself_and_one_more_call(fetch, crm, caplog):
    told = "Could not find a property named 'new_gone' on type 'Microsoft.Dynamics.CRM.contact'."
    crm.play(refused("0x80060888", told), json_of(a_page(a_row(ADA, jobtitle="Baker"))))

    for _ in range(2):
        outcomes = await fetch([Key("id", ADA)], ["jobtitle", "new_gone"])

    assert ["new_gone" in received.target for received in crm.received] == [True, False, False]
    assert outcomes[Key("id", ADA)].values == {"jobtitle": "Baker"}
    assert "dv: no field `new_gone` of `contact`" in caplog.text


async def test_what_cannot_be_a_column_is_not_asked_for(fetch, crm):
    crm.play(json_of(a_page(a_row(ADA))))

    await fetch([Key("id", ADA)], ["a b", "x'y", "", "jobtitle,x", "jobtitle@odata.bind"])

    assert dict(crm.received[0].query)["$select"] == "_masterid_value,contactid,merged,modifiedon"


async def test_two_records_of_one_address_are_given_to_nobody(fetch, crm):
    crm.play(json_of(a_page(a_row(ADA, emailaddress1="a@x"), a_row(BOB, emailaddress1="A@x"))))

    outcomes = await fetch([Key("emailaddress1", "a@x")])

    assert type(outcomes[Key("emailaddress1", "a@x")]) is BadPayload


async def test_a_record_that_nobody_asked_for_is_given_to_nobody(fetch, crm):
    crm.play(json_of(a_page(a_row(ADA), a_row(an_id(3)))))

    outcomes = await fetch([Key("id", ADA), Key("id", BOB)])

    assert outcomes[Key("id", ADA)].id == ADA
    assert type(outcomes[Key("id", BOB)]) is BadPayload


@pytest.mark.parametrize("row", [{"contactid": BOB, "modifiedon": "soon"}, {"contactid": 5}])
async def test_a_malformed_record_costs_its_own_key(fetch, crm, row):
    crm.play(json_of(a_page(a_row(ADA), row)))

    outcomes = await fetch([Key("id", ADA), Key("id", BOB)])

    assert outcomes[Key("id", ADA)].id == ADA
    assert type(outcomes[Key("id", BOB)]) is BadPayload


async def test_a_table_that_is_not_known_yet_is_asked_for_once(fetch, crm):
    named = {"EntitySetName": "new_boxes", "PrimaryIdAttribute": "new_boxid"}
    row = {"new_boxid": ADA, "new_name": "Box"}
    crm.play(json_of(named), json_of(a_page(row)))

    for _ in range(2):
        outcomes = await fetch([Key("id", ADA)], ["new_name"], object="new_box")

    assert [received.path for received in crm.received] == [
        "/api/data/v9.2/EntityDefinitions(LogicalName='new_box')",
        "/api/data/v9.2/new_boxes",
        "/api/data/v9.2/new_boxes",
    ]
    assert outcomes[Key("id", ADA)].values == {"new_name": "Box"}


@pytest.mark.parametrize(
    "told", [{"EntitySetName": "../x", "PrimaryIdAttribute": "id"}, {"EntitySetName": "x"}, 5]
)
async def test_a_definition_that_makes_no_sense_is_not_believed(fetch, crm, told):
    crm.play(json_of(told))

    with pytest.raises(BadPayload, match="a table's definition has no names"):
        await fetch([Key("id", ADA)], object="new_box")


@pytest.mark.parametrize(
    ("answer", "error_class", "requests"),
    [
        (status(401), Unauthorized, 2),
        (status(429, Retry_After="30"), RateLimited, 1),
        (status(429), RateLimited, 3),
        (refused("0x80060888", "Syntax error at 'ada@x.example'"), BadPayload, 1),
        (refused("0x8006088a", status=404), WrongSettings, 1),
        (refused("0x80040216", status=500), Unavailable, 3),
    ],
)
async def test_a_refusal_has_its_error(fetch, crm, answer, error_class, requests):
    crm.play(answer)

    with pytest.raises(error_class) as raised:
        await fetch([Key("id", ADA)])

    assert type(raised.value) is error_class
    assert len(crm.received) == requests
    assert "ada@" not in str(raised.value)


async def test_the_client_shows_its_secret_for_a_token_of_the_environment(fetch, crm):
    crm.aside = None
    crm.play(json_of({"access_token": "t-1", "expires_in": 3599}), json_of(a_page()))

    await fetch([Key("id", ADA)])

    asked = crm.received[0]
    assert (asked.method, asked.target) == ("POST", "/login/token")
    assert dict(parse_qsl(asked.body.decode())) == {
        "grant_type": "client_credentials",
        "client_id": "client-1",
        "client_secret": SECRET,
        "scope": f"{crm.url}/.default",
    }


@pytest.mark.parametrize(
    ("secret", "options", "told"),
    [
        (SECRET, {"client_id": "c"}, "dv: the option `tenant` is missing"),
        ("", {"client_id": "c", "tenant": "t"}, "dv: the secret of the client is missing"),
        (SECRET, {"client_id": "c", "tenant": "../x"}, "dv: the option `tenant` is a directory's"),
        (SECRET, OPTIONS | {"token_url": "/token"}, "dv: the option `token_url` must be https"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_start(secret, options, told):
    with pytest.raises(WrongSettings) as raised:
        Dataverse(SourceSettings("dv", "https://acme.api.crm.dynamics.com", secret, options))

    assert str(raised.value).startswith(told)


async def test_a_write_is_one_conditional_call_that_answers_with_the_record(dataverse, crm, http):
    crm.play(json_of(a_row(ADA, jobtitle="Cook")))

    written = await dataverse.write(
        Call(http, Budget(5.0)), "contact", ADA, {"jobtitle": "Cook"}, if_match=ETAG
    )

    [received] = crm.received
    assert received.method == "PATCH"
    assert received.target == (
        f"/api/data/v9.2/contacts({ADA})?$select=_masterid_value,contactid,jobtitle,merged,modifiedon"
    )
    assert received.headers["if-match"] == ETAG
    assert received.headers["prefer"] == "return=representation"
    assert received.json() == {"jobtitle": "Cook"}
    assert written == Record(ADA, {"jobtitle": "Cook"}, CHANGED_AT, ETAG)


@pytest.mark.parametrize(
    ("answer", "error_class", "told"),
    [
        (refused("0x80060882", status=412), Conflict, "isn't as the writer knew it"),
        (refused("0x80040217", status=404), Conflict, "no such record"),
        (refused("0x80040237"), Conflict, "must be unique"),
        (refused("0x80060888", "property named 'jobtitle'"), UnknownField, "`jobtitle`"),
        (refused("0x80048d19", "Cook is no number"), BadPayload, "refused"),
        (status(503), Unavailable, "the source failed"),
    ],
)
async def test_what_cannot_be_written_is_told_and_not_tried_again(
    dataverse, crm, http, answer, error_class, told
):
    crm.play(answer)

    with pytest.raises(error_class, match=told):
        await dataverse.write(Call(http, Budget(5.0)), "contact", ADA, {"jobtitle": "Cook"})

    assert len(crm.received) == 1
    assert crm.received[0].headers["if-match"] == "*"


async def test_what_names_no_record_or_no_column_is_not_sent(dataverse, crm, http):
    crm.play(status(500))
    call = Call(http, Budget(5.0))

    with pytest.raises(Conflict, match="no such record"):
        await dataverse.write(call, "contact", "7) or (1", {"jobtitle": "Cook"})
    with pytest.raises(UnknownField):
        await dataverse.write(call, "contact", ADA, {"ownerid@odata.bind": "/x"})

    assert crm.received == []
