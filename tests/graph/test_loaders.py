"""Loading profiles: in batches, in scope, revealed; and nobody waits for ever."""

import asyncio
from datetime import date

import pytest

from connectors.base import SourceSettings
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.client import source_client
from graph.errors import StoreUnavailable
from graph.live_value import LiveValue
from graph.model.channel import Channel
from graph.model.identity import Identity
from graph.model.profile import Link, PersonName, Profile
from graph.plan import DocumentPlan
from graph.sources import Source
from policies.plan import Scope
from policies.standing import STRANGER, Relation, Standing
from tests.graph.planning import SCORE, a_field, an_asking, planned, shop_schema
from tests.graph.viewing import NOW, PATIENCE_S, Links, a_loader_of, views_of
from tests.support.card_index import CardIndex

CRM_LINK = Link(source="crm", object="contacts", record_id="512")
SELECTED = "{ profile(id: 1) { name { full } links { source } custom { tier health } } }"


def a_person(id, **more):
    """A stored profile: Ada, unless told."""
    return Profile(id=id, version=1, name=PersonName(given="Ada"), **more)


class Shelf:
    """Profiles of one tenant behind the port, and how they were asked for.

    A read waits until `open` is set; `lost` is the error that every read costs.
    """

    def __init__(self, *profiles):
        self.profiles = {profile.id: profile for profile in profiles}
        self.asked = []
        self.lost = None
        self.came, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def get_many(self, ids, scope, attributes):
        self.asked.append((list(ids), scope, set(attributes)))
        self.came.set()
        await self.open.wait()
        if self.lost:
            raise self.lost
        return [self.profiles.get(one) for one in ids]


@pytest.fixture
async def crm():
    """A source of the shop whose CRM is a drawer of cards."""
    async with source_client(LOOPBACK) as http:
        yield Source("crm", "shop", CardIndex(SourceSettings("crm", "", "")), http, now=lambda: NOW)


def a_loader(shelf, document=SELECTED, role="agent"):
    """A loader of what a document selects, without sources."""
    return a_loader_of(shelf, views_of({STRANGER: planned(document, role=role)}))


async def test_ids_asked_for_together_are_one_read_and_each_id_once():
    shelf = Shelf(a_person("1"), a_person("2"))
    loader = a_loader(shelf)

    found = await asyncio.gather(*(loader.load(one) for one in ("1", "2", "1", "3")))

    assert [profile and profile.id for profile in found] == ["1", "2", "1", None]
    assert found[0] is found[2]
    wanted = {"name", "name.given", "name.family", "custom.TIER"}
    assert shelf.asked == [(["1", "2", "3"], Scope("shop"), wanted)]


async def test_what_was_loaded_once_is_not_read_again():
    shelf = Shelf(a_person("1"))
    loader = a_loader(shelf)

    first = await loader.load("1")

    assert await loader.load("1") is first
    assert len(shelf.asked) == 1


async def test_ids_asked_for_later_are_a_read_of_their_own():
    shelf = Shelf(a_person("1"), a_person("2"))
    loader = a_loader(shelf)
    await loader.load("1")

    await asyncio.gather(loader.load("2"), loader.load("1"))

    assert [ids for ids, _, _ in shelf.asked] == [["1"], ["2"]]


async def test_what_was_changed_is_read_anew():
    shelf = Shelf(a_person("1"))
    loader = a_loader(shelf)
    await loader.load("1")
    shelf.profiles["1"] = a_person("1", gender="f")

    loader.forget("1")
    loader.forget("never loaded")

    assert (await loader.load("1")).gender == "f"
    assert [ids for ids, _, _ in shelf.asked] == [["1"], ["1"]]


async def test_what_is_loaded_is_revealed():
    identity = Identity(channel=Channel.VOICE, value="+12025550143", raw="202 555 0143")
    stored = a_person(
        "1",
        birth_date=date(1985, 12, 10),
        identities=(identity,),
        links=(CRM_LINK,),
        custom={"TIER": "gold", "HEALTH": "asthma", "GONE": "old"},
    )
    masked = Identity(
        channel=Channel.VOICE, value="•••• 0143", raw="•••• 0143", source=None, origins=None
    )

    found = await a_loader(Shelf(stored)).load("1")

    assert found == Profile(
        id="1",
        version=1,
        name=PersonName(given="Ada"),
        birth_date=date(1985, 12, 10),
        identities=(masked,),
        links=None,
        custom={"TIER": "gold"},
    )


async def test_stored_custom_values_come_as_values_of_their_kind():
    schema = shop_schema()
    plan = DocumentPlan(schema.access_plan(an_asking("agent")), schema.customer_schema)
    loader = a_loader_of(Shelf(), views_of({STRANGER: plan}))

    shown = await loader.show(a_person("1", custom={"TIER": "gold"}))
    assert shown.custom == {"TIER": "gold"}
    assert (await loader.show(a_person("2", custom=None))).custom == {}


async def test_a_store_that_is_away_is_everybodys_error():
    shelf = Shelf()
    shelf.lost = StoreUnavailable("The store gives no answer.")
    loader = a_loader(shelf)

    found = await asyncio.gather(loader.load("1"), loader.load("2"), return_exceptions=True)

    assert found == [shelf.lost, shelf.lost]
    assert len(shelf.asked) == 1


async def test_a_store_that_is_away_troubles_nobody_who_gave_up():
    shelf = Shelf()
    shelf.open.clear()
    loader = a_loader(shelf)
    waiting = asyncio.create_task(loader.load("1"))
    await asyncio.wait_for(shelf.came.wait(), PATIENCE_S)
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    waiting.cancel()
    shelf.lost = StoreUnavailable("The store gives no answer.")
    [reading] = loader._tasks
    shelf.open.set()
    await reading
    del loader, reading

    asyncio.get_running_loop().set_exception_handler(None)
    assert complaints == []


async def test_a_waiter_who_gives_up_takes_nothing_from_the_others():
    shelf = Shelf(a_person("1"))
    shelf.open.clear()
    loader = a_loader(shelf)
    hasty, patient = (asyncio.create_task(loader.load("1")) for _ in range(2))
    await asyncio.wait_for(shelf.came.wait(), PATIENCE_S)

    hasty.cancel()
    shelf.open.set()

    assert (await patient).id == "1"
    with pytest.raises(asyncio.CancelledError):
        await hasty
    assert len(shelf.asked) == 1


async def test_a_stored_value_that_is_damaged_is_an_error_and_not_a_wait_for_ever():
    shelf = Shelf(a_person("1", custom={"DAY": "not a day"}))
    schema = shop_schema()
    damaged = type(schema.customer_schema)(2, (a_field("DAY", kind="DATE"),))
    plan = DocumentPlan(schema.access_plan(an_asking("agent")), damaged)
    loader = a_loader_of(shelf, views_of({STRANGER: plan}))

    with pytest.raises(ValueError, match="Invalid isoformat string"):
        await asyncio.wait_for(loader.load("1"), PATIENCE_S)


async def test_links_are_read_where_a_source_needs_them_and_shown_to_nobody(crm):
    shelf = Shelf(a_person("1", links=(CRM_LINK,)))
    crm.connector.drawer.cards = {"512": {"score": 7}}
    plan = planned("{ profile(id: 1) { custom { score } } }")
    views = views_of({STRANGER: plan}, crm)
    loader = a_loader_of(shelf, views)

    found = await loader.load("1")
    score = await views.base.live.read(SCORE, "1", loader.links_of("1"))

    assert shelf.asked == [(["1"], Scope("shop"), {"links"})]
    assert found.links is None
    assert loader.links_of("1") == (CRM_LINK,)
    assert loader.links_of("2") == ()
    assert score == LiveValue(7, NOW)


async def test_a_source_is_not_asked_when_nothing_live_is_selected(crm):
    shelf = Shelf(a_person("1", links=(CRM_LINK,)))
    plan = planned("{ profile(id: 1) { custom { tier } } }")
    loader = a_loader_of(shelf, views_of({STRANGER: plan}, crm))

    await loader.load("1")

    assert shelf.asked == [(["1"], Scope("shop"), {"custom.TIER"})]
    assert crm.connector.drawer.asked == []


async def test_a_source_that_knows_our_ids_is_asked_while_the_store_is_read(crm):
    by_profile = Source("crm", "shop", crm.connector, crm.http, "profile:customer")
    shelf = Shelf(a_person("1"))
    # The store answers only when the CRM has been asked: one after the other, neither would.
    shelf.open = crm.connector.drawer.came
    plan = planned("{ profile(id: 1) { custom { score } } }")
    loader = a_loader_of(shelf, views_of({STRANGER: plan}, by_profile))

    found = await asyncio.wait_for(loader.load("1"), PATIENCE_S)

    assert found.id == "1"
    assert [call.keys for call in crm.connector.drawer.asked] == [("1",)]


TALKING = Standing(Relation.CONVERSATION)
NUMBER = "{ profile(id: 1) { identities { value } timeline { edges { node { summary } } } } }"


def an_agents_loader(shelf, related, document=NUMBER):
    """A loader for an agent whom conversations link to customers, the views, and the links."""
    plans = {one: planned(document, standing=one) for one in (STRANGER, TALKING)}
    views, links = views_of(plans), Links(related)
    return a_loader_of(shelf, views, an_asking("agent"), links), views, links


def with_a_number(id, **more):
    identity = Identity(channel=Channel.VOICE, value="+12025550143", raw="202 555 0143")
    return a_person(id, identities=(identity,), **more)


async def test_each_customer_is_read_and_shown_as_far_as_the_asker_stands_to_them():
    shelf = Shelf(with_a_number("1"), with_a_number("2"))
    loader, views, links = an_agents_loader(shelf, {"1": Relation.CONVERSATION})

    known, stranger, absent = await asyncio.gather(*(loader.load(one) for one in ("1", "2", "3")))

    assert known.identities[0].value == "+12025550143"
    assert stranger.identities[0].value == "•••• 0143"
    assert absent is None
    assert len(links.asked) == 1
    assert [(ids, sorted(attributes)) for ids, _, attributes in shelf.asked] == [
        (["1"], ["members"]),
        (["1"], ["identities", "identities.value", "members"]),
        (["2", "3"], ["identities", "identities.value", "members"]),
    ]
    assert "summary" in views.of("1").plan.interactions
    assert "summary" not in views.of("2").plan.interactions
    assert views.of("nobody") is views.base


async def test_a_link_to_a_profile_that_was_absorbed_is_one_to_the_survivor():
    survivor = with_a_number("1", members=("7",))
    shelf = Shelf(survivor)
    shelf.profiles["7"] = survivor
    loader, _, _ = an_agents_loader(shelf, {"7": Relation.CONVERSATION})

    found = await asyncio.gather(loader.load("1"), loader.load("7"))

    assert [one.identities[0].value for one in found] == ["+12025550143"] * 2


async def test_who_stands_to_nobody_in_any_way_costs_one_look_and_no_read():
    shelf = Shelf(with_a_number("1"))
    loader, _, links = an_agents_loader(shelf, {})

    await loader.load("1")
    await loader.load("2")

    assert len(links.asked) == 1
    assert [ids for ids, _, _ in shelf.asked] == [["1"], ["2"]]


async def test_what_links_them_is_looked_up_anew_after_a_change():
    shelf = Shelf(with_a_number("1"))
    loader, _, links = an_agents_loader(shelf, {})
    assert (await loader.load("1")).identities[0].value == "•••• 0143"

    links.held = {"1": Relation.CONVERSATION}
    loader.forget("1")

    assert (await loader.load("1")).identities[0].value == "+12025550143"


async def test_a_page_is_read_one_by_one_where_its_customers_may_be_seen_differently():
    shelf = Shelf(with_a_number("1"), with_a_number("2"))
    loader, views, _ = an_agents_loader(shelf, {"2": Relation.CONVERSATION})

    shown = await loader.page([a_person("1"), a_person("2")], "profiles")

    assert loader.page_attributes == set()
    assert [one.identities[0].value for one in shown] == ["•••• 0143", "+12025550143"]
    assert views.at("profiles") == {views.base, views.by_standing(TALKING)}
    assert views.at("elsewhere") == {views.base}
