import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime

import pytest

from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import BadPayload, UnknownField, WrongSettings
from connectors.runtime.budget import Budget
from connectors.vendors.tryton import Tryton
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import json_of, status

NEVER = {"write_date": None, "create_date": None}


def a_stamp(year, *, microsecond=0):
    day = {"year": year, "month": 11, "day": 23}
    clock = {"hour": 18, "minute": 34, "second": 49, "microsecond": microsecond}
    return {"__class__": "datetime", **day, **clock}


def a_row(id, **values):
    row = {"id": id, "__name__": "party.party", "write_date": a_stamp(2026), "create_date": None}
    return row | values


def domain_of(received):
    return json.loads(urlsafe_b64decode(dict(received.query)["d"]))


def _reply(received, present):
    if "d" not in dict(received.query):
        return [{"id": 1, "__name__": "ir.lang"}]
    [[_, _, ids]] = domain_of(received)
    fields = {name for key, name in received.query if key == "f"}
    rows = [
        a_row(one, **dict.fromkeys(fields - {"id", "write_date", "create_date"}, value_of(one)))
        for one in reversed(ids)
        if str(one) in present
    ]
    return rows[: int(dict(received.query)["s"])]


EXAMPLE = Example(
    object="party.party",
    attributes=frozenset({"name", "code"}),
    reply=_reply,
    options={"database": "erp"},
)


def a_tryton(url, **options):
    return Tryton(SourceSettings("erp", url, SECRET, options or {"database": "erp"}))


@pytest.fixture
async def fetch(crm, http):
    async def _fetch(keys, attributes=("name",), object="party.party"):
        call = Call(http, Budget(5.0))
        return await a_tryton(crm.url).fetch(call, object, keys, attributes)

    return _fetch


@pytest.fixture
async def read(fetch, crm):
    """The values of one record whose row has these values."""

    async def _read(attributes, **values):
        crm.play(json_of([a_row(1, **values)]))
        return (await fetch([Key("id", "1")], attributes))[Key("id", "1")]

    return _read


async def test_records_are_searched_by_number_in_one_request(fetch, crm):
    crm.play(json_of([a_row(12, name="Bob"), a_row(3, name="Ada")]))

    outcomes = await fetch(
        [Key("id", "3"), Key("id", "12"), Key("id", "99")], ["name", "lang.name"]
    )

    [received] = crm.received
    assert (received.method, received.path) == ("GET", "/erp/rest/model/party.party")
    assert received.headers["authorization"] == f"Bearer {SECRET}"
    assert domain_of(received) == [["id", "in", [12, 3, 99]]]
    assert [pair for pair in received.query if pair[0] != "d"] == [
        ("f", "create_date"),
        ("f", "id"),
        ("f", "lang.name"),
        ("f", "name"),
        ("f", "write_date"),
        ("s", "3"),
    ]
    written_at = datetime(2026, 11, 23, 18, 34, 49, tzinfo=UTC)
    etag = written_at.isoformat()
    assert outcomes == {
        Key("id", "3"): Record("3", {"name": "Ada"}, written_at, etag),
        Key("id", "12"): Record("12", {"name": "Bob"}, written_at, etag),
        Key("id", "99"): None,
    }


async def test_the_domain_keeps_the_padding_that_tryton_needs(fetch, crm):
    crm.play(json_of([]))

    for digits in range(1, 5):
        await fetch([Key("id", "1" * digits)])

    assert {len(dict(one.query)["d"]) % 4 for one in crm.received} == {0}


async def test_ids_that_are_no_numbers_are_absent_and_not_asked_for(fetch, crm):
    crm.play(json_of([a_row(7, name="Ada")]))
    foolish = ["", "abc", "-1", "1.0", "٣", "9" * 19, "1" * 5_000]

    outcomes = await fetch([*(Key("id", value) for value in foolish), Key("id", "007")])

    assert [domain_of(one) for one in crm.received] == [[["id", "in", [7]]]]
    assert [outcomes[Key("id", value)] for value in foolish] == [None] * len(foolish)
    assert outcomes[Key("id", "007")].id == "7"


async def test_only_foolish_ids_cost_no_request(fetch, crm):
    crm.play(status(500))

    outcomes = await fetch([Key("id", "abc")])

    assert (outcomes, crm.received) == ({Key("id", "abc"): None}, [])


async def test_records_are_found_by_another_attribute_out_of_order(fetch, crm):
    crm.play(json_of([a_row(2, name="Bob", code="B"), a_row(1, name="Ada", code="A")]))

    outcomes = await fetch([Key("code", "A"), Key("code", "B"), Key("code", "C")])

    assert domain_of(crm.received[0]) == [["code", "in", ["A", "B", "C"]]]
    assert ("f", "code") in crm.received[0].query
    assert dict(crm.received[0].query)["s"] == "6"
    assert [record and record.values for record in outcomes.values()] == [
        {"name": "Ada"},
        {"name": "Bob"},
        None,
    ]


async def test_a_record_is_found_by_one_of_its_addresses(fetch, crm):
    ways = [{"value": way, "id": 5, "__name__": "x"} for way in ("+12025550101", "ada@example.com")]
    crm.play(json_of([a_row(1, name="Ada", contact_mechanisms=ways)]))
    key = Key("contact_mechanisms.value", "ada@example.com")

    outcomes = await fetch([key])

    assert outcomes[key].id == "1"


async def test_a_code_that_two_records_share_is_given_to_nobody(fetch, crm):
    crm.play(json_of([a_row(1, code="A"), a_row(2, code="A"), a_row(3, code="B")]))

    outcomes = await fetch([Key("code", "A"), Key("code", "B")])

    assert type(outcomes[Key("code", "A")]) is BadPayload
    assert outcomes[Key("code", "B")].id == "3"


async def test_an_answer_that_may_have_been_cut_off_proves_nothing(fetch, crm):
    crm.play(json_of([a_row(n, code="A") for n in range(4)]))

    with pytest.raises(BadPayload, match="`code` is not unique"):
        await fetch([Key("code", "A"), Key("code", "B")])


async def test_a_record_that_does_not_show_its_key_makes_absence_doubtful(fetch, crm):
    crm.play(json_of([a_row(1, name="Ada")]))

    outcomes = await fetch([Key("code", "A")])

    assert type(outcomes[Key("code", "A")]) is BadPayload


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        (a_stamp(2026, microsecond=148_818), "2026-11-23T18:34:49.148818+00:00"),
        ({"__class__": "date", "year": 1815, "month": 12, "day": 10}, "1815-12-10"),
        (a_stamp(2026) | {"__class__": "time"}, "18:34:49"),
        ({"__class__": "timedelta", "seconds": 90.5}, 90.5),
        ({"__class__": "Decimal", "decimal": "12.50"}, "12.50"),
        ({"__class__": "bytes", "base64": "QQ==\n"}, "QQ=="),
        ({"id": 5, "__name__": "ir.lang", "name": "English"}, 5),
        ({"colour": "red"}, {"colour": "red"}),
        ([4, 5], [4, 5]),
        ([], []),
        ("text", "text"),
        (0, 0),
        (True, True),
        (None, None),
    ],
    ids=str,
)
async def test_values_arrive_as_the_docstring_says(read, sent, arrives):
    record = await read(["thing"], thing=sent)

    assert record.values == {"thing": arrives}


@pytest.mark.parametrize(
    ("row", "path", "arrives"),
    [
        ({"lang": {"name": "English", "id": 1}}, "lang.name", {"lang.name": "English"}),
        ({"lang": None}, "lang.name", {"lang.name": None}),
        ({"ways": [{"value": "a"}, {"value": "b"}]}, "ways.value", {"ways.value": ["a", "b"]}),
        ({"ways": []}, "ways.value", {"ways.value": []}),
        ({"ways": [{"tags": ["x"]}, {"tags": ["y"]}]}, "ways.tags", {"ways.tags": ["x", "y"]}),
        ({"ways": [{"place": None}]}, "ways.place.name", {"ways.place.name": [None]}),
        ({"lang": {"id": 1}}, "lang.name", {}),
        ({"lang": 5}, "lang.name", {}),
        ({}, "lang.name", {}),
    ],
    ids=str,
)
async def test_a_dotted_attribute_is_followed_through_links_and_lists(read, row, path, arrives):
    record = await read([path], **row)

    assert record.values == arrives


@pytest.mark.parametrize(
    "sent",
    [
        {"__class__": "colour", "red": 1},
        {"__class__": ["date"]},
        {"__class__": "date", "year": 2026},
        {"__class__": "date", "year": 2026, "month": 13, "day": 1},
        {"__class__": "Decimal", "decimal": "ten"},
        {"__class__": "bytes", "base64": 5},
    ],
    ids=str,
)
async def test_a_value_of_an_unknown_class_costs_its_own_record(fetch, crm, sent):
    crm.play(json_of([a_row(1, name=sent), a_row(2, name="Bob")]))

    outcomes = await fetch([Key("id", "1"), Key("id", "2")])

    assert type(outcomes[Key("id", "1")]) is BadPayload
    assert str(outcomes[Key("id", "1")]) == "erp: `name` has a value of a class we can't read"
    assert outcomes[Key("id", "2")].values == {"name": "Bob"}


@pytest.mark.parametrize(
    "row",
    [
        a_row(1, code="A", write_date={"__class__": "datetime"}),
        a_row(1, code="A", write_date="yesterday"),
        a_row("1", code="A"),
        a_row(True, code="A"),  # noqa: FBT003 - a number to Python, not to us
        a_row(1, code={"__class__": "colour"}),
    ],
    ids=["half a date", "a word", "a text for an id", "a truth for an id", "no code"],
)
async def test_a_malformed_record_is_given_to_nobody(fetch, crm, row):
    crm.play(json_of([row, a_row(2, code="B")]))

    outcomes = await fetch([Key("code", "A"), Key("code", "B")])

    assert type(outcomes[Key("code", "A")]) is BadPayload
    assert outcomes[Key("code", "B")].id == "2"


@pytest.mark.parametrize(
    ("dates", "year"),
    [
        ({"create_date": a_stamp(2020)}, 2026),
        ({"write_date": None, "create_date": a_stamp(2020)}, 2020),
        (NEVER, None),
    ],
)
async def test_a_record_changed_when_it_was_written_or_else_created(read, dates, year):
    record = await read(["name"], **dates)

    assert (record.modified_at.year if record.modified_at else None) == year


@pytest.mark.parametrize("kind", ["OR", "Code", "code name", "", "code."])
async def test_a_kind_of_key_that_is_no_attribute_is_refused_unasked(fetch, crm, kind):
    crm.play(json_of([]))

    with pytest.raises(WrongSettings, match="kind of key"):
        await fetch([Key(kind, "A")])

    assert crm.received == []


async def test_an_attribute_that_cannot_exist_is_named(fetch, crm):
    crm.play(json_of([]))

    with pytest.raises(UnknownField, match="erp: `no such` is not the name of an attribute"):
        await fetch([Key("id", "1")], ["no such"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"data_base": "erp"}, "the option `database` is missing"),
        ({"database": "erp", "databse": "x"}, "did you mean `database`?"),
        ({"database": "../erp"}, "not a database name"),
        ({"database": ".."}, "not a database name"),
    ],
)
def test_the_options_are_a_database_and_nothing_else(options, told):
    with pytest.raises(WrongSettings) as raised:
        a_tryton("https://erp.example", **options)

    assert told in str(raised.value)
