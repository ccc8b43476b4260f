import base64
import json
from datetime import UTC, datetime

import pytest

from connectors.abilities import (
    Attribute,
    ChangeKind,
    Fact,
    FactKind,
    SignsWebhooks,
    ValueType,
)
from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import BadPayload, Conflict, WrongSettings
from connectors.registry import connector_of
from connectors.runtime.budget import Budget
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import body, json_of, replied, status

UPDATED = "2026-09-01T12:30:00Z"
UPDATED_AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
VERSION = {"X-Freshdesk-API-Version": "latest=v2; requested=v2"}
NOT_THERE = body(b"", status=404, headers=VERSION)


def a_contact(id, **more):
    return {"id": id, "updated_at": UPDATED, **more}


def _reply(received, present):
    one = received.path.rpartition("/")[2]
    if one in present:
        return a_contact(int(one), name=value_of(one), job_title=value_of(one))
    return None


def _answer(received, present):
    if received.path == "/api/v2/agents/me":
        return json_of({"id": 1})
    contact = _reply(received, present)
    return NOT_THERE if contact is None else json_of(contact)


EXAMPLE = Example(
    object="contacts",
    attributes=frozenset({"name", "job_title"}),
    reply=_reply,
    options={},
    credential=("authorization", "Basic " + base64.b64encode(f"{SECRET}:X".encode()).decode()),
    batch=1,
    answer=_answer,
)


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


@pytest.fixture
def freshdesk(crm):
    return connector_of("freshdesk")(SourceSettings("desk", crm.url, SECRET))


async def test_contacts_are_read_one_by_one_and_a_refusal_of_freshdesk_s_means_none(
    freshdesk, call, crm
):
    async def answer(exchange):
        found = json_of(a_contact(1, name="Ada", custom_fields={"tier": "gold"}))
        await (found if exchange.received.path.endswith("/1") else NOT_THERE)(exchange)

    crm.play(answer)
    keys = [Key("id", one) for one in ("1", "2", "x")]

    outcomes = await freshdesk.fetch(call, "contacts", keys, {"name", "custom_fields.tier"})

    assert sorted(received.target for received in crm.received) == [
        "/api/v2/contacts/1",
        "/api/v2/contacts/2",
    ]
    ada = Record("1", {"name": "Ada", "custom_fields.tier": "gold"}, UPDATED_AT)
    assert outcomes == {keys[0]: ada, keys[1]: None, keys[2]: None}


async def test_a_wrong_address_is_not_taken_for_a_missing_contact(freshdesk, call, crm):
    crm.play(status(404))

    with pytest.raises(WrongSettings):
        await freshdesk.fetch(call, "contacts", [Key("id", "1")], {"name"})


@pytest.mark.parametrize("kind", ["email", "phone", "mobile"])
async def test_contacts_are_listed_by_what_identifies_them(kind, freshdesk, call, crm):
    crm.play(json_of([a_contact(1, **{kind: "a+b@x.example"})]))
    key = Key(kind, "a+b@x.example")

    outcomes = await freshdesk.fetch(call, "contacts", [key], set())

    assert crm.received[0].target == f"/api/v2/contacts?{kind}=a%2Bb%40x.example"
    assert outcomes == {key: Record("1", {}, UPDATED_AT)}


async def test_two_contacts_of_one_number_are_nobody_s(freshdesk, call, crm):
    crm.play(json_of([a_contact(1, phone="+43"), a_contact(2, phone="+43")]))

    outcomes = await freshdesk.fetch(call, "contacts", [Key("phone", "+43")], set())

    assert type(outcomes[Key("phone", "+43")]) is BadPayload


async def test_a_run_goes_through_the_pages_and_the_next_begins_before_it_did(freshdesk, call, crm):
    full = [a_contact(one, name="x") for one in range(100)]
    crm.play(json_of(full), json_of([a_contact(7, deleted=True)]), json_of([]))

    one = await freshdesk.changed(call, "contacts", None, {"name"})
    two = await freshdesk.changed(call, "contacts", one.cursor, {"name"})
    await freshdesk.changed(call, "contacts", two.cursor, {"name"})

    first, second, third = [dict(received.query) for received in crm.received]
    assert first == {"page": "1", "per_page": "100"}
    assert second == {"page": "2", "per_page": "100"}
    age_s = (datetime.now(UTC) - datetime.fromisoformat(third["_updated_since"])).total_seconds()
    assert 299 < age_s < 360
    assert third["_updated_since"].endswith("Z")
    assert [len(one.changes), one.is_last, two.is_last] == [100, False, True]
    assert [change.kind for change in two.changes] == [ChangeKind.DELETED]


async def test_contact_fields_are_described(freshdesk, call, crm):
    crm.play(
        json_of(
            [
                {"name": "name", "label": "Full name", "type": "default_name"},
                {"name": "tier", "label": "Tier", "type": "custom_dropdown", "choices": ["a", "b"]},
                {"name": "vip", "label": "VIP", "type": "custom_checkbox", "choices": []},
            ]
        )
    )

    assert await freshdesk.describe(call, "contacts") == [
        Attribute(
            "custom_fields.tier",
            "Tier",
            ValueType.CHOICE,
            "custom_dropdown",
            is_writable=True,
            options=("a", "b"),
        ),
        Attribute(
            "custom_fields.vip", "VIP", ValueType.BOOLEAN, "custom_checkbox", is_writable=True
        ),
        Attribute("name", "Full name", ValueType.TEXT, "default_name", is_writable=True),
    ]


async def test_tags_and_tickets_are_facts(freshdesk, call, crm):
    ticket = {"id": 5, "requester_id": 1, "subject": "Late", "updated_at": UPDATED}
    crm.play(
        replied(
            lambda received: (
                [ticket] if received.path == "/api/v2/tickets" else a_contact(1, tags=["vip"])
            )
        )
    )

    facts = await freshdesk.facts(call, "contacts", ["1"], {FactKind.TAG, FactKind.ACTIVITY})

    assert facts == {
        "1": [
            Fact(FactKind.ACTIVITY, "5", "Late", "ticket", UPDATED_AT),
            Fact(FactKind.TAG, "vip", "vip"),
        ]
    }


async def test_a_contact_is_changed(freshdesk, call, crm):
    crm.play(json_of(a_contact(1, custom_fields={"tier": "b"})))

    record = await freshdesk.write(call, "contacts", "1", {"custom_fields.tier": "b"})

    [received] = crm.received
    assert (received.method, received.target) == ("PUT", "/api/v2/contacts/1")
    assert json.loads(received.body) == {"custom_fields": {"tier": "b"}}
    assert record == Record("1", {"custom_fields.tier": "b"}, UPDATED_AT)


async def test_a_contact_who_is_gone_is_a_conflict(freshdesk, call, crm):
    crm.play(NOT_THERE)

    with pytest.raises(Conflict):
        await freshdesk.write(call, "contacts", "1", {"name": "Ada"})


def test_it_reads_no_webhooks(freshdesk):
    assert not isinstance(freshdesk, SignsWebhooks)
