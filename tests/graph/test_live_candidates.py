"""Fields with several sources: whose value counts, and what becomes of the others."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Record, SourceSettings
from connectors.errors import Unavailable
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.client import source_client
from connectors.runtime.pace import Freshness
from graph.live_report import reports_of
from graph.live_value import LiveValue, chosen
from graph.model.custom_field import FieldSource, SourceKind, SourceRule
from tests.graph.live_office import NOW, TIER, Office, linked
from tests.support.card_index import Asked, CardIndex

BOTH = replace(TIER, further_sources=(FieldSource(SourceKind.LIVE, "erp", "contacts", "category"),))
LATEST = replace(BOTH, rule=SourceRule.MOST_RECENT)
LINKS = (*linked("r1"), *linked("e1", source="erp"))


class Dated(CardIndex):
    """Cards that say when they were last changed."""

    changed_at = None

    def _card(self, key, attributes):
        found = super()._card(key, attributes)
        return replace(found, modified_at=self.changed_at) if isinstance(found, Record) else found


@pytest.fixture
async def office():
    """Two CRMs that both know a tier."""
    async with source_client(LOOPBACK) as http:
        office = Office(http)
        office.crm = Dated(SourceSettings("crm", "", ""))
        office.erp = Dated(SourceSettings("erp", "", ""))
        office.crm.drawer.cards = {"r1": {"tier": "gold"}}
        office.erp.drawer.cards = {"e1": {"category": "silver"}}
        yield office


def told(found):
    """The value, its source, and what each source said."""
    return found.value, found.source, [(one.source, one.value) for one in found.candidates]


async def test_the_first_source_that_has_a_value_gives_it_and_the_others_are_told(office):
    found = await office.reads(BOTH).read(BOTH, "P1", LINKS)

    assert told(found) == ("gold", "crm", [("crm", "gold"), ("erp", "silver")])


@pytest.mark.parametrize("card", [{"tier": None}, {"tier": ""}, {}])
async def test_a_source_without_a_value_gives_way_to_the_next(office, card):
    office.crm.drawer.cards = {"r1": card}

    found = await office.reads(BOTH).read(BOTH, "P1", LINKS)

    assert told(found) == ("silver", "erp", [("crm", None), ("erp", "silver")])
    assert found.error is None


async def test_a_source_that_fails_gives_way_and_says_why(office):
    down = office.crm.drawer.jammed = Unavailable("crm", "status 503")

    found = await office.reads(BOTH).read(BOTH, "P1", LINKS)

    assert told(found) == ("silver", "erp", [("crm", None), ("erp", "silver")])
    assert (found.error, found.candidates[0].error) == (None, down)


async def test_nobody_knows_that_there_is_no_value_while_a_source_fails(office):
    office.crm.drawer.cards = {}
    down = office.erp.drawer.jammed = Unavailable("erp", "status 503")

    found = await office.reads(BOTH).read(BOTH, "P1", LINKS)

    assert (found.value, found.error, found.source) == (None, down, "erp")


async def test_where_no_source_has_a_value_there_is_none(office):
    office.crm.drawer.cards = office.erp.drawer.cards = {}

    found = await office.reads(BOTH).read(BOTH, "P1", LINKS)

    assert told(found) == (None, "crm", [("crm", None), ("erp", None)])
    assert (found.error, found.fetched_at) == (None, NOW)


@pytest.mark.parametrize(
    ("of_crm", "of_erp", "value"),
    [(1, 2, "silver"), (2, 1, "gold"), (1, 1, "gold"), (None, 1, "silver"), (None, None, "gold")],
)
async def test_the_value_of_the_record_that_changed_last_counts(office, of_crm, of_erp, value):
    office.crm.changed_at = of_crm and datetime(2026, 1, of_crm, tzinfo=UTC)
    office.erp.changed_at = of_erp and datetime(2026, 1, of_erp, tzinfo=UTC)

    found = await office.reads(LATEST).read(LATEST, "P1", LINKS)

    assert found.value == value


async def test_all_sources_are_asked_at_the_same_time_and_once(office):
    office.crm.drawer.open, office.erp.drawer.open = (
        office.erp.drawer.came,
        office.crm.drawer.came,
    )
    live = office.reads(BOTH)

    found = await asyncio.gather(*(live.read(BOTH, "P1", LINKS) for _ in range(3)))

    assert {one.value for one in found} == {"gold"}
    assert office.crm.drawer.asked == [Asked("contacts", ("r1",), ("tier",))]
    assert office.erp.drawer.asked == [Asked("contacts", ("e1",), ("category",))]
    assert live.known(BOTH, "P1", LINKS) == found[0]


async def test_what_is_told_several_times_counts_once(office):
    office.keep()
    await office.reads(BOTH).read(BOTH, "P1", LINKS)
    office.crm.drawer.jammed = Unavailable("crm", "status 503")
    office.now = NOW + timedelta(seconds=1)
    one, other = office.reads(BOTH), office.reads(BOTH)

    for _ in range(2):
        await asyncio.gather(*(live.read(BOTH, "P1", LINKS, Freshness(0)) for live in (one, other)))
    together = reports_of([one.stories, other.stories])

    assert (together["crm"].calls, together["crm"].keys, together["crm"].stale) == (1, 1, 1)
    assert (together["erp"].calls, together["erp"].keys, together["erp"].stale) == (1, 1, 0)
    assert together["crm"].errors == ["SOURCE_UNAVAILABLE"]


def test_a_field_of_one_source_has_no_candidates():
    value = LiveValue("gold", NOW, source="crm")

    assert chosen(SourceRule.MOST_RECENT, [value]) is value
