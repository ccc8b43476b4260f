import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

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
    Webhook,
)
from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import BadPayload, BadSignature, Conflict
from connectors.registry import connector_of
from connectors.runtime.budget import Budget
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import json_of, replied, status

UPDATED_AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
OPTIONS = {"email": "agent@shop.example"}
BASIC = "Basic " + base64.b64encode(f"agent@shop.example/token:{SECRET}".encode()).decode()
SENT_AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def a_user(id, **more):
    return {"id": id, "updated_at": "2026-09-01T12:30:00Z", "active": True, **more}


def a_page(*users):
    return {"users": [*users], "next_page": None, "previous_page": None, "count": len(users)}


def _reply(received, present):
    if received.path.endswith("/me.json"):
        return {"user": a_user(1)}
    wanted = dict(received.query)["ids"].split(",")
    fields = dict.fromkeys(("notes", "details"))
    return a_page(
        *(
            a_user(int(one), **dict.fromkeys(fields, value_of(one)))
            for one in sorted(set(wanted) & set(present), reverse=True)
        )
    )


EXAMPLE = Example(
    object="users",
    attributes=frozenset({"notes", "details"}),
    reply=_reply,
    options=OPTIONS,
    credential=("authorization", BASIC),
)


@pytest.fixture
def zendesk(crm):
    return connector_of("zendesk")(
        SourceSettings("desk", crm.url, SECRET, OPTIONS, webhook_secret="hook-secret")
    )


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


async def test_users_are_read_by_id_in_one_request(zendesk, call, crm):
    crm.play(
        json_of(
            a_page(
                a_user(2, name="Bob", user_fields={"tier": None}),
                a_user(1, name="Ada", user_fields={"tier": "gold"}),
                a_user(3, name="Gone", active=False),
            )
        )
    )
    keys = [Key("id", one) for one in ("1", "02", "3", "x9")]

    outcomes = await zendesk.fetch(call, "users", keys, {"name", "user_fields.tier", "phone"})

    [received] = crm.received
    assert received.target == "/api/v2/users/show_many.json?ids=1%2C2%2C3"
    assert received.headers["authorization"] == BASIC
    assert outcomes == {
        Key("id", "1"): Record("1", {"name": "Ada", "user_fields.tier": "gold"}, UPDATED_AT),
        Key("id", "02"): Record("2", {"name": "Bob", "user_fields.tier": None}, UPDATED_AT),
        Key("id", "3"): None,
        Key("id", "x9"): None,
    }


async def test_users_are_read_by_external_id_whatever_the_case(zendesk, call, crm):
    crm.play(json_of(a_page(a_user(2, external_id="ACME-1"))))

    outcomes = await zendesk.fetch(call, "users", [Key("external_id", "Acme-1")], {"role"})

    [received] = crm.received
    assert received.target == "/api/v2/users/show_many.json?external_ids=acme-1"
    assert outcomes == {Key("external_id", "Acme-1"): Record("2", {}, UPDATED_AT)}


async def test_one_key_that_no_list_can_hold_does_not_cost_the_others(zendesk, call, crm):
    crm.play(json_of(a_page(a_user(2, external_id="b"))))
    keys = [Key("external_id", one) for one in ("a,1", "b", "c")]

    outcomes = await zendesk.fetch(call, "users", keys, set())

    assert type(outcomes[keys[0]]) is BadPayload
    assert outcomes[keys[1]] == Record("2", {}, UPDATED_AT)


async def test_users_are_searched_by_e_mail_one_by_one(zendesk, call, crm):
    crm.play(json_of(a_page(a_user(2, email="Ada@Example.com"))))

    outcomes = await zendesk.fetch(call, "users", [Key("email", "ada@example.com")], set())

    assert crm.received[0].query == [("query", 'type:user email:"ada@example.com"')]
    assert outcomes == {Key("email", "ada@example.com"): Record("2", {}, UPDATED_AT)}


async def test_an_address_that_would_change_the_search_is_never_asked_for(zendesk, call, crm):
    crm.play(status(500))
    key = Key("email", 'x" role:admin email:"y')

    assert await zendesk.fetch(call, "users", [key], set()) == {key: None}
    assert crm.received == []


async def test_it_can_do_all_that_its_file_declares(zendesk):
    abilities = (Describes, TellsChanges, KnowsFacts, SignsWebhooks, TakesWrites)

    assert all(isinstance(zendesk, ability) for ability in abilities)
    assert zendesk.fact_kinds == {FactKind.TAG, FactKind.ACTIVITY}


async def test_changes_are_exported_by_cursor(zendesk, call, crm):
    first = {"users": [a_user(1, name="Ada")], "after_cursor": "MTU=", "end_of_stream": False}
    gone = a_user(2, active=False)
    last = {"users": [gone], "after_cursor": "MTY=", "end_of_stream": True}
    crm.play(json_of(first), json_of(last))

    one = await zendesk.changed(call, "users", None, {"name"})
    two = await zendesk.changed(call, "users", one.cursor, {"name"})

    targets = [dict(received.query) for received in crm.received]
    assert targets == [
        {"start_time": "0", "per_page": "500"},
        {"cursor": "MTU=", "per_page": "500"},
    ]
    ada = Record("1", {"name": "Ada"}, UPDATED_AT)
    assert one.changes == [Change(ChangeKind.UPSERTED, "users", "1", UPDATED_AT, ada)]
    assert two.changes == [Change(ChangeKind.DELETED, "users", "2", UPDATED_AT)]
    assert (one.is_last, two.is_last, two.cursor) == (False, True, 'file-1:"MTY="')


async def test_user_fields_are_described_after_those_of_every_user(zendesk, call, crm):
    field = {"key": "tier", "title": "Tier", "type": "dropdown", "active": True}
    choices = {"custom_field_options": [{"name": "Gold", "value": "gold"}, {"value": "silver"}]}
    one = {"user_fields": [field | choices], "meta": {"has_more": True, "after_cursor": "p2"}}
    old = {"key": "old", "title": "Old", "type": "text", "active": False}
    born = {"key": "born", "title": "Born", "type": "date", "active": True}
    two = {"user_fields": [old, born], "meta": {"has_more": False, "after_cursor": None}}
    crm.play(json_of(one), json_of(two))

    attributes = {item.name: item for item in await zendesk.describe(call, "users")}

    assert [dict(received.query).get("page[after]") for received in crm.received] == [None, "p2"]
    assert attributes["user_fields.tier"] == Attribute(
        "user_fields.tier",
        "Tier",
        ValueType.CHOICE,
        "dropdown",
        is_writable=True,
        options=("gold", "silver"),
    )
    assert attributes["user_fields.born"].type is ValueType.DATE
    assert attributes["email"].type is ValueType.EMAIL
    assert "user_fields.old" not in attributes


async def test_tags_and_tickets_are_facts(zendesk, call, crm):
    ticket = {"id": 7, "requester_id": 1, "subject": "Late", "updated_at": "2026-09-01T12:30:00Z"}
    answers = {
        "/api/v2/users/show_many.json": a_page(a_user(1, tags=["vip", "beta"]), a_user(2, tags=[])),
        "/api/v2/users/1/tickets/requested.json": {"tickets": [ticket], "meta": {}},
        "/api/v2/users/2/tickets/requested.json": {"tickets": [], "meta": {"has_more": False}},
    }
    crm.play(replied(lambda received: answers[received.path]))

    facts = await zendesk.facts(call, "users", ["1", "2"], {FactKind.TAG, FactKind.ACTIVITY})

    assert sorted(received.path for received in crm.received) == sorted(answers)
    assert facts == {
        "1": [
            Fact(FactKind.ACTIVITY, "7", "Late", "ticket", UPDATED_AT),
            Fact(FactKind.TAG, "vip", "vip"),
            Fact(FactKind.TAG, "beta", "beta"),
        ],
        "2": [],
    }


async def test_a_user_is_changed(zendesk, call, crm):
    crm.play(json_of({"user": a_user(1, name="Ada L.", user_fields={"tier": "gold", "x": 1})}))

    record = await zendesk.write(call, "users", "1", {"name": "Ada L.", "user_fields.tier": "gold"})

    [received] = crm.received
    assert (received.method, received.target) == ("PUT", "/api/v2/users/1.json")
    assert received.json() == {"user": {"name": "Ada L.", "user_fields": {"tier": "gold"}}}
    assert record == Record("1", {"name": "Ada L.", "user_fields.tier": "gold"}, UPDATED_AT)


@pytest.mark.parametrize("code", [404, 409])
async def test_a_user_who_is_not_there_is_a_conflict(code, zendesk, call, crm):
    crm.play(status(code))

    with pytest.raises(Conflict):
        await zendesk.write(call, "users", "1", {"name": "Ada"})

    assert len(crm.received) == 1


def an_event(**more):
    event = {
        "id": "e-1",
        "type": "zen:event-type:user.name_changed",
        "subject": "zen:user:6596848315901",
        "time": "2026-11-27T11:59:58Z",
        "detail": {"id": "6596848315901"},
    }
    return json.dumps(event | more).encode()


def a_webhook(body, *, secret="hook-secret", sent="2026-11-27T12:00:00Z", age_s=0):
    signature = hmac.digest(secret.encode(), sent.encode() + body, hashlib.sha256)
    headers = {
        "x-zendesk-webhook-signature": base64.b64encode(signature).decode(),
        "x-zendesk-webhook-signature-timestamp": sent,
    }
    return Webhook("POST", headers, body, SENT_AT + timedelta(seconds=age_s))


def test_a_webhook_tells_who_changed(zendesk):
    assert zendesk.received(a_webhook(an_event())) == [
        Change(
            ChangeKind.UPSERTED,
            "users",
            "6596848315901",
            datetime(2026, 11, 27, 11, 59, 58, tzinfo=UTC),
            event_id="e-1",
        )
    ]
    gone = an_event(type="zen:event-type:user.deleted")
    assert zendesk.received(a_webhook(gone))[0].kind is ChangeKind.DELETED


@pytest.mark.parametrize(
    "webhook",
    [
        a_webhook(an_event(), secret="another"),
        a_webhook(an_event(), age_s=301),
        a_webhook(an_event(), sent=""),
        Webhook("POST", {}, an_event(), SENT_AT),
        Webhook("POST", dict(a_webhook(an_event()).headers), an_event(id="e-2"), SENT_AT),
    ],
)
def test_a_webhook_that_is_not_zendesk_s_or_too_old_is_refused(webhook, zendesk):
    with pytest.raises(BadSignature):
        zendesk.received(webhook)


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'{"id": 1}', an_event(time="x")])
def test_a_webhook_that_makes_no_sense_is_a_bad_payload(body, zendesk):
    with pytest.raises(BadPayload):
        zendesk.received(a_webhook(body))


def test_no_webhook_is_believed_without_a_secret(crm):
    zendesk = connector_of("zendesk")(SourceSettings("desk", crm.url, SECRET, OPTIONS))

    with pytest.raises(BadSignature):
        zendesk.received(a_webhook(an_event(), secret=""))
