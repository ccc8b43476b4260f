"""New keys for profiles, while a gateway that synchronises them still knows the former ones."""

import itertools
from datetime import timedelta

import pytest

from app.sealing import opened_sealing
from app.store.profile_rotation import ProfileRotation
from app.store.rotation_steps import Settling
from app.sync.asking import Asking
from app.sync.sending import Sending
from graph.model.owed import WriteState
from tests.sync.office import a_party, change, opened_office
from tests.sync.owing import kept_wish, lease, name_of, outbox_of

_NUMBERS = itertools.count(1)
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
async def idle_office(document_server, erp, tmp_path, monkeypatch):
    """An office with one customer, whose workers are idle."""
    monkeypatch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
    tenant = f"rotated-{next(_NUMBERS)}"
    async with opened_office(document_server.uri, erp, tmp_path, tenant) as office:
        party = await a_party(erp, name="Before")
        await office.take_on([party])
        await office.sync()
        yield office, party


async def rotate(office):
    """Give the profiles new keys; nobody waits until gateways have forgotten the former ones."""
    gateway = office.gateway.gateway
    async with opened_sealing(gateway.settings, gateway.database.client) as sealing:
        settling = Settling(0.0, lambda *_: None, 0.0)
        work = ProfileRotation(gateway.database, sealing, lambda *_: None, settling)
        return await work.run([office.tenant])


async def test_a_wish_that_waits_is_sent_though_keys_are_rotated(idle_office):
    office, party = idle_office
    wish = await kept_wish(office, party, timedelta(minutes=1), "Wished")
    [before] = await outbox_of(office)

    assert (await rotate(office)).left == 0

    [after] = await outbox_of(office)
    assert after["values"].keys() == before["values"].keys()
    assert after["values"] != before["values"]
    assert (waiting := await lease(office, timedelta(minutes=2))).id == wish.id
    assert await Sending(office.syncing).send(waiting) is WriteState.SENT
    assert await name_of(office, party) == "Wished"


async def test_copies_are_made_by_the_new_keys_at_once(idle_office, erp):
    office, party = idle_office
    [plan] = await office.syncing.plans("erp")
    mail = f"{party}@example.org"
    await change(erp, party, contact_mechanisms=[["create", [{"type": "email", "value": mail}]]])
    await office.sync()
    assert (await office.shown())[party]["custom"]["mail"] == mail
    await rotate(office)
    told = await Asking(plan).records([party])

    done = await office.syncing.run.settling(plan).settle(told)

    assert (done.bad, done.changed) == (0, 0)
