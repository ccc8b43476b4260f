from datetime import UTC, datetime

import pytest

from connectors.abilities import (
    Attribute,
    Change,
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
from connectors.errors import BadPayload, Conflict, Unauthorized, UnknownField
from connectors.registry import connector_of
from connectors.runtime.budget import Budget
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import body, json_of, status

WRITTEN = "2026-11-23 18:34:49"
WRITTEN_AT = datetime(2026, 11, 23, 18, 34, 49, tzinfo=UTC)
READ = "/json/2/res.partner/search_read"


def a_row(id, **values):
    return {"id": id, "write_date": WRITTEN, "active": True} | values


def _reply(received, present):
    if received.path.endswith("/context_get"):
        return {"lang": "en_US", "uid": 2}
    asked = received.json()
    [[_, _, ids]] = asked["domain"]
    return [
        dict.fromkeys(asked["fields"], value_of(one)) | a_row(one)
        for one in reversed(ids)
        if str(one) in present
    ]


EXAMPLE = Example(
    object="res.partner",
    attributes=frozenset({"name", "ref"}),
    reply=_reply,
    options={},
    ping="POST",
)


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


@pytest.fixture
def odoo(crm):
    return connector_of("odoo")(SourceSettings("erp", crm.url, SECRET))


async def test_records_are_searched_by_number_in_one_request(odoo, call, crm):
    crm.play(json_of([a_row(12, name="Bob", is_company=False), a_row(3, name="Ada", email=False)]))
    keys = [Key("id", one) for one in ("3", "012", "x", "99999999999999999999")]

    outcomes = await odoo.fetch(call, "res.partner", keys, {"name", "email", "is_company"})

    [received] = crm.received
    assert (received.method, received.target) == ("POST", READ)
    assert received.headers["authorization"] == f"Bearer {SECRET}"
    assert "x-odoo-database" not in received.headers
    assert received.json() == {
        "domain": [["id", "in", [3, 12]]],
        "fields": ["active", "email", "id", "is_company", "name", "write_date"],
    }
    assert outcomes == {
        keys[0]: Record("3", {"name": "Ada", "email": None}, WRITTEN_AT),
        keys[1]: Record("12", {"name": "Bob", "is_company": False}, WRITTEN_AT),
        keys[2]: None,
        keys[3]: None,
    }


async def test_any_unique_field_can_be_a_key_of_any_model(odoo, call, crm):
    crm.play(json_of([{"id": 5, "write_date": WRITTEN, "code": "A-1", "name": "Order"}]))
    one, other = Key("code", "A-1"), Key("code", "A-2")

    outcomes = await odoo.fetch(call, "x_loyalty.card", [one, other], {"name"})

    [received] = crm.received
    assert received.path == "/json/2/x_loyalty.card/search_read"
    assert received.json() == {
        "domain": [["code", "in", ["A-1", "A-2"]]],
        "fields": ["code", "id", "name", "write_date"],
    }
    assert outcomes == {one: Record("5", {"name": "Order"}, WRITTEN_AT), other: None}


async def test_names_of_linked_records_are_attributes_of_a_partner(odoo, call, crm):
    crm.play(json_of([a_row(3, country_id=[14, "Austria"], user_id=False)]))

    outcomes = await odoo.fetch(
        call, "res.partner", [Key("id", "3")], {"country", "salesperson", "country_id"}
    )

    assert "country_id" in crm.received[0].json()["fields"]
    assert outcomes[Key("id", "3")].values == {
        "country": "Austria",
        "salesperson": None,
        "country_id": [14, "Austria"],
    }


async def test_a_database_and_boolean_fields_can_be_named(call, crm):
    options = {"database": "shop", "booleans": "x_vip"}
    odoo = connector_of("odoo")(SourceSettings("erp", crm.url, SECRET, options))
    crm.play(json_of([a_row(3, x_vip=False, name=False)]))

    outcomes = await odoo.fetch(call, "res.partner", [Key("id", "3")], {"x_vip", "name"})

    assert crm.received[0].headers["x-odoo-database"] == "shop"
    assert outcomes[Key("id", "3")].values == {"x_vip": False, "name": None}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            body(b'{"name": "builtins.ValueError", "message": "Invalid field \'x\'"}', status=500),
            UnknownField,
        ),
        (
            body(b'{"name": "odoo.exceptions.AccessError", "message": "x"}', status=403),
            Unauthorized,
        ),
        (status(422), BadPayload),
    ],
)
async def test_errors_are_told_by_their_names(answer, kind, odoo, call, crm):
    crm.play(answer)

    with pytest.raises(kind):
        await odoo.fetch(call, "res.partner", [Key("id", "3")], {"x"})

    assert len(crm.received) == 1


def test_it_can_do_all_but_webhooks_which_odoo_does_not_sign(odoo):
    assert all(
        isinstance(odoo, ability) for ability in (Describes, TellsChanges, KnowsFacts, TakesWrites)
    )
    assert not isinstance(odoo, SignsWebhooks)


async def test_a_run_goes_through_what_changed_by_id_and_the_next_begins_before_it_did(
    odoo, call, crm
):
    full = [a_row(one, name="x") for one in range(1, 501)]
    crm.play(json_of(full), json_of([a_row(900, name="y", active=False)]), json_of([]))

    one = await odoo.changed(call, "res.partner", None, {"name"})
    two = await odoo.changed(call, "res.partner", one.cursor, {"name"})
    await odoo.changed(call, "res.partner", two.cursor, {"name"})

    first, second, third = [received.json() for received in crm.received]
    assert first == {
        "domain": [["id", ">", 0], ["write_date", ">=", "1970-01-01 00:00:00"]],
        "fields": ["active", "id", "name", "write_date"],
        "order": "id",
        "limit": 500,
        "context": {"active_test": False},
    }
    assert second["domain"] == [["id", ">", 500], ["write_date", ">=", "1970-01-01 00:00:00"]]
    [_, [_, _, since]] = third["domain"]
    began = datetime.fromisoformat(since).replace(tzinfo=UTC)
    assert 299 < (datetime.now(UTC) - began).total_seconds() < 360
    assert third["domain"][0] == ["id", ">", 0]
    assert [one.is_last, two.is_last] == [False, True]
    assert two.changes == [Change(ChangeKind.DELETED, "res.partner", "900", WRITTEN_AT)]
    assert len(one.changes) == 500


async def test_fields_are_described(odoo, call, crm):
    crm.play(
        json_of(
            {
                "ref": {"string": "Reference", "type": "char", "readonly": False},
                "category_id": {"string": "Tags", "type": "many2many", "readonly": False},
                "trust": {
                    "string": "Trust",
                    "type": "selection",
                    "readonly": True,
                    "selection": [["good", "Good"], ["bad", "Bad"]],
                },
            }
        )
    )

    attributes = await odoo.describe(call, "res.partner")

    assert crm.received[0].path == "/json/2/res.partner/fields_get"
    assert attributes == [
        Attribute(
            "category_id", "Tags", ValueType.LINK, "many2many", is_list=True, is_writable=True
        ),
        Attribute("ref", "Reference", ValueType.TEXT, "char", is_writable=True),
        Attribute("trust", "Trust", ValueType.CHOICE, "selection", options=("good", "bad")),
    ]


async def test_categories_are_tags(odoo, call, crm):
    crm.play(json_of([{"id": 8, "name": "VIP", "partner_ids": [3, 4, 77]}]))

    facts = await odoo.facts(call, "res.partner", ["3", "4", "5"], {FactKind.TAG})

    assert crm.received[0].json() == {
        "domain": [["partner_ids", "in", [3, 4, 5]]],
        "fields": ["name", "partner_ids"],
    }
    vip = Fact(FactKind.TAG, "8", "VIP")
    assert facts == {"3": [vip], "4": [vip], "5": []}


async def test_a_record_is_changed_and_read_again(odoo, call, crm):
    crm.play(body(b"true"), json_of([a_row(3, ref="A-1")]))

    record = await odoo.write(call, "res.partner", "3", {"ref": "A-1"})

    told, _ = crm.received
    assert told.path == "/json/2/res.partner/write"
    assert told.json() == {"ids": [3], "vals": {"ref": "A-1"}}
    assert record == Record("3", {"ref": "A-1"}, WRITTEN_AT)


async def test_a_record_that_is_gone_is_a_conflict(odoo, call, crm):
    crm.play(body(b'{"name": "odoo.exceptions.MissingError"}', status=404))

    with pytest.raises(Conflict):
        await odoo.write(call, "res.partner", "3", {"ref": "A-1"})
