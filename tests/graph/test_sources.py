"""Sources: how a profile is found at a CRM, and what a failed call costs."""

from dataclasses import replace

import pytest

from connectors.base import Key, Record, SourceSettings
from connectors.errors import Timeout, Unavailable
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client
from connectors.runtime.network import LOOPBACK
from graph.model.profile import Link
from graph.sources import Source
from tests.support.card_index import Asked, CardIndex

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


async def test_each_key_has_its_outcome(crm):
    crm.connector.drawer.cards = {"1": {"tier": "gold"}}

    found = await crm.fetch("contacts", KEYS, {"tier"}, Budget(1))

    assert found == {KEYS[0]: Record("1", {"tier": "gold"}), KEYS[1]: None}


async def test_a_call_that_fails_is_the_outcome_of_each_key(crm):
    down = crm.connector.drawer.jammed = Unavailable("crm", "status 503")

    assert await crm.fetch("contacts", KEYS, {"tier"}, Budget(1)) == dict.fromkeys(KEYS, down)


async def test_a_spent_budget_asks_nothing(crm):
    found = await crm.fetch("contacts", KEYS, {"tier"}, Budget(0))

    assert crm.connector.drawer.asked == []
    assert [type(outcome) for outcome in found.values()] == [Timeout, Timeout]
    assert [str(outcome) for outcome in found.values()] == [
        "crm: the request's budget is spent"
    ] * 2


class Clockwatcher(CardIndex):
    """Keeps the seconds each call was given."""

    async def fetch(self, call, object, keys, attributes):
        self.given_s = call.budget.remaining_s()
        return await super().fetch(call, object, keys, attributes)


@pytest.mark.parametrize(("timeout_s", "budget_s"), [(5.0, 30.0), (30.0, 5.0)])
async def test_a_call_may_take_what_the_source_and_the_request_both_allow(crm, timeout_s, budget_s):
    watching = Clockwatcher(SourceSettings("crm", "", ""))
    patient = replace(crm, connector=watching, timeout_s=timeout_s)

    await patient.fetch("contacts", KEYS, {"tier"}, Budget(budget_s))

    assert 4 < watching.given_s <= 5
    assert watching.drawer.asked == [Asked("contacts", ("1", "2"), ("tier",))]
