"""Activities of a CRM in the timeline of the customer."""

from datetime import UTC, datetime

import pytest

from app.sync.activities import kind_of
from connectors.abilities import Fact, FactKind
from connectors.vendors.tryton import Tryton
from graph.model.interaction import InteractionKind
from tests.sync.office import a_party, change, opened_office

pytestmark = pytest.mark.asyncio(loop_scope="session")
TIMELINE = """
query ($id: ID!) {
  profile(id: $id) {
    timeline(first: 10) { edges { node { kind startedAt endedAt subject source } } }
  }
}
"""
AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


class BusyTryton(Tryton):
    """A Tryton with a module of activities: each party has had a call, and one without a time."""

    @property
    def fact_kinds(self):
        """Tags and activities."""
        return frozenset({FactKind.TAG, FactKind.ACTIVITY})

    async def facts(self, call, object, ids, kinds):
        """Tags as ever, and the two activities."""
        tags = await super().facts(call, object, ids, kinds)
        return {
            one: (
                *tags[one],
                Fact(FactKind.ACTIVITY, f"{one}-call", "Asked for Ada", "calls", AT),
                Fact(FactKind.ACTIVITY, f"{one}-untimed", None, "notes"),
            )
            for one in ids
        }


async def test_activities_are_in_the_timeline_once(document_server, erp, tmp_path, monkeypatch):
    monkeypatch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
    monkeypatch.setattr("app.sources.connector_of", lambda _: BusyTryton)
    wanted = {"sync_facts": ("TAG", "ACTIVITY")}
    async with opened_office(document_server.uri, erp, tmp_path, "busy", **wanted) as office:
        party = await a_party(erp, name="Ada", categories=[["add", [1]]])
        await office.take_on([party])

        first = await office.sync()
        await change(erp, party, name="Ada King")
        await office.sync()

        given = {"id": office.profiles[party]}
        data = await office.caller("supervisor").data(TIMELINE, given)
        labels = (await office.shown())[party]["labels"]
    nodes = [edge["node"] for edge in data["profile"]["timeline"]["edges"]]
    assert [(one["kind"], one["subject"], one["source"]) for one in nodes] == [
        ("CALL", "Asked for Ada", "erp")
    ]
    assert datetime.fromisoformat(nodes[0]["startedAt"]) == AT
    assert nodes[0]["endedAt"] == nodes[0]["startedAt"]
    assert [one.reason for one in first.report.letters] == ["an activity has no time"]
    assert [one["name"] for one in labels] == ["Gold"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("calls", InteractionKind.CALL),
        ("Email", InteractionKind.EMAIL),
        ("MEETING", InteractionKind.VISIT),
        ("tickets", InteractionKind.CASE),
        ("tasks", InteractionKind.OTHER),
        ("", InteractionKind.OTHER),
    ],
)
async def test_the_words_of_crms_mean_kinds_of_interactions(word, kind):
    assert kind_of(word) is kind
