"""What happens to a record in the CRM happens to the profile that is that record."""

import asyncio
from datetime import datetime

import pytest

from app.sealing import opened_sealing
from tests.support.gateway import define
from tests.sync.office import (
    PARTY,
    UPDATE,
    a_party,
    change,
    links_of,
    party_api,
    synced_field,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")
HISTORY = """
query ($id: ID!) {
  profile(id: $id) {
    history(first: 1) { edges { node { kind by source changes { attribute } } } }
  }
}
"""
STORY = """
query ($id: ID!) {
  profile(id: $id) {
    fields(keys: ["crmName"]) { value source fetchedAt observedAt age masked error { code } }
  }
}
"""
MERGE = """
mutation ($input: MergeProfilesInput!) { mergeProfiles(input: $input) { profile { id } } }
"""


async def test_a_deactivated_record_takes_its_link_and_its_values_along(office, erp):
    party = await a_party(erp, name="Leaving", code="L-1")
    await office.take_on([party])
    await office.sync()
    assert (await office.shown())[party]["custom"]["crmName"] == "Leaving"

    await change(erp, party, active=False)
    done = await office.sync()

    assert (done.report.gone, done.report.changed) == (1, 1)
    assert set((await office.shown())[party]["custom"].values()) == {None}
    assert await links_of(office, party) == []
    data = await office.caller("admin").data(HISTORY, {"id": office.profiles[party]})
    [entry] = [edge["node"] for edge in data["profile"]["history"]["edges"]]
    assert (entry["by"], entry["source"]) == ("profile-gateway sync", "erp")


async def test_a_full_run_finds_what_was_removed_for_good(office, erp):
    party, other = await a_party(erp, name="Removed"), await a_party(erp, name="Staying")
    await office.take_on([party, other])
    await office.sync()
    async with party_api(erp) as http:
        (await http.delete(f"{PARTY}/{party}")).raise_for_status()

    assert (await office.sync()).report.gone == 0
    assert (await office.sync(is_full=True)).report.gone == 1

    shown = await office.shown()
    assert shown[party]["custom"]["crmName"] is None
    assert shown[other]["custom"]["crmName"] == "Staying"


async def test_a_merge_in_the_crm_moves_the_link_and_the_values_follow(office, erp):
    party, survivor = await a_party(erp, name="Same"), await a_party(erp, name="Same", code="S-9")
    await office.take_on([party])
    await office.sync()

    await asyncio.to_thread(erp.replace, party, survivor)
    done = await office.sync()

    assert (done.report.merged, done.report.gone) == (1, 0)
    assert await links_of(office, party) == [survivor]
    assert (await office.shown())[party]["custom"]["number"] == "S-9"


async def test_tags_become_labels_and_leave_those_of_agents_alone(office, erp):
    party = await a_party(erp)
    await office.take_on([party])
    add = "mutation ($input: AddLabelInput!) { addLabel(input: $input) { profile { id } } }"
    given = {"profileId": office.profiles[party], "name": "Friendly"}
    await office.caller("agent").data(add, {"input": given})

    await change(erp, party, categories=[["add", [1, 2]]])
    await office.sync()
    labels = (await office.shown())[party]["labels"]
    assert {(one["name"], one["origin"]) for one in labels} == {
        ("Friendly", "AGENT"),
        ("Gold", "CRM"),
        ("Silver", "CRM"),
    }

    await change(erp, party, categories=[["remove", [1]]])
    assert (await office.sync()).report.changed == 1

    labels = (await office.shown())[party]["labels"]
    assert {one["name"] for one in labels} == {"Friendly", "Silver"}
    assert (await office.sync(is_full=True)).report.changed == 0


async def test_a_value_tells_its_story_and_is_protected_as_any_other(office, erp):
    party = await a_party(erp, name="Ada")
    await office.take_on([party])
    await office.sync()
    given = {"id": office.profiles[party]}

    [told] = (await office.caller("supervisor").data(STORY, given))["profile"]["fields"]
    partner = await office.caller("partner").data(STORY, given)

    assert (told["value"], told["source"], told["masked"]) == ("Ada", "erp", False)
    fetched, observed = (datetime.fromisoformat(told[one]) for one in ("fetchedAt", "observedAt"))
    assert observed < fetched
    assert told["age"] < 60
    assert partner["profile"]["fields"] != [told]
    assert "Ada" not in str(partner)


async def test_what_the_crm_owns_cannot_be_written_here(office, erp):
    party = await a_party(erp)
    await office.take_on([party])

    answer = await office.caller("service").ask(
        UPDATE, {"input": {"id": office.profiles[party], "custom": {"crmName": "Mine"}}}
    )

    assert [one["extensions"]["code"] for one in answer["errors"]] == ["BAD_INPUT"]
    assert "owned by erp" in answer["errors"][0]["message"]


async def test_a_bad_value_is_skipped_and_told_by_its_place_until_it_is_mended(office, erp):
    await define(
        office.caller("admin"),
        [synced_field("crmName") | {"key": "short", "maxLength": 8}],
    )
    party, other = await a_party(erp, name="far too long"), await a_party(erp, name="Ok")
    await office.take_on([party, other])

    done = await office.sync()

    assert done.report.bad == 1
    [letter] = [one.as_json() for one in done.report.letters]
    assert (letter["record"], letter["field"]) == (party, "short")
    assert letter["reason"] == "expected 0 to 8 characters"
    kept = office.gateway.gateway.database["deadLetters"]
    [document] = await kept.find({"tenant": office.tenant}).to_list()
    assert document["errors"] == [{"field": "short", "reason": letter["reason"]}]
    assert "far too" not in str(document)

    await change(erp, party, name="mended")
    assert (await office.sync()).report.bad == 0
    assert await kept.count_documents({"tenant": office.tenant}) == 0


async def test_of_two_records_of_one_person_the_first_counts(office, erp):
    one, other = await a_party(erp, name="First"), await a_party(erp, name="Second")
    await office.take_on([one, other])
    pair = [office.profiles[one], office.profiles[other]]
    given = {"survivorId": pair[0], "absorbedId": pair[1]}
    await office.caller("supervisor").data(MERGE, {"input": given})
    office.profiles[other] = pair[0]

    done = await office.sync()
    shown = (await office.shown())[one]["custom"]["crmName"]
    again = await office.sync(is_full=True)

    assert sorted(await links_of(office, one)) == sorted([one, other])
    assert shown == ("First" if (await links_of(office, one))[0] == one else "Second")
    assert {found.kind for found in done.report.conflicts} == {"SECOND_RECORD"}
    assert again.report.changed == 0


async def test_a_record_of_nobody_is_counted_and_left_alone(office, erp):
    count = "{ profiles(first: 1) { totalCount } }"
    party = await a_party(erp)
    await office.take_on([party])
    data = await office.caller("supervisor").data(count)

    done = await office.sync(is_full=True)

    assert 200 <= done.report.unlinked < done.report.seen
    assert await office.caller("supervisor").data(count) == data


async def test_a_profile_that_is_linked_later_gets_its_values_with_the_next_run(office, erp):
    old = next(one for one in reversed(erp.parties))
    await office.take_on([old])

    done = await office.sync()

    assert not done.is_full
    assert (await office.shown())[str(old.id)]["custom"]["number"] == old.code


async def test_who_was_linked_before_links_were_indexed_is_found_with_the_first_run(
    new_office, erp
):
    office, party = new_office, await a_party(erp, name="Old")
    await office.take_on([party])
    profiles = office.gateway.gateway.database["profiles"]
    await profiles.update_many({"tenant": office.tenant}, {"$unset": {"linked": ""}})

    await office.sync()

    assert (await office.shown())[party]["custom"]["crmName"] == "Old"


async def test_who_was_erased_is_left_alone(office, erp):
    party, other = await a_party(erp, name="Erased"), await a_party(erp, name="Other")
    await office.take_on([party, other])
    async with opened_sealing(
        office.gateway.gateway.settings, office.gateway.gateway.database.client
    ) as sealing:
        await sealing.keyring.destroy(office.tenant, office.profiles[party])

    done = await office.sync()

    assert done.report.erased > 0
    held = await office.gateway.gateway.database["profiles"].find_one(
        {"_id": f"{office.tenant}/{office.profiles[party]}"}
    )
    assert "Erased" not in str(held)
    assert "custom" not in held
    assert (await office.shown())[other]["custom"]["crmName"] == "Other"


async def test_a_wrong_link_that_is_replaced_leaves_nothing_of_the_other_person(office, erp):
    wrong = await a_party(erp, name="Wrong", code="W-1", categories=[["add", [1, 2]]])
    right = erp.parties[-6]  # it didn't change for long, so it isn't told of
    await office.take_on([wrong])
    await office.sync()
    assert len((await office.shown())[wrong]["labels"]) == 2
    link = {"source": "erp", "object": PARTY, "recordId": str(right.id)}
    given = {"id": office.profiles[wrong], "links": [link]}
    await office.caller("service").data(UPDATE, {"input": given})

    done = await office.sync()

    shown = (await office.shown())[wrong]
    assert not done.is_full
    assert (shown["custom"]["crmName"], shown["custom"]["number"]) == (right.name, right.code)
    assert [one["name"] for one in shown["labels"]] == [right.category]
