"""What is changed here reaches a real Tryton, once and for all."""

import asyncio
from datetime import timedelta

import pytest

from app.store.queues import DUE, due_at
from app.sync.sending import Sending
from tests.support.gateway import define
from tests.sync.office import UPDATE, change, synced_field
from tests.sync.owing import WRITE, lease, name_of, outbox_of, rename

SOURCE_OF = """
query ($id: ID!) { profile(id: $id) { fields(keys: ["ours"]) { value source observedAt } } }
"""
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_change_of_what_the_profile_owns_is_sent(owner):
    office, party, _ = owner
    await rename(office, party, "After")
    [waiting] = await outbox_of(office)
    assert "After" not in str(waiting)

    assert await Sending(office.syncing).drain() == 1

    assert await name_of(office, party) == "After"
    assert await outbox_of(office) == []
    assert office.profiles[party] not in str((await office.sync()).report.conflicts)
    assert (await office.shown())[party]["custom"]["crmName"] == "After"


async def test_many_changes_are_sent_as_one_and_none_is_lost_in_an_outage(owner):
    office, party, way = owner
    way.close()
    await rename(office, party, "First")
    await Sending(office.syncing).drain()
    [waiting] = await outbox_of(office)
    assert waiting["attempts"] == 1
    assert due_at(waiting[DUE]) > office.gateway.gateway.wiring.now()

    way.open()
    await rename(office, party, "Second")
    await Sending(office.syncing).drain()

    assert await name_of(office, party) == "Second"
    assert await outbox_of(office) == []


async def test_what_was_sent_by_one_who_was_killed_is_sent_once_more_without_harm(owner):
    office, party, _ = owner
    await rename(office, party, "Sent")
    sent = await lease(office)
    await Sending(office.syncing)._send(sent)
    office.tryton.reset_calls()

    assert await lease(office) is None
    later = await lease(office, timedelta(minutes=2))
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

    expected = {"kind": "KEPT", "profile": office.profiles[party], "record": party}
    assert expected | {"field": "ours"} in [one.as_json() for one in done.report.conflicts]
    assert await name_of(office, party) == "Ours"


async def test_a_value_written_as_it_was_is_told_to_be_from_who_wrote_it(owner):
    office, party, _ = owner
    given = {"id": office.profiles[party]}
    [copied] = (await office.caller("supervisor").data(SOURCE_OF, given))["profile"]["fields"]

    await rename(office, party, "Before")

    [told] = (await office.caller("supervisor").data(SOURCE_OF, given))["profile"]["fields"]
    assert (copied["value"], copied["source"]) == ("Before", "erp")
    assert copied["observedAt"] is not None
    assert told == {"value": "Before", "source": "profile", "observedAt": None}


async def test_a_refusal_of_the_crm_is_kept_and_told(owner):
    office, party, _ = owner
    number = synced_field("number", owner="PROFILE") | {"key": "ourNumber"}
    await define(office.caller("admin"), [number])
    given = {"id": office.profiles[party], "custom": {"ourNumber": "N-1"}}
    await office.caller("service").data(UPDATE, {"input": given})

    await Sending(office.syncing).drain()

    told = await office.syncing.outbox.state(office.tenant, "erp")
    [refused] = [one for one in told["refused"] if one["profile"] == office.profiles[party]]
    assert told["waiting"] == 0
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
    way.close()
    given = {"id": office.profiles[party], "custom": {"crmName": "Patience"}}

    data = await office.caller("supervisor").data(WRITE, {"input": given})
    assert data["writeToSource"]["state"] == "WAITING"
    [waiting] = await outbox_of(office)
    assert b"Patience" not in str(waiting).encode()

    way.open()
    await asyncio.sleep(2.1)  # the first pause
    await Sending(office.syncing).drain()
    assert await name_of(office, party) == "Patience"


@pytest.mark.parametrize(
    ("role", "custom", "code"),
    [
        ("agent", {"guarded": "x"}, "FIELD_FORBIDDEN"),
        ("evaluator", {"crmName": "x"}, "FORBIDDEN"),
        ("reviewer", {"crmName": "x"}, "FORBIDDEN"),
        ("partner", {"crmName": "x"}, "BAD_INPUT"),
        ("supervisor", {"ours": "x"}, "BAD_INPUT"),
        ("supervisor", {"nothing": "x"}, "BAD_INPUT"),
        ("supervisor", {}, "BAD_INPUT"),
    ],
)
async def test_who_may_not_write_the_field_sends_nothing(owner, role, custom, code):
    office, party, _ = owner
    guarded = synced_field("crmName") | {"key": "guarded", "roles": ["supervisor"]}
    await define(office.caller("admin"), [guarded])
    office.tryton.reset_calls()

    codes = await office.caller(role).codes(
        WRITE, {"input": {"id": office.profiles[party], "custom": custom}}
    )

    assert set(codes) == {code}
    assert office.tryton.calls == 0
    assert await outbox_of(office) == []
