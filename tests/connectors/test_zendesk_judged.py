"""zenpy, which nobody here wrote, and our connector see the same in our stand-in for Zendesk."""

import pytest

from connectors.base import Call, Key, SourceSettings
from connectors.errors import Conflict, Unauthorized
from connectors.registry import connector_of
from connectors.runtime.budget import Budget
from tests.support.judges import verdict
from tests.support.listening import standing_in
from tests.support.zendesk_http import EMAIL, TOKEN, Desk, zendesk_app


@pytest.fixture
def call(http):
    return Call(http, Budget(20.0))


@pytest.fixture
async def desk():
    desk = Desk()
    async with standing_in(zendesk_app(desk)) as url:
        yield desk, url


def zendesk(url, token=TOKEN):
    return connector_of("zendesk")(SourceSettings("desk", url, token, {"email": EMAIL}))


async def exported(connector, call):
    """The changes of all pages."""
    page = await connector.changed(call, "users", None, ["name"])
    told = [*page.changes]
    while not page.is_last:
        page = await connector.changed(call, "users", page.cursor, ["name"])
        told += page.changes
    return told


async def test_what_zenpy_wrote_our_connector_reads(desk, call):
    _, url = desk

    made = [str(id_) for id_ in await verdict("zendesk", url, EMAIL, TOKEN, "write", venv="zenpy")]

    keys = [Key("id", id_) for id_ in made]
    names = ["name", "notes", "user_fields.tier", "tags"]
    found = await zendesk(url).fetch(call, "users", keys, names)
    assert [record and record.values for record in found.values()] == [
        {"name": "C0", "tags": ["vip"]},
        {"name": "C1", "notes": 'O"Baker', "user_fields.tier": "gold", "tags": ["vip"]},
        None,
        {"name": "C3", "tags": ["vip"]},
        {"name": "C4", "tags": ["vip"]},
    ]
    for key in (Key("external_id", "e3"), Key("email", "C3@x.example")):
        [record] = (await zendesk(url).fetch(call, "users", [key], [])).values()
        assert record.id == made[3]
    kinds = {change.id: change.kind.value for change in await exported(zendesk(url), call)}
    assert kinds == dict.fromkeys(made, "UPSERTED") | {made[2]: "DELETED"}


async def test_what_our_connector_wrote_zenpy_reads(desk, call):
    kept, url = desk
    made = [kept.add(name=f"C{n}", email=f"c{n}@x.example") for n in range(7)]
    kept.tickets[1] = {"id": 1, "requester_id": made[1], "subject": "Late"}
    ours = zendesk(url)
    values = {"notes": 'O"Baker', "user_fields.tier": "gold"}
    record = await ours.write(call, "users", str(made[1]), values)

    ids = [str(made[1]), str(made[4])]
    read = await verdict("zendesk", url, EMAIL, TOKEN, "read", *ids, venv="zenpy")

    assert record.values == values
    assert read["many"] == [[made[1], "C1", 'O"Baker'], [made[4], "C4", None]]
    assert (read["tier"], read["found"], read["tickets"]) == ("gold", [made[1]], ["Late"])
    assert [str(id_) for id_ in read["exported"]] == [
        change.id for change in await exported(ours, call)
    ]
    described = {one.name for one in await ours.describe(call, "users")}
    assert {f"user_fields.{key}" for key in read["fields"]} <= described


async def test_both_are_refused_alike(desk, call):
    kept, url = desk
    kept.add(name="Ada")

    told = await verdict("zendesk", url, EMAIL, TOKEN, "refusals", venv="zenpy")
    stranger = await verdict("zendesk", url, EMAIL, "wrong", "read", "1001", venv="zenpy")

    assert told == ["not found", "not found"]
    assert stranger == {"status": 401}
    with pytest.raises(Conflict):
        await zendesk(url).write(call, "users", "7", {"name": "x"})
    with pytest.raises(Unauthorized):
        await zendesk(url, "wrong").ping(call)
