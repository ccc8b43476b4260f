"""Sources are served side by side: a slow one holds up none of the others."""

import asyncio
import copy
from dataclasses import replace

import pytest
import pytest_asyncio

from app.store.queues import DUE, due_at
from app.store.refetches import Said
from app.sync.worker import SyncWork
from connectors.vendors.tryton import Tryton
from tests.support.gateway import define
from tests.sync.office import PARTY, UPDATE, a_party, opened_office, synced_field
from tests.sync.outage import way_to
from tests.sync.owing import outbox_of

WITHIN_S = 20  # a source that says nothing is given up after 30
START = SyncWork.start  # as it is before offices have their workers idle
pytestmark = pytest.mark.asyncio(loop_scope="session")


class SilentTryton(Tryton):
    """A Tryton that never says what changed."""

    async def changed(self, *_):
        """Never."""
        await asyncio.Event().wait()


def with_silent(syncing, tenant):
    """The same, with a silent source before its own."""
    settings, [source] = syncing.settings, syncing.sources[tenant].values()
    silent = copy.copy(source.connector)
    silent.__class__ = SilentTryton
    also = settings.sources["erp"].model_copy(update={"sync_objects": (PARTY,)})
    named = {"silent": also, **settings.sources}
    both = {"silent": replace(source, name="silent", connector=silent), "erp": source}
    return replace(
        syncing,
        settings=settings.model_copy(update={"sources": named}),
        sources={tenant: both},
    )


def without_slow(syncing):
    """The same, without its slow source."""
    [(tenant, both)] = syncing.sources.items()
    settings = syncing.settings.model_copy(
        update={"sources": {"erp": syncing.settings.sources["erp"]}}
    )
    return replace(syncing, settings=settings, sources={tenant: {"erp": both["erp"]}})


async def test_a_silent_source_holds_up_no_other(document_server, erp, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
        async with opened_office(
            document_server.uri, erp, tmp_path, "beside", sync_every_s=3600
        ) as office:
            party = await a_party(erp, name="Beside")
            await office.take_on([party])
            work = SyncWork(with_silent(office.syncing, office.tenant))

            START(work)
            try:
                async with asyncio.timeout(60):
                    shown = None
                    while shown is None:
                        await asyncio.sleep(0.2)
                        shown = (await office.shown())[party]["custom"]["crmName"]
            finally:
                await work.close()
            assert shown == "Beside"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two_sources(document_server, erp, tmp_path_factory):
    """An office with `slow` beside `erp`, both the same Tryton, and the way to the slow one."""
    path = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
        async with (
            way_to(erp.base_url) as slow,
            opened_office(
                document_server.uri, erp, path, "two-sources", also={"slow": slow.address}
            ) as office,
        ):
            ours = synced_field("crmName", owner="PROFILE") | {"key": "ours"}
            theirs = synced_field("number", owner="PROFILE", connector="slow") | {"key": "theirs"}
            read = synced_field("mail", connector="slow") | {"key": "slowMail"}
            await define(office.caller("admin"), [ours, theirs, read])
            yield office, slow


@pytest_asyncio.fixture(loop_scope="session")
async def customer(two_sources, erp):
    """A party whose profile is linked to it in both sources; the slow one says nothing."""
    office, slow = two_sources
    party = await a_party(erp, name="Before")
    office.profiles.clear()
    await office.take_on([party], ("slow", "erp"))
    slow.close(is_silent=True)
    slow.held_up = 0
    yield party
    for name in ("outbox", "refetches"):
        await office.gateway.gateway.database[name].delete_many({"tenant": office.tenant})


async def change_here(office, party, **custom):
    """Change what the profile owns."""
    given = {"id": office.profiles[party], "custom": custom}
    await office.caller("service").data(UPDATE, {"input": given})


def methods_of(tryton):
    """How it was asked since it was reset."""
    return [one.partition(" ")[0] for one in tryton.requests]


async def as_many(find, count):
    """What is there, as soon as it is so many things."""
    found = await find()
    while len(found) != count:
        await asyncio.sleep(0.05)
        found = await find()
    return found


async def test_a_source_that_says_nothing_holds_up_nothing_that_others_are_owed(
    two_sources, customer
):
    office, slow = two_sources
    await change_here(office, customer, theirs="S-1")
    work = SyncWork(office.syncing)
    START(work)
    try:
        async with asyncio.timeout(WITHIN_S):
            await slow.stopped.wait()
            office.tryton.reset_calls()
            for name in ("First", "Second"):
                await change_here(office, customer, ours=name)
                [left] = await as_many(lambda: outbox_of(office), 1)
    finally:
        await work.close()

    assert (left["source"], left["attempts"], slow.held_up) == ("slow", 0, 1)
    assert due_at(left[DUE]) > office.syncing.now()  # it is under way
    # Read; described, read again and written by the connector.
    assert methods_of(office.tryton) == ["GET", "POST", "GET", "PUT"] * 2


async def test_a_source_that_says_nothing_holds_up_no_reading_of_others(two_sources, customer):
    office, slow = two_sources
    refetches = office.gateway.gateway.database["refetches"]

    async def hear(source):
        said = [Said(PARTY, customer)]
        await office.syncing.refetches.hear(office.tenant, source, said, office.syncing.now())

    await hear("slow")
    work = SyncWork(office.syncing)
    START(work)
    try:
        async with asyncio.timeout(WITHIN_S):
            await slow.stopped.wait()
            office.tryton.reset_calls()
            await hear("erp")
            [left] = await as_many(lambda: refetches.find().to_list(), 1)
    finally:
        await work.close()

    assert (left["source"], left["attempts"], slow.held_up) == ("slow", 0, 1)
    # Read; described for the first time, and its tags read.
    assert methods_of(office.tryton) == ["GET", "POST", "GET"]
    assert (await office.shown())[customer]["custom"]["crmName"] == "Before"


async def test_what_is_for_a_source_that_is_gone_is_refused_and_read_no_more(
    two_sources, customer, monkeypatch
):
    office, _ = two_sources
    monkeypatch.setattr("app.sync.worker._LOOK_EVERY_S", 0.05)
    await change_here(office, customer, theirs="S-2")
    said = [Said(PARTY, customer)]
    await office.syncing.refetches.hear(office.tenant, "slow", said, office.syncing.now())
    work = SyncWork(without_slow(office.syncing))
    START(work)
    try:
        async with asyncio.timeout(WITHIN_S):
            await as_many(lambda: outbox_of(office), 1)
            await as_many(office.syncing.refetches.queues, 0)
            await as_many(office.syncing.outbox.queues, 0)
    finally:
        await work.close()

    [left] = await outbox_of(office)
    assert left["refused"] == "the source isn't in the settings, or takes no changes"
