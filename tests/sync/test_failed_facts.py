"""Tags, segments and activities of which some can't be had: the others are, and nothing is lost."""

from dataclasses import dataclass

import pytest
import pytest_asyncio

from app.sync.asking_facts import AskingFacts
from app.sync.open import Syncing, opened_sync
from connectors.abilities import FactKind
from connectors.vendors.salesforce import Salesforce
from tests.support import salesforce_org
from tests.support.gateway import TestGateway, a_profile, crm, define, running_gateway
from tests.support.listening import standing_in
from tests.support.salesforce_http import salesforce_app
from tests.support.salesforce_org import Org

pytestmark = pytest.mark.asyncio(loop_scope="session")
TENANT = "facts"
WHO = """
query ($id: ID!) {
  profile(id: $id) {
    labels { name origin }
    timeline(first: 10) { edges { node { subject } } }
  }
}
"""
AT = "2026-09-01T12:00:00.000+0000"
NONSENSE = "the day before yesterday"


@dataclass(slots=True)
class Sales:
    """A gateway whose source `sf` is a Salesforce stand-in."""

    gateway: TestGateway
    org: Org
    syncing: Syncing

    async def customer(self, *tags, **more):
        """The ids of a new contact with these tags, and of the profile that is linked to it."""
        contact = self.contact(*tags, **more)
        link = {"source": "sf", "object": "Contact", "recordId": contact}
        service = self.gateway.as_role("service", tenant=TENANT)
        return contact, await a_profile(service, links=[link])

    def contact(self, *tags, segment="", activity=""):
        """The id of a new contact."""
        org = self.org
        contact = org.create("Contact", {"LastName": "Nobody"})
        for tag in tags:
            topic = org.create("Topic", {"Name": tag})
            org.create("TopicAssignment", {"EntityId": contact, "TopicId": topic})
        if segment:
            campaign = org.create("Campaign", {"Name": segment})
            org.create("CampaignMember", {"ContactId": contact, "CampaignId": campaign})
        if activity:
            task = {"WhoId": contact, "Subject": activity, "CompletedDateTime": AT}
            org.create("Task", task)
        return contact

    def spoil(self, table, contact, **values):
        """Have the facts of a contact in a table make no sense."""
        owner = {"TopicAssignment": "EntityId", "Task": "WhoId"}[table]
        for row in self.org.tables[table].values():
            if row[owner] == contact:
                row.update(values)

    async def sync(self, *, is_full=True):
        """Synchronise, and tell what was done."""
        plan = await self.plan()
        return (await self.syncing.run.run(plan, is_full=is_full)).report

    async def plan(self):
        """What is synchronised."""
        [plan] = await self.syncing.plans("sf")
        return plan

    async def shown(self, profile):
        """The labels and the timeline of a profile."""
        supervisor = self.gateway.as_role("supervisor", tenant=TENANT)
        found = (await supervisor.data(WHO, {"id": profile}))["profile"]
        subjects = [edge["node"]["subject"] for edge in found["timeline"]["edges"]]
        return {one["name"] for one in found["labels"] if one["origin"] == "CRM"}, subjects

    @property
    def questions(self):
        """How many requests for facts there were."""
        return sum(one.endswith("/composite") for one in self.org.asked)


@pytest_asyncio.fixture(loop_scope="session")
async def sales(document_server, tmp_path, monkeypatch):
    monkeypatch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
    org = Org()
    async with standing_in(salesforce_app(org)) as url:
        source = crm(
            url,
            TENANT,
            secret=salesforce_org.CLIENT_SECRET,
            connector="salesforce",
            options={"client_id": salesforce_org.CLIENT_ID},
            sync_objects=("Contact",),
            sync_facts=("TAG", "SEGMENT", "ACTIVITY"),
        )
        places = {"sources": {"sf": source}, "database": f"facts-{tmp_path.name}"}
        async with (
            running_gateway(document_server.uri, tmp_path, **places) as gateway,
            opened_sync(gateway.gateway.settings) as syncing,
        ):
            name = {"kind": "SYNCED", "connector": "sf", "object": "Contact"}
            field = {"key": "surname", "kind": "STRING", "dataClass": "IDENTITY"}
            admin = gateway.as_role("admin", tenant=TENANT)
            await define(admin, [field | {"source": name | {"attribute": "LastName"}}])
            yield Sales(gateway, org, syncing)


def letters(report):
    """Where something could not be taken: record and field."""
    return {(one.record, one.field) for one in report.letters}


async def test_all_kinds_are_one_request_where_all_make_sense(sales):
    _, profile = await sales.customer("Gold", segment="Spring", activity="Asked")

    report = await sales.sync()

    assert letters(report) == set()
    assert await sales.shown(profile) == ({"Gold", "Spring"}, ["Asked"])
    assert sales.questions == 1


async def test_a_kind_that_cannot_be_had_costs_neither_the_others_nor_what_was_known_of_it(sales):
    contact, profile = await sales.customer("Gold", segment="Spring", activity="Asked")
    await sales.sync()
    members = sales.org.tables.pop("CampaignMember")
    task = {"WhoId": contact, "Subject": "Asked again", "CompletedDateTime": AT}
    sales.org.create("Task", task)
    topic = sales.org.create("Topic", {"Name": "Silver"})
    sales.org.create("TopicAssignment", {"EntityId": contact, "TopicId": topic})

    report = await sales.sync()

    assert letters(report) == {(contact, "segments")}
    assert [one.reason for one in report.letters] == ["the source's segments make no sense"]
    labels, subjects = await sales.shown(profile)
    assert (labels, set(subjects)) == ({"Gold", "Silver", "Spring"}, {"Asked", "Asked again"})
    again = await sales.sync()
    assert (again.changed, letters(again)) == (0, letters(report))

    sales.org.tables["CampaignMember"] = members
    sales.org.tables["CampaignMember"].clear()
    assert letters(await sales.sync()) == set()
    assert (await sales.shown(profile))[0] == {"Gold", "Silver"}
    dead = sales.gateway.gateway.database["deadLetters"]
    assert await dead.count_documents({"tenant": TENANT}) == 0


async def test_tags_that_cannot_be_had_stay_and_activities_come(sales):
    contact, profile = await sales.customer("Gold")
    await sales.sync()
    sales.spoil("TopicAssignment", contact, CreatedDate=NONSENSE)
    task = {"WhoId": contact, "Subject": "Asked", "CompletedDateTime": AT}
    sales.org.create("Task", task)

    report = await sales.sync()

    assert letters(report) == {(contact, "labels")}
    assert await sales.shown(profile) == ({"Gold"}, ["Asked"])


async def test_one_record_that_makes_no_sense_is_refused_and_no_other(sales):
    customers = [await sales.customer(f"T{n}", activity=f"A{n}") for n in range(9)]
    bad, _ = customers[5]
    sales.spoil("Task", bad, CompletedDateTime=NONSENSE)

    report = await sales.sync()

    assert letters(report) == {(bad, "timeline")}
    shown = [await sales.shown(profile) for _, profile in customers]
    assert shown == [({f"T{n}"}, [] if n == 5 else [f"A{n}"]) for n in range(9)]
    # All kinds, each kind, and at most two halves for each of four halvings.
    assert sales.questions <= 1 + 3 + 8


async def test_a_kind_that_fails_for_all_is_given_up_after_a_while_and_taken_up_again(sales):
    contacts = [sales.contact("Gold", activity="Asked") for _ in range(200)]
    asking = AskingFacts(await sales.plan())
    topics = sales.org.tables.pop("TopicAssignment")

    first = await asking.of(contacts)
    tried, sales.org.asked[:] = sales.questions, []
    second = await asking.of(contacts)
    given_up, sales.org.asked[:] = sales.questions, []
    sales.org.tables["TopicAssignment"] = topics
    third = await asking.of(contacts)
    fourth_begins = sales.questions
    await asking.of(contacts)

    for found in (first, second):
        assert {frozenset(one.failed) for one in found.values()} == {frozenset({FactKind.TAG})}
        assert {len(one.facts) for one in found.values()} == {1}
    assert tried <= 1 + 3 + 2 * 32
    assert given_up == 2
    assert {len(one.facts) for one in third.values()} == {2}
    assert not any(one.failed for one in third.values())
    assert (fourth_begins, sales.questions) == (2, 3)


async def test_a_record_that_an_answer_leaves_out_keeps_its_labels(sales, monkeypatch):
    contact, profile = await sales.customer("Gold")
    await sales.sync()

    async def nothing(*_, **__):
        return {}

    monkeypatch.setattr(Salesforce, "facts", nothing)

    report = await sales.sync()

    assert letters(report) == {(contact, one) for one in ("labels", "segments", "timeline")}
    assert (await sales.shown(profile))[0] == {"Gold"}
