"""What is changed here reaches a real Tryton, once and for all."""

import asyncio
from datetime import timedelta

import pytest

from app.store.outbox import DUE
from app.sync.sending import Sending
from tests.support.gateway import define
from tests.sync.office import change, opened_office, parties_of, synced_field
from tests.sync.outage import way_to
from tests.sync.test_following import UPDATE, a_party

pytestmark = pytest.mark.asyncio(loop_scope="session")
WRITE = """
mutation ($input: WriteToSourceInput!) {
  writeToSource(input: $input) { state profile { custom { crmName } } }
}
"""


async def own_the_name(office):
    """Define a second field of the party's name, which the profile owns."""
    await define(
        office.caller("admin"), [synced_field("crmName", owner="PROFILE") | {"key": "ours"}]
    )


async def rename(office, party, name):
    """Change the field that the profile owns."""
    given = {"id": office.profiles[party], "custom": {"ours": name}}
    await office.caller("service").data(UPDATE, {"input": given})


async def outbox_of(office):
    """What waits to be sent, or was refused."""
    kept = office.gateway.gateway.database["outbox"]
    return await kept.find({"tenant": office.tenant}).to_list()


async def name_of(office, party):
    """The name that the party has in Tryton."""
    return (await parties_of(office.tryton))[party]["crmName"]


@pytest.fixture
def idle(monkeypatch):
    """No worker of a gateway sends anything."""
    monkeypatch.setattr("app.sync.worker.SyncWork.start", lambda _: None)


@pytest.fixture
async def owner(idle, document_server, erp, tmp_path):  # noqa: ARG001 - see above
    """An office that owns the names, with one customer; its workers are idle."""
    tenant = f"owner-{tmp_path.name.replace('_', '-')[-20:]}".rstrip("-")
    async with (
        way_to(erp.base_url) as way,
        opened_office(document_server.uri, erp, tmp_path, tenant, address=way.address) as office,
    ):
        await own_the_name(office)
        party = await a_party(erp, name="Before")
        await office.take_on([party])
        await office.sync()
        yield office, party, way


async def test_a_change_of_what_the_profile_owns_is_sent(owner):
    office, party, _ = owner
    await rename(office, party, "After")
    [waiting] = await outbox_of(office)
    assert "After" not in str(waiting)

    assert await Sending(office.syncing).drain() == 1

    assert await name_of(office, party) == "After"
    assert await outbox_of(office) == []
    assert (await office.sync()).report.conflicted == 0
    assert (await office.shown())[party]["custom"]["crmName"] == "After"


async def test_many_changes_are_sent_as_one_and_none_is_lost_in_an_outage(owner):
    office, party, way = owner
    way.left = 0
    await rename(office, party, "First")
    await Sending(office.syncing).drain()
    [waiting] = await outbox_of(office)
    assert (waiting["attempts"], waiting["seq"]) == (1, 1)
    assert waiting[DUE] > office.gateway.gateway.wiring.now()

    way.left = None
    await rename(office, party, "Second")
    await Sending(office.syncing).drain()

    assert await name_of(office, party) == "Second"
    assert await outbox_of(office) == []


async def test_what_was_sent_by_one_who_was_killed_is_sent_once_more_without_harm(owner):
    office, party, _ = owner
    await rename(office, party, "Sent")
    outbox = office.syncing.outbox
    sent = await outbox.lease(office.syncing.now())
    await Sending(office.syncing)._send(sent)
    office.tryton.reset_calls()

    assert await outbox.lease(office.syncing.now()) is None
    later = await outbox.lease(office.syncing.now() + timedelta(minutes=2))
    assert later == sent
    await Sending(office.syncing).send(later)

    assert [one for one in office.tryton.requests if one.startswith("PUT")] == []
    assert await outbox_of(office) == []


async def test_the_profile_s_word_counts_against_the_crm_s_where_it_owns_the_field(owner):
    office, party, _ = owner
    await rename(office, party, "Ours")
    await Sending(office.syncing).drain()
    await change(office.tryton, party, name="Theirs")

    done = await office.sync()
    await Sending(office.syncing).drain()

    assert [one.as_json() for one in done.report.conflicts] == [
        {"kind": "KEPT", "profile": office.profiles[party], "record": party, "field": "ours"}
    ]
    assert await name_of(office, party) == "Ours"


async def test_a_refusal_of_the_crm_is_kept_and_told(owner):
    office, party, _ = owner
    number = synced_field("number", owner="PROFILE") | {"key": "ourNumber"}
    await define(office.caller("admin"), [number])
    given = {"id": office.profiles[party], "custom": {"ourNumber": "N-1"}}
    await office.caller("service").data(UPDATE, {"input": given})

    await Sending(office.syncing).drain()

    told = await office.syncing.outbox.state(office.tenant, "erp")
    [refused] = told["refused"]
    assert (told["waiting"], refused["profile"]) == (0, office.profiles[party])
    assert refused["reason"] == "the source doesn't take the value"


async def test_a_value_that_the_crm_owns_is_written_there_and_copied(owner):
    office, party, _ = owner
    given = {"id": office.profiles[party], "custom": {"crmName": "Asked for"}}

    data = await office.caller("supervisor").data(WRITE, {"input": given})

    assert data["writeToSource"]["state"] == "SENT"
    assert data["writeToSource"]["profile"]["custom"]["crmName"] == "Asked for"
    assert await name_of(office, party) == "Asked for"
    assert await outbox_of(office) == []


async def test_what_nobody_here_has_seen_is_not_overwritten(owner):
    office, party, _ = owner
    await change(office.tryton, party, name="Unseen")
    given = {"id": office.profiles[party], "custom": {"crmName": "Blind"}}

    data = await office.caller("supervisor").data(WRITE, {"input": given})

    assert data["writeToSource"]["state"] == "CONFLICT"
    assert data["writeToSource"]["profile"]["custom"]["crmName"] == "Unseen"
    assert await name_of(office, party) == "Unseen"
    [refused] = await outbox_of(office)
    assert refused["refused"] == "the CRM's value was changed meanwhile"
    assert "values" not in refused


async def test_a_wish_waits_sealed_for_a_crm_that_is_away(owner):
    office, party, way = owner
    way.left = 0
    given = {"id": office.profiles[party], "custom": {"crmName": "Patience"}}

    data = await office.caller("supervisor").data(WRITE, {"input": given})
    assert data["writeToSource"]["state"] == "WAITING"
    [waiting] = await outbox_of(office)
    assert b"Patience" not in str(waiting).encode()

    way.left = None
    await asyncio.sleep(2.1)  # the first pause
    await Sending(office.syncing).drain()
    assert await name_of(office, party) == "Patience"


@pytest.mark.parametrize(
    ("role", "custom", "code"),
    [
        ("agent", {"crmName": "x"}, "FORBIDDEN"),
        ("reviewer", {"crmName": "x"}, "FORBIDDEN"),
        ("partner", {"crmName": "x"}, "BAD_INPUT"),
        ("supervisor", {"ours": "x"}, "BAD_INPUT"),
        ("supervisor", {"nothing": "x"}, "BAD_INPUT"),
        ("supervisor", {}, "BAD_INPUT"),
    ],
)
async def test_who_may_not_write_the_field_sends_nothing(owner, role, custom, code):
    office, party, _ = owner
    office.tryton.reset_calls()

    codes = await office.caller(role).codes(
        WRITE, {"input": {"id": office.profiles[party], "custom": custom}}
    )

    assert codes == [code]
    assert office.tryton.calls == 0
    assert await outbox_of(office) == []
