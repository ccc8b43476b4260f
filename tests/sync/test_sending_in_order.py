"""What is sent last is what was said last, whoever sends it and however often it failed."""

from datetime import timedelta

import pytest

from app.store.outbox import owe
from app.store.queues import due_at
from app.sync.sending import Sending
from connectors.errors import Conflict
from connectors.vendors.tryton import Tryton
from graph.errors import StoreUnavailable
from graph.model.owed import Owed, WriteState
from tests.sync.office import change
from tests.sync.owing import kept_wish, lease, name_of, outbox_of, rename, wish

pytestmark = pytest.mark.asyncio(loop_scope="session")
LATER = timedelta(minutes=30)


async def test_a_wish_that_waits_does_not_overwrite_a_newer_one(owner):
    office, party, way = owner
    way.close()
    assert await wish(office, party, crmName="Older") == "WAITING"
    way.open()

    assert await wish(office, party, crmName="Newer") == "SENT"

    assert await outbox_of(office) == []
    assert await name_of(office, party) == "Newer"


async def test_a_newer_wish_takes_its_fields_alone_from_those_that_wait(owner):
    office, party, way = owner
    way.close()
    await wish(office, party, crmName="Older", number="N-1")
    [before] = await outbox_of(office)

    await wish(office, party, crmName="Newer")

    older, newer = sorted(await outbox_of(office), key=lambda one: one["_id"] != before["_id"])
    assert older["_id"] == before["_id"]
    assert set(older["fields"]) == set(before["fields"]) - set(newer["fields"])
    assert older["values"] == {one: before["values"][one] for one in older["fields"]}


async def test_a_wish_that_was_replaced_while_a_worker_had_it_is_not_sent(owner):
    office, party, _ = owner
    older = await kept_wish(office, party, LATER, "Older")
    assert await wish(office, party, crmName="Newer") == "SENT"

    assert await Sending(office.syncing).send(older) is WriteState.WAITING

    assert await name_of(office, party) == "Newer"
    assert await outbox_of(office) == []


async def test_a_wish_that_is_kept_is_told_as_waiting_when_the_store_fails_then(owner, monkeypatch):
    office, party, _ = owner

    async def fail(*_):
        raise StoreUnavailable("gone")

    monkeypatch.setattr("app.store.outbox.Outbox.paid", fail)

    assert await wish(office, party, crmName="Kept") == "WAITING"
    [kept] = await outbox_of(office)
    assert due_at(kept["due"]) > office.syncing.now()


async def test_a_debt_that_is_owed_anew_is_not_struck_off_with_the_old_one(owner):
    office, party, _ = owner
    await rename(office, party, "First")
    slow = await lease(office)
    await rename(office, party, "Second")
    assert await lease(office) is None  # the slow one's lease goes on

    await Sending(office.syncing).send(await lease(office, LATER))
    await rename(office, party, "Third")
    await office.syncing.outbox.paid(slow, office.syncing.now())

    assert len(await outbox_of(office)) == 1
    await Sending(office.syncing).send(await lease(office, LATER))
    assert await name_of(office, party) == "Third"


async def test_what_was_owed_anew_meanwhile_is_due_when_its_sender_is_done(owner):
    office, party, _ = owner
    await rename(office, party, "First")
    sent = await lease(office)
    await rename(office, party, "Second")

    await office.syncing.outbox.paid(sent, office.syncing.now())

    assert (await lease(office)).id == sent.id


async def test_what_is_owed_another_source_meanwhile_is_due_there_when_its_sender_is_done(owner):
    office, party, _ = owner
    await rename(office, party, "First")
    sent = await lease(office)
    outbox, now = office.syncing.outbox, office.syncing.now()
    owed = [Owed(sent.fields[0], "other", sent.object)]
    database, profile = office.syncing.database, office.profiles[party]

    async def owe_other(session):
        await owe(database, office.tenant, profile, owed, now, session)

    await outbox._transaction(owe_other)
    assert await lease(office, source="other") is None
    await outbox.paid(sent, now)

    assert await lease(office, LATER) is None
    assert (await lease(office, source="other")).id == sent.id


async def test_the_crm_is_told_no_id_of_ours_and_never_the_same_key_for_other_values(
    owner, monkeypatch
):
    office, party, _ = owner
    told, write = [], Tryton.write

    async def listen(self, *args, **more):
        told.append(more["idempotency_key"])
        return await write(self, *args, **more)

    monkeypatch.setattr(Tryton, "write", listen)

    for name in ("First", "Second"):
        await rename(office, party, name)
        await Sending(office.syncing).drain()

    assert len(set(told)) == 2
    assert not [one for one in told if office.profiles[party] in one or office.tenant in one]


@pytest.mark.parametrize("is_wish", [False, True])
async def test_what_the_crm_forbids_for_good_is_refused(owner, monkeypatch, is_wish):
    office, party, _ = owner

    async def forbid(*_, **__):
        raise Conflict("erp", "another record has this value")

    monkeypatch.setattr(Tryton, "write", forbid)

    if is_wish:
        assert await wish(office, party, crmName="Taken") == "REFUSED"
    else:
        await rename(office, party, "Taken")
        await Sending(office.syncing).drain()

    [kept] = await outbox_of(office)
    assert kept["refused"] == "the source doesn't take the value"
    assert "due" not in kept


async def test_what_changes_in_the_crm_while_it_is_sent_is_sent_again(owner, monkeypatch):
    office, party, _ = owner
    write = Tryton.write

    async def race(self, *args, **more):
        monkeypatch.setattr(Tryton, "write", write)
        await change(office.tryton, party, name="Raced")
        return await write(self, *args, **more)

    monkeypatch.setattr(Tryton, "write", race)
    await rename(office, party, "Ours")

    await Sending(office.syncing).drain()
    assert "refused" not in (await outbox_of(office))[0]
    await Sending(office.syncing).send(await lease(office, LATER))

    assert await name_of(office, party) == "Ours"
