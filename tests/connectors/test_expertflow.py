from datetime import UTC, datetime

import pytest

from connectors.abilities import Attribute, Fact, FactKind, SignsWebhooks, ValueType
from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import BadPayload, Conflict, WrongSettings
from connectors.registry import connector_of
from connectors.runtime.budget import Budget
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import body, json_of, status

UPDATED_AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
NOT_THERE = body(b'{"error": {"code": "NOT_FOUND"}}', status=404)


def a_customer(id, **more):
    return {"_id": id, "__v": 3, "updatedAt": "2026-09-01T12:30:00.000Z", **more}


def _reply(received, present):
    one = received.path.rpartition("/")[2]
    return a_customer(one, city=value_of(one), tier=value_of(one)) if one in present else []


def _answer(received, present):
    if received.path != "/customers" and received.path.rpartition("/")[2] not in present:
        return NOT_THERE
    return json_of(_reply(received, present))


EXAMPLE = Example(
    object="customer",
    attributes=frozenset({"city", "tier"}),
    reply=_reply,
    options={},
    batch=1,
    answer=_answer,
)


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


@pytest.fixture
def expertflow(crm):
    return connector_of("expertflow")(SourceSettings("cx", crm.url, SECRET))


async def test_customers_are_read_by_id_and_one_that_is_not_found_is_none(expertflow, call, crm):
    ada = a_customer("6a", firstName="Ada", phoneNumber=["+43"], isAnonymous=False)

    async def answer(exchange):
        is_ada = exchange.received.path == "/customers/6a"
        await (json_of(ada) if is_ada else NOT_THERE)(exchange)

    crm.play(answer)
    keys = [Key("id", one) for one in ("6a", "6b", "../label")]

    outcomes = await expertflow.fetch(call, "customer", keys, {"firstName", "phoneNumber"})

    assert sorted(received.target for received in crm.received) == [
        "/customers/6a",
        "/customers/6b",
    ]
    found = Record("6a", {"firstName": "Ada", "phoneNumber": ["+43"]}, UPDATED_AT)
    assert outcomes == {keys[0]: found, keys[1]: None, keys[2]: None}


async def test_a_service_that_is_not_there_is_not_taken_for_a_missing_customer(
    expertflow, call, crm
):
    crm.play(status(404))

    with pytest.raises(WrongSettings):
        await expertflow.fetch(call, "customer", [Key("id", "6a")], {"city"})


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"docs": rows, "total": 1}])
async def test_customers_are_listed_by_another_attribute(wrap, expertflow, call, crm):
    crm.play(json_of(wrap([a_customer("6a", phoneNumber=["+431", "+432"])])))
    key = Key("phoneNumber", "+432")

    outcomes = await expertflow.fetch(call, "customer", [key], set())

    assert crm.received[0].query == [
        ("limit", "25"),
        ("offset", "0"),
        ("paginateQuery", "phoneNumber:+432"),
    ]
    assert outcomes == {key: Record("6a", {}, UPDATED_AT)}


async def test_a_customer_whom_the_list_gives_by_likeness_alone_is_nobody_s(expertflow, call, crm):
    crm.play(json_of([a_customer("6a", city="Grazing")]))

    with pytest.raises(BadPayload, match="not asked for"):
        await expertflow.fetch(call, "customer", [Key("city", "Graz")], set())


async def test_a_run_reads_all_pages_with_an_overlap(expertflow, call, crm):
    full = [a_customer(f"{one:x}") for one in range(1, 101)]
    crm.play(json_of(full), json_of(full[90:]), json_of([]))

    one = await expertflow.changed(call, "customer", None, set())
    two = await expertflow.changed(call, "customer", one.cursor, set())
    await expertflow.changed(call, "customer", two.cursor, set())

    assert [dict(received.query)["offset"] for received in crm.received] == ["0", "90", "0"]
    assert dict(crm.received[0].query)["sort"] == "createdAt:asc"
    assert [one.is_last, two.is_last] == [False, True]


async def test_the_customer_schema_is_described(expertflow, call, crm):
    crm.play(
        json_of(
            [
                {"key": "city", "label": "City", "type": "Alphanumeric", "isPii": False},
                {
                    "key": "phoneNumber",
                    "label": "Phone",
                    "type": "Phonenumber",
                    "isPii": True,
                    "isChannelIdentifier": True,
                },
            ]
        )
    )

    assert await expertflow.describe(call, "customer") == [
        Attribute("city", "City", ValueType.TEXT, "alphanumeric", is_writable=True),
        Attribute(
            "phoneNumber",
            "Phone",
            ValueType.PHONE,
            "phonenumber",
            is_list=True,
            is_writable=True,
            is_sensitive=True,
        ),
    ]
    assert crm.received[0].target == "/customerSchema"


async def test_labels_are_tags(expertflow, call, crm):
    crm.play(json_of(a_customer("6a", labels=["vip", {"_id": "l1", "name": "Beta"}])))

    facts = await expertflow.facts(call, "customer", ["6a"], {FactKind.TAG})

    assert facts == {"6a": [Fact(FactKind.TAG, "vip", "vip"), Fact(FactKind.TAG, "l1", "Beta")]}


async def test_a_write_sends_the_whole_customer_as_it_was_just_before(expertflow, call, crm):
    before = a_customer("6a", firstName="Ada", city="Graz")
    after = a_customer("6a", firstName="Ada", city="Linz")
    crm.play(json_of(before), body(b"", status=204), json_of(after))

    record = await expertflow.write(call, "customer", "6a", {"city": "Linz"})

    _, told, _ = crm.received
    assert (told.method, told.target) == ("PUT", "/customers/6a")
    assert told.json() == {"firstName": "Ada", "city": "Linz"}
    assert record == Record("6a", {"city": "Linz"}, UPDATED_AT)


async def test_a_customer_who_is_gone_is_a_conflict_and_nothing_is_sent(expertflow, call, crm):
    crm.play(NOT_THERE)

    with pytest.raises(Conflict):
        await expertflow.write(call, "customer", "6a", {"city": "Linz"})

    assert [received.method for received in crm.received] == ["GET"]


def test_it_reads_no_webhooks(expertflow):
    assert not isinstance(expertflow, SignsWebhooks)
