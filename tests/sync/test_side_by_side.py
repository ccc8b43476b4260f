"""Sources are synchronised side by side: a slow one holds up none of the others."""

import asyncio
import copy
from dataclasses import replace

import pytest

from app.sync.worker import SyncWork
from connectors.vendors.tryton import Tryton
from tests.sync.office import PARTY, a_party, opened_office

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
