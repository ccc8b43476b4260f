"""Several who read a CRM at the same time, and those who stop in between."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener

from app.store.linked_profiles import ChangedMeanwhile
from app.store.outbox import Outbox
from app.store.queues import Queue
from app.store.refetches import Said
from app.sync.asking import Asking
from app.sync.letters import SyncLetters
from app.sync.report import SyncLetter
from app.sync.webhooks import Webhooks
from connectors.errors import Unauthorized, Unavailable
from connectors.vendors.tryton import Tryton
from tests.sync.office import PARTY, a_party, change, links_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


def later(syncing, **by):
    """The same, so much later."""
    return replace(syncing, now=lambda: syncing.now() + timedelta(**by))


class Listener(CommandListener):
    """Notes every command in `asked`."""

    def __init__(self, asked):
        self._asked = asked

    def started(self, event):
        """Note it."""
        self._asked.append(event.command)

    def succeeded(self, event):
        """Nothing."""

    def failed(self, event):
        """Nothing."""


def listened_client(office, asked):
    """A client of the office's store that notes its commands."""
    uri = office.gateway.gateway.settings.store.uri
    return AsyncMongoClient(uri, event_listeners=[Listener(asked)], tz_aware=True)


async def plan_of(office):
    """What is synchronised of the office's Tryton."""
    [plan] = await office.syncing.plans("erp")
    return plan


async def test_what_a_merge_leads_to_is_read_though_the_run_was_killed_in_between(
    office, erp, monkeypatch
):
    party, old = await a_party(erp, name=erp.parties[-5].name), erp.parties[-5]
    survivor = str(old.id)  # it didn't change for long, so it isn't told of
    await office.take_on([party])
    await office.sync()
    await asyncio.to_thread(erp.replace, party, survivor)

    async def die(*_):
        raise Unavailable("erp", "killed")

    with monkeypatch.context() as patch:
        patch.setattr("app.sync.settling.Settling._record", die)
        with pytest.raises(Unavailable):
            await office.sync()
    assert await links_of(office, party) == [survivor]
    assert (await office.shown())[party]["custom"]["number"] != old.code

    await office.sync()
    await Webhooks(later(office.syncing, minutes=5)).drain()

    assert (await office.shown())[party]["custom"]["number"] == old.code


async def test_a_record_that_was_read_earlier_does_not_replace_what_was_read_later(office, erp):
    party = await a_party(erp, name="Oldest")
    await office.take_on([party])
    await office.sync()
    plan = await plan_of(office)
    settling = office.syncing.run.settling(plan)
    old = await Asking(plan).records([party])
    await change(erp, party, name="Newest")
    await settling.settle(await Asking(plan).records([party]))

    done = await settling.settle(old)

    assert done.changed == 0
    assert (await office.shown())[party]["custom"]["crmName"] == "Newest"


async def test_what_is_read_later_counts_though_its_record_is_older(office, erp):
    party, old = await a_party(erp, name="Same"), await a_party(erp, name="Same", code="S-7")
    await office.take_on([party])
    await change(erp, party, name="Changed after the other")
    await office.sync()

    await asyncio.to_thread(erp.replace, party, old)
    await office.sync()

    assert (await office.shown())[party]["custom"]["number"] == "S-7"


async def test_who_was_changed_meanwhile_is_read_again(office, erp, monkeypatch):
    party = await a_party(erp, name="First")
    await office.take_on([party])
    plan = await plan_of(office)
    told = await Asking(plan).records([party])
    await change(erp, party, name="Second")

    async def race(*_):
        monkeypatch.undo()
        raise ChangedMeanwhile

    monkeypatch.setattr("app.store.linked_profiles.LinkedProfiles.write", race)

    await office.syncing.run.settling(plan).settle(told)

    assert (await office.shown())[party]["custom"]["crmName"] == "Second"


async def test_more_that_is_said_of_a_record_while_it_is_read_is_read_too(office):
    refetches, now = office.syncing.refetches, office.syncing.now()
    await office.gateway.gateway.database["refetches"].delete_many({})
    said = [Said(PARTY, "race-1")]
    await refetches.hear(office.tenant, "erp", said, now)
    [slow] = await refetches.lease(office.queue, now, 100)
    await refetches.hear(office.tenant, "erp", said, now)
    assert await refetches.lease(office.queue, now, 100) == []  # the slow one's lease goes on

    [other] = await refetches.lease(office.queue, now + timedelta(minutes=2), 100)
    await refetches.read([other], now)
    await refetches.hear(office.tenant, "erp", said, now)
    await refetches.read([slow], now)

    [left] = await refetches.lease(office.queue, now, 100)
    assert left.record == "race-1"
    await refetches.read([left], now)
    assert await refetches.lease(office.queue, now + timedelta(minutes=2), 100) == []


async def test_two_who_send_take_each_thing_once_and_look_once_for_fifty(office):
    now, asked = office.syncing.now(), []
    queue = Queue(office.tenant, "crowded")
    outbox = office.syncing.database["outbox"]
    await outbox.insert_many(
        {
            "_id": f"{office.tenant}/crowded/{number}",
            "tenant": office.tenant,
            "source": "crowded",
            "object": "any",
            "profile": "any",
            "fields": [],
            "seq": "1",
            "attempts": 0,
            "due": queue.key(now),
        }
        for number in range(100)
    )
    async with listened_client(office, asked) as client:
        both = [
            Outbox(client[outbox.database.name], office.syncing.outbox._transaction)
            for _ in range(2)
        ]
        first, second = (one.leases(queue, lambda: now) for one in both)
        taken = [await anext(first) for _ in range(30)]
        taken += [await anext(second) for _ in range(40)]
        taken += [one async for one in first]
        left = await anext(second, None)
    await outbox.delete_many({"source": "crowded"})

    assert (len({one.id for one in taken}), len(taken), left) == (100, 100, None)
    assert len([one for one in asked if "find" in one]) == 5


async def test_an_event_that_two_gateways_hear_at_once_is_kept_once(office, monkeypatch):
    refetches, now = office.syncing.refetches, office.syncing.now()
    said = [Said(PARTY, "twice-1", event="twice"), Said(PARTY, "twice-2", event="once")]
    new = refetches._new

    async def overtaken(*given):
        monkeypatch.undo()
        found = await new(*given)
        await refetches.hear(office.tenant, "erp", said[:1], now)
        return found

    monkeypatch.setattr(refetches, "_new", overtaken)

    assert await refetches.hear(office.tenant, "erp", said, now) == said[1:]


async def test_refused_credentials_hold_the_bookmark(office, erp, monkeypatch):
    party = await a_party(erp, name="Behind")
    await office.take_on([party])
    fetch = Tryton.fetch

    async def refuse(self, call, object, keys, attributes):
        found = await fetch(self, call, object, keys, attributes)
        return dict.fromkeys(found, Unauthorized("erp", "no"))

    monkeypatch.setattr(Tryton, "fetch", refuse)

    with pytest.raises(Unauthorized):
        await Asking(await plan_of(office)).records([party])


async def test_the_letters_of_other_records_are_not_looked_at(office, erp):
    party = await a_party(erp, name="Mended")
    plan, database = await plan_of(office), office.gateway.gateway.database
    letters = SyncLetters(database, plan)
    told = [SyncLetter(PARTY, one, "", "no") for one in (party, "elsewhere")]
    asked = []
    async with listened_client(office, asked) as client, client.start_session() as session:
        listened = SyncLetters(client[database.name], plan)
        await letters.settle([], told, office.syncing.now(), session=None)
        asked.clear()
        await listened.settle([party], [], office.syncing.now(), session)

    [found] = [one for one in asked if "find" in one]
    assert len(found["filter"]["_id"]["$in"]) == 1
    left = await database["deadLetters"].find({"tenant": office.tenant}).to_list()
    assert [one["record"] for one in left if one["record"] in (party, "elsewhere")] == ["elsewhere"]
