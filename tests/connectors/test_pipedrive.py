import base64
import json
from datetime import UTC, datetime

import pytest

from connectors.abilities import (
    Attribute,
    Change,
    ChangeKind,
    Fact,
    FactKind,
    ValueType,
    Webhook,
)
from connectors.base import Call, Key, Record, SourceSettings
from connectors.errors import BadSignature, Conflict, RateLimited, WrongSettings
from connectors.registry import connector_of
from connectors.runtime.budget import Budget
from tests.connectors.example import SECRET, Example, value_of
from tests.support.scripted_http import json_of, replied, status

UPDATED = "2026-09-01T12:30:00Z"
UPDATED_AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)


def a_person(id, **more):
    return {"id": id, "update_time": UPDATED, **more}


def a_page(*rows, cursor=None):
    return {"success": True, "data": [*rows], "additional_data": {"next_cursor": cursor}}


def _reply(received, present):
    if received.path == "/api/v1/users/me":
        return {"success": True, "data": {"id": 1}}
    wanted = dict(received.query)["ids"].split(",")
    return a_page(
        *(
            a_person(int(one), name=value_of(one), custom_fields={"4f2e": value_of(one)})
            for one in sorted({*wanted} & {*present})
        )
    )


EXAMPLE = Example(
    object="persons",
    attributes=frozenset({"name", "custom_fields.4f2e"}),
    reply=_reply,
    options={},
    credential=("x-api-token", SECRET),
)


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


@pytest.fixture
def pipedrive(crm):
    return connector_of("pipedrive")(
        SourceSettings(
            "pipe", crm.url, SECRET, {"webhook_user": "hooks"}, webhook_secret="hook-secret"
        )
    )


async def test_persons_are_read_by_id_in_one_request(pipedrive, call, crm):
    emails = [{"value": "b@x.example", "primary": False}, {"value": "a@x.example", "primary": True}]
    crm.play(json_of(a_page(a_person(2, emails=emails, custom_fields={"4f2e": 17}))))
    keys = [Key("id", one) for one in ("1", "2", "two")]

    outcomes = await pipedrive.fetch(
        call, "persons", keys, {"email", "phone", "custom_fields.4f2e", "custom_fields.none"}
    )

    [received] = crm.received
    assert received.target == "/api/v2/persons?ids=1%2C2&limit=100"
    assert received.headers["x-api-token"] == SECRET
    values = {"email": "a@x.example", "phone": None, "custom_fields.4f2e": 17}
    assert outcomes == {
        keys[0]: None,
        keys[1]: Record("2", values, UPDATED_AT),
        keys[2]: None,
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(status(402), WrongSettings), (status(429, Retry_After="30"), RateLimited)],
)
async def test_an_unpaid_account_calls_a_person_and_a_limit_for_patience(
    answer, kind, pipedrive, call, crm
):
    crm.play(answer)

    with pytest.raises(kind):
        await pipedrive.fetch(call, "persons", [Key("id", "1")], {"name"})

    assert len(crm.received) == 1


async def test_changes_go_on_from_the_last_update_that_was_seen(pipedrive, call, crm):
    crm.play(
        json_of(a_page(a_person(1, name="Ada"), cursor="p2")),
        json_of(a_page(a_person(2, name="Bob") | {"update_time": "2026-09-02T00:00:00Z"})),
        json_of(a_page()),
    )

    one = await pipedrive.changed(call, "persons", None, {"name"})
    two = await pipedrive.changed(call, "persons", one.cursor, {"name"})
    three = await pipedrive.changed(call, "persons", two.cursor, {"name"})

    common = {"sort_by": "update_time", "sort_direction": "asc", "limit": "500"}
    assert [dict(received.query) for received in crm.received] == [
        common,
        common | {"cursor": "p2"},
        common | {"updated_since": "2026-09-02T00:00:00Z"},
    ]
    ada = Record("1", {"name": "Ada"}, UPDATED_AT)
    assert one.changes == [Change(ChangeKind.UPSERTED, "persons", "1", UPDATED_AT, ada)]
    assert [page.is_last for page in (one, two, three)] == [False, True, True]
    assert three.cursor == two.cursor


async def test_fields_are_described_by_their_codes(pipedrive, call, crm):
    name = {"field_code": "name", "field_name": "Name", "field_type": "varchar"}
    tier = {
        "field_code": "4f2e",
        "field_name": "Tier",
        "field_type": "set",
        "is_custom_field": True,
        "options": [{"id": 17, "label": "Gold"}, {"id": 18, "label": "Silver"}],
    }
    crm.play(json_of(a_page(name, cursor="p2")), json_of(a_page(tier)))

    attributes = {item.name: item for item in await pipedrive.describe(call, "persons")}

    assert attributes["name"] == Attribute("name", "Name", ValueType.TEXT, "varchar")
    assert attributes["custom_fields.4f2e"] == Attribute(
        "custom_fields.4f2e",
        "Tier",
        ValueType.CHOICE,
        "set",
        is_list=True,
        is_writable=True,
        options=("17", "18"),
    )
    assert attributes["email"].type is ValueType.EMAIL
    assert [dict(received.query).get("cursor") for received in crm.received] == [None, "p2"]


async def test_labels_are_tags_and_activities_are_activities(pipedrive, call, crm):
    done = {"id": 9, "person_id": 1, "subject": "Call", "update_time": UPDATED}

    def reply(received):
        if received.path == "/api/v2/activities":
            return a_page(*([done] if dict(received.query)["person_id"] == "1" else []))
        return a_page(a_person(1, label_ids=[5]), a_person(2, label_ids=None))

    crm.play(replied(reply))

    facts = await pipedrive.facts(call, "persons", ["1", "2"], {FactKind.TAG, FactKind.ACTIVITY})

    assert facts == {
        "1": [
            Fact(FactKind.ACTIVITY, "9", "Call", "activity", UPDATED_AT),
            Fact(FactKind.TAG, "5"),
        ],
        "2": [],
    }


async def test_a_person_is_changed_with_custom_fields_in_their_place(pipedrive, call, crm):
    person = a_person(1, name="Ada", custom_fields={"4f2e": 18})
    crm.play(json_of({"success": True, "data": person}))

    record = await pipedrive.write(call, "persons", "1", {"name": "Ada", "custom_fields.4f2e": 18})

    [received] = crm.received
    assert (received.method, received.target) == ("PATCH", "/api/v2/persons/1")
    assert received.json() == {"name": "Ada", "custom_fields": {"4f2e": 18}}
    assert record == Record("1", {"name": "Ada", "custom_fields.4f2e": 18}, UPDATED_AT)


async def test_a_person_who_is_gone_is_a_conflict(pipedrive, call, crm):
    crm.play(status(404))

    with pytest.raises(Conflict):
        await pipedrive.write(call, "persons", "1", {"name": "Ada"})


def a_webhook(action="change", secret="hook-secret", **more):
    meta = {
        "action": action,
        "entity": "person",
        "entity_id": "7",
        "id": "e-1",
        "timestamp": "2026-09-01T12:30:00.000Z",
        "version": "2.0",
    }
    credentials = base64.b64encode(f"hooks:{secret}".encode()).decode()
    content = json.dumps({"meta": meta | more, "data": None, "previous": None}).encode()
    return Webhook("POST", {"authorization": f"Basic {credentials}"}, content, UPDATED_AT)


@pytest.mark.parametrize(
    ("webhook", "kind", "into"),
    [
        (a_webhook(), ChangeKind.UPSERTED, None),
        (a_webhook("delete"), ChangeKind.DELETED, None),
        (a_webhook("delete", merged_to_id="8"), ChangeKind.MERGED, "8"),
    ],
)
def test_a_webhook_tells_who_changed_went_or_was_merged(webhook, kind, into, pipedrive):
    assert pipedrive.received(webhook) == [
        Change(kind, "persons", "7", UPDATED_AT, into_id=into, event_id="e-1")
    ]


@pytest.mark.parametrize(
    "webhook", [a_webhook(secret="guessed"), Webhook("POST", {}, b"{}", UPDATED_AT)]
)
def test_a_webhook_without_the_password_is_refused(webhook, pipedrive):
    with pytest.raises(BadSignature):
        pipedrive.received(webhook)
