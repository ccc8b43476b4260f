"""Who isn't a record any more keeps nothing that came from it, whoever took the link away."""

import pytest

from app.sealing import opened_sealing
from app.store.linked_profiles import ChangedMeanwhile, LinkedProfiles
from app.sync.open import opened_sync
from connectors.errors import Unavailable
from tests.support.gateway import a_profile
from tests.sync.office import PARTY, UPDATE, a_party, change, links_of, opened_office

pytestmark = pytest.mark.asyncio(loop_scope="session")
FIRST = """
query ($id: ID!) {
  profile(id: $id) {
    history(first: 1) { edges { node { by source changes { attribute } } } }
  }
}
"""
LABEL = "mutation ($input: AddLabelInput!) { addLabel(input: $input) { profile { id } } }"
MERGE = """
mutation ($input: MergeProfilesInput!) { mergeProfiles(input: $input) { profile { id } } }
"""
UNMERGE = """
mutation ($input: UnmergeProfilesInput!) { unmergeProfiles(input: $input) { profile { id } } }
"""


async def relink(office, party, *records):
    """Have a profile be these records, as an application says it."""
    links = [{"source": "erp", "object": PARTY, "recordId": one} for one in records]
    given = {"id": office.profiles[party], "links": links}
    await office.caller("service").data(UPDATE, {"input": given})


async def kept(office, party):
    """A profile as it is kept."""
    profiles = office.gateway.gateway.database["profiles"]
    return await profiles.find_one({"_id": f"{office.tenant}/{office.profiles[party]}"})


async def labelled(office, party, name):
    """Have an agent put a label on a profile."""
    given = {"profileId": office.profiles[party], "name": name}
    await office.caller("agent").data(LABEL, {"input": given})


@pytest.mark.parametrize("is_full", [False, True])
async def test_what_came_from_a_record_goes_with_the_link_to_it(office, erp, is_full):
    party = await a_party(erp, name="Leaving", code=f"U-{is_full}", categories=[["add", [1]]])
    staying = await a_party(erp, name="Staying", categories=[["add", [2]]])
    await office.take_on([party, staying])
    await labelled(office, party, "Friendly")
    await office.sync()
    assert (await office.shown())[party]["custom"]["crmName"] == "Leaving"
    await relink(office, party)

    done = await office.sync(is_full=is_full)

    shown = await office.shown()
    assert (done.is_full, done.report.changed) == (is_full, 1)
    assert set(shown[party]["custom"].values()) == {None}
    assert [(one["name"], one["origin"]) for one in shown[party]["labels"]] == [
        ("Friendly", "AGENT")
    ]
    assert shown[staying]["custom"]["crmName"] == "Staying"
    assert [one["name"] for one in shown[staying]["labels"]] == ["Silver"]
    data = await office.caller("admin").data(FIRST, {"id": office.profiles[party]})
    [entry] = [edge["node"] for edge in data["profile"]["history"]["edges"]]
    assert (entry["by"], entry["source"]) == ("profile-gateway sync", "erp")
    assert "labels" in {one["attribute"] for one in entry["changes"]}
    before = await kept(office, party)
    assert (await office.sync(is_full=is_full)).report.changed == 0
    assert await kept(office, party) == before


async def test_what_people_wrote_stays_though_their_client_has_the_name_of_the_source(office, erp):
    party = await a_party(erp, name="Copied")
    await office.take_on([party])
    await office.sync()
    given = {"id": office.profiles[party], "custom": {"ours": "Written here"}}
    await office.caller("service").data(UPDATE, {"input": given})
    profiles = office.gateway.gateway.database["profiles"]
    schema = await office.syncing.definitions.current(office.tenant)
    [ours] = [one.kept_as for one in schema.fields if one.key == "ours"]
    told = {f"provenance.custom.{ours}.source": "erp"}
    await profiles.update_one({"_id": f"{office.tenant}/{office.profiles[party]}"}, {"$set": told})
    await relink(office, party)

    await office.sync()

    query = "query ($id: ID!) { profile(id: $id) { custom { crmName ours } } }"
    data = await office.caller("supervisor").data(query, {"id": office.profiles[party]})
    assert data["profile"]["custom"] == {"crmName": None, "ours": "Written here"}


async def test_a_link_to_another_object_of_the_source_keeps_the_labels_only(office, erp):
    party = await a_party(erp, name="Leaving", categories=[["add", [1]]])
    await office.take_on([party])
    await office.sync()
    links = [{"source": "erp", "object": "party.address", "recordId": "1"}]
    given = {"id": office.profiles[party], "links": links}
    await office.caller("service").data(UPDATE, {"input": given})

    await office.sync()

    shown = (await office.shown())[party]
    assert set(shown["custom"].values()) == {None}
    assert [one["name"] for one in shown["labels"]] == ["Gold"]


async def test_a_link_that_comes_back_brings_the_values_back(office, erp):
    party = await a_party(erp, name="Back again", categories=[["add", [1]]])
    await office.take_on([party])
    await office.sync()
    await relink(office, party)
    await office.sync()
    await relink(office, party, party)

    await office.sync()

    shown = (await office.shown())[party]
    assert shown["custom"]["crmName"] == "Back again"
    assert [one["name"] for one in shown["labels"]] == ["Gold"]


async def test_what_an_unmerge_leaves_without_a_link_goes(office, erp):
    party = await a_party(erp, name="Theirs", categories=[["add", [1]]])
    await office.take_on([party])
    alone = await a_profile(office.caller("service"))
    given = {"survivorId": alone, "absorbedId": office.profiles[party]}
    await office.caller("supervisor").data(MERGE, {"input": given})
    await office.sync()
    absorbed, office.profiles[party] = office.profiles[party], alone
    assert (await office.shown())[party]["custom"]["crmName"] == "Theirs"
    given = {"absorbedId": absorbed}
    await office.caller("supervisor").data(UNMERGE, {"input": given})

    await office.sync()

    shown = (await office.shown())[party]
    assert set(shown["custom"].values()) == {None}
    assert shown["labels"] == []
    office.profiles[party] = absorbed
    assert (await office.shown())[party]["custom"]["crmName"] == "Theirs"
    assert await links_of(office, party) == [party]


async def test_a_link_that_was_replaced_before_a_merge_is_read_after_it(office, erp):
    wrong, right = await a_party(erp, name="Wrong"), erp.parties[-7]
    await office.take_on([wrong])
    await office.sync()
    await relink(office, wrong, str(right.id))  # it didn't change for long, so it isn't told of
    alone = await a_profile(office.caller("service"))
    given = {"survivorId": office.profiles[wrong], "absorbedId": alone}
    await office.caller("supervisor").data(MERGE, {"input": given})

    await office.sync()

    assert (await office.shown())[wrong]["custom"]["crmName"] == right.name


async def test_who_is_changed_meanwhile_is_looked_at_again(office, erp, monkeypatch):
    party, other = await a_party(erp, name="Raced"), await a_party(erp, name="Raced too")
    await office.take_on([party, other])
    await office.sync()
    await relink(office, party)
    await relink(office, other)
    write, failures = LinkedProfiles.write, iter(range(4))

    async def race(self, planned, also=None):
        if also is None and next(failures, None) is not None:
            await relink(office, other, other)
            raise ChangedMeanwhile
        await write(self, planned, also)

    monkeypatch.setattr(LinkedProfiles, "write", race)

    await office.sync()

    shown = await office.shown()
    assert shown[party]["custom"]["crmName"] is None
    assert shown[other]["custom"]["crmName"] == "Raced too"
    assert next(failures, None) is None


async def test_a_run_that_was_killed_before_it_cleared_goes_on_there(office, erp, monkeypatch):
    party = await a_party(erp, name="Killed")
    await office.take_on([party])
    await office.sync()
    await relink(office, party)

    async def die(*_):
        raise Unavailable("erp", "killed")

    with monkeypatch.context() as patch:
        patch.setattr("app.sync.clearing.Clearing.clear", die)
        with pytest.raises(Unavailable):
            await office.sync()
    assert (await office.shown())[party]["custom"]["crmName"] == "Killed"

    await office.sync()

    assert (await office.shown())[party]["custom"]["crmName"] is None


async def test_who_was_erased_is_left_alone(office, erp):
    party = await a_party(erp, name="Erased")
    await office.take_on([party])
    await office.sync()
    await relink(office, party)
    settings, database = office.gateway.gateway.settings, office.gateway.gateway.database
    async with opened_sealing(settings, database.client) as sealing:
        await sealing.keyring.destroy(office.tenant, office.profiles[party])
    before = await kept(office, party)

    async with opened_sync(settings) as syncing:
        [plan] = await syncing.plans("erp")
        done = await syncing.run.run(plan)

    assert done.report.changed == 0
    assert await kept(office, party) == before


async def test_a_record_that_names_the_profile_is_asked_before_anything_goes(
    document_server, erp, way, tmp_path, monkeypatch
):
    monkeypatch.setattr("app.sync.worker.SyncWork.start", lambda _: None)
    more = {"address": way.address, "match": "profile:code"}
    async with opened_office(document_server.uri, erp, tmp_path, "named", **more) as office:
        named, nameless = [await a_profile(office.caller("service")) for _ in range(2)]
        party, other = [await a_party(erp, name="Named", code=one) for one in (named, nameless)]
        office.profiles = {party: named, other: nameless}
        await office.sync()
        assert await links_of(office, other) == [other]
        await relink(office, party)
        await relink(office, other)
        await change(erp, other, active=False)

        await office.sync()
        assert (await office.shown())[party]["custom"]["crmName"] == "Named"
        await office.sync(is_full=True)

        shown = await office.shown()
        assert shown[party]["custom"]["crmName"] == "Named"
        assert await links_of(office, party) == [party]
        assert set(shown[other]["custom"].values()) == {None}
