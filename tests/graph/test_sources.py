"""Sources: how a profile is found at a CRM, and what a failed call costs."""

from dataclasses import replace

import pytest

from connectors.base import Key, SourceSettings
from connectors.errors import Unavailable
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.breaker import Circuit, Health
from connectors.runtime.client import source_client
from graph.model.profile import Link
from graph.sources import Source
from tests.support.card_index import CardIndex

KEYS = [Key("id", "1"), Key("id", "2")]
LINKS = (
    Link(source="erp", object="contacts", record_id="8"),
    Link(source="crm", object="deals", record_id="9"),
    Link(source="crm", object="contacts", record_id=""),
    Link(source="crm", object="contacts", record_id="1"),
    Link(source="crm", object="contacts", record_id="2"),
)


@pytest.fixture
async def crm():
    """A source whose CRM is a drawer of cards."""
    async with source_client(LOOPBACK) as http:
        yield Source("crm", "shop", CardIndex(SourceSettings("crm", "", "")), http)


def test_a_profile_is_found_by_its_first_link_to_the_object(crm):
    assert crm.needs_links
    assert crm.key_of("P1", LINKS, "contacts") == Key("id", "1")
    assert crm.key_of("P1", LINKS, "deals") == Key("id", "9")


def test_a_profile_without_a_link_to_the_object_is_not_found(crm):
    assert crm.key_of("P1", LINKS, "companies") is None
    assert crm.key_of("P1", (), "contacts") is None
    assert crm.key_of("P1", LINKS[:3], "contacts") is None


def test_a_profile_is_found_by_an_attribute_that_holds_its_id(crm):
    by_profile = replace(crm, match="profile:customer_id")

    assert not by_profile.needs_links
    assert by_profile.key_of("P1", (), "contacts") == Key("customer_id", "P1")


async def test_what_changed_is_asked_anew(crm):
    crm.connector.drawer.cards = {"1": {"tier": "gold"}}
    tier = frozenset({"tier"})
    first = await crm.cache.answer(crm.cache.ask("contacts", KEYS[0], tier), tier)
    crm.connector.drawer.cards = {"1": {"tier": "silver"}}

    before = crm.cache.ask("contacts", KEYS[0], tier)
    await crm.invalidate("contacts", {"1"})
    after = await crm.cache.answer(crm.cache.ask("contacts", KEYS[0], tier), tier)

    found = [one.kept.values["tier"].value for one in (first, before, after)]
    assert found == ["gold", "gold", "silver"]


async def test_a_source_tells_how_it_fares(crm):
    assert crm.health == Health(Circuit.CLOSED)

    crm.connector.drawer.jammed = Unavailable("crm", "status 503")
    for number in range(5):
        key = Key("id", str(number))
        await crm.cache.answer(crm.cache.ask("contacts", key, frozenset()), frozenset())

    assert crm.health == Health(Circuit.OPEN, "SOURCE_UNAVAILABLE")
