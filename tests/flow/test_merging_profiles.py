"""Two profiles become one, and two again: nothing is lost, old ids answer for ever."""

import pytest

from tests.flow.documents import ADD, REMOVE, owner, phone
from tests.flow.merges import HISTORY, MERGE, UNMERGE, WHO_DID, history, merge, unmerge, whole
from tests.flow.stored import stored
from tests.support.gateway import PROFILE, a_profile, define

ADA, GRACE = "+12025550143", "+12025550144"
UPDATE = (
    "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { profile { id } } }"
)
FIND = """
query ($where: ProfileFilter) { profiles(where: $where) { totalCount edges { node { id } } } }
"""


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def two(service):
    """Ada, who is known by name, and somebody who has a gender and another number."""
    ada = await a_profile(service, identities=[{**phone(ADA), "primary": True}])
    other = await a_profile(
        service,
        name=None,
        gender="female",
        identities=[{**phone(GRACE), "primary": True}],
        links=[{"source": "crm", "object": "contacts", "recordId": "7"}],
    )
    return ada, other


async def test_a_merged_profile_has_what_both_had_and_says_why(service):
    ada, other = await two(service)

    payload = await merge(service, ada, other)

    merge_ = payload["merge"]
    assert payload["profile"] == {
        "id": ada,
        "version": 2,
        "state": "IDENTIFIED",
        "name": {"full": "Ada Lovelace"},
        "gender": "female",
        "formerIds": [other],
        "identities": [
            {"channel": "VOICE", "value": ADA, "primary": True},
            {"channel": "VOICE", "value": GRACE, "primary": False},
        ],
    }
    assert merge_["otherId"] == other
    assert merge_["survivals"] == [
        {"attribute": "name", "profileId": ada, "reason": "ONLY_VALUE"},
        {"attribute": "gender", "profileId": other, "reason": "ONLY_VALUE"},
    ]


async def test_a_former_id_and_every_identity_answer_with_the_survivor(service):
    ada, other = await two(service)

    await merge(service, ada, other)

    assert (await whole(service, other))["id"] == ada
    assert (await owner(service, ADA), await owner(service, GRACE)) == (ada, ada)


async def test_nobody_finds_an_absorbed_profile_any_more(service):
    ada, other = await two(service)
    await merge(service, ada, other)

    for where in ({}, {"id": {"in": [ada, other]}}, {"state": {"equals": "MERGED"}}):
        found = (await service.data(FIND, {"where": where}))["profiles"]
        ids = [edge["node"]["id"] for edge in found["edges"]]
        assert ids == ([] if "state" in where else [ada])
        assert found["totalCount"] == len(ids)


async def test_merging_and_unmerging_gives_both_back(service):
    ada, other = await two(service)
    before = [await whole(service, one) for one in (ada, other)]
    await merge(service, ada, other)

    payload = await unmerge(service, other)

    assert [await whole(service, one) for one in (ada, other)] == before
    assert (payload["profile"]["id"], payload["restored"]["id"]) == (ada, other)
    assert (await owner(service, ADA), await owner(service, GRACE)) == (ada, other)
    found = (await service.data(FIND, {"where": {}}))["profiles"]
    assert sorted(edge["node"]["id"] for edge in found["edges"]) == sorted([ada, other])


async def test_chains_come_apart_in_any_order(service):
    ids = [
        await a_profile(service, gender=f"g{n}", identities=[phone(f"+1202555020{n}")])
        for n in range(4)
    ]
    before = [await whole(service, one) for one in ids]
    await merge(service, ids[1], ids[0])
    await merge(service, ids[2], ids[1])
    await merge(service, ids[3], ids[2])
    assert {(await whole(service, one))["id"] for one in ids} == {ids[3]}

    for one in (ids[1], ids[0], ids[2]):
        await unmerge(service, one)

    assert [await whole(service, one) for one in ids] == before


async def test_a_preview_tells_what_would_come_and_writes_nothing(gateway, tenant, service):
    ada, other = await two(service)
    before = await stored(gateway, tenant)

    told = await merge(service, ada, other, preview=True)

    assert await stored(gateway, tenant) == before
    done = await merge(service, ada, other)
    assert told["isPreview"] is True
    assert told["profile"] | {"version": 2} == done["profile"]
    merged = await stored(gateway, tenant)
    parted = await unmerge(service, other, preview=True)
    assert await stored(gateway, tenant) == merged
    assert parted | {"isPreview": False} == await unmerge(service, other)


async def test_merging_again_what_is_merged_changes_nothing(gateway, tenant, service):
    ada, other = await two(service)
    await merge(service, ada, other)
    before = await stored(gateway, tenant)

    again = await merge(service, ada, other)

    assert again["merge"] is None
    assert again["profile"]["formerIds"] == [other]
    assert await stored(gateway, tenant) == before


async def test_somebody_may_choose_whose_value_survives(service):
    ada = await a_profile(service, gender="x")
    other = await a_profile(service, gender="y", name={"given": "Augusta"})

    done = await merge(service, ada, other, choices={"gender": other, "name": ada})

    assert (done["profile"]["gender"], done["profile"]["name"]["full"]) == ("y", "Ada Lovelace")
    assert {one["reason"] for one in done["merge"]["survivals"]} == {"CHOSEN"}


async def test_what_was_written_since_stays_and_what_was_added_goes_where_it_is_sent(service):
    ada, other = await two(service)
    await merge(service, ada, other)
    await service.data(UPDATE, {"input": {"id": other, "gender": "unknown"}})
    await service.data(ADD, {"input": {"profileId": ada, **phone("+12025550150")}})
    await service.data(REMOVE, {"input": {"profileId": ada, **phone(GRACE)}})

    payload = await unmerge(service, other, identities=[phone("+12025550150")])

    assert payload["writtenSince"] == ["gender"]
    assert payload["profile"]["gender"] == "unknown"
    assert payload["restored"]["gender"] == "female"
    assert [one["value"] for one in payload["restored"]["identities"]] == ["+12025550150"]
    assert await owner(service, "+12025550150") == other


async def test_custom_values_and_their_claims_move_and_come_back(gateway, tenant, service):
    admin = gateway.as_role("admin", tenant=tenant)
    fields = [
        {"key": "badge", "kind": "STRING", "dataClass": "CONTACT", "isUnique": True},
        {"key": "tags", "kind": "STRING", "dataClass": "BEHAVIOURAL", "isList": True},
    ]
    await define(admin, fields)
    ada = await a_profile(service, custom={"tags": ["a"]})
    other = await a_profile(service, custom={"badge": "B7", "tags": ["a", "b"]})
    before = [await whole(service, one) for one in (ada, other)]

    await merge(service, ada, other)
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"badge": "C8"}}})
    taken = await service.codes(PROFILE, {"input": {"custom": {"badge": "B7"}}})
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"badge": None}}})
    await unmerge(service, other)

    # What the absorbed profile claimed was kept for it.
    assert taken == ["CONFLICT"]
    assert [await whole(service, one) for one in (ada, other)] == before


async def test_history_says_who_changed_what_and_what_merged(service):
    ada, other = await two(service)
    await service.data(UPDATE, {"input": {"id": ada, "gender": "x"}})
    await merge(service, ada, other)
    await unmerge(service, other)

    entries = await history(service, ada)

    assert [(entry["kind"], entry["version"]) for entry in entries] == [
        ("UNMERGED", 4),
        ("MERGED", 3),
        ("CHANGED", 2),
    ]
    assert entries[2]["changes"] == [
        {"attribute": "gender", "before": None, "after": "x", "masked": False}
    ]
    came = next(one for one in entries[1]["changes"] if one["attribute"] == "identities")
    assert [item["value"] for item in came["after"]] == [GRACE]
    assert entries[1]["merge"]["otherId"] == other
    told = await service.data(WHO_DID, {"id": ada})
    assert [edge["node"]["by"] for edge in told["profile"]["history"]["edges"]] == ["tester"] * 3


async def test_history_of_those_that_were_absorbed_is_part_of_it(service):
    ada, other = await two(service)
    for one, gender in ((other, "a"), (ada, "b"), (other, "c")):
        await service.data(UPDATE, {"input": {"id": one, "gender": gender}})
    await merge(service, ada, other)

    whole_ = await history(service, ada)

    assert [(entry["profileId"], entry["kind"]) for entry in whole_[2:]] == [
        (other, "CHANGED"),
        (ada, "CHANGED"),
        (other, "CHANGED"),
    ]
    assert {entry["kind"] for entry in whole_[:2]} == {"MERGED"}


async def test_history_comes_in_pages(service):
    ada, other = await two(service)
    await merge(service, ada, other)
    for number in range(5):
        await service.data(UPDATE, {"input": {"id": ada, "gender": f"g{number}"}})
    everything, after, pages = await history(service, ada), None, []
    while True:
        data = await service.data(HISTORY, {"id": ada, "first": 3, "after": after})
        page = data["profile"]["history"]
        pages += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert pages == everything
    assert len(pages) == 7


async def test_values_in_history_obey_the_matrix(gateway, tenant, service):
    ada, other = await two(service)
    await merge(service, ada, other)
    await service.data(UPDATE, {"input": {"id": ada, "name": {"given": "Augusta"}}})

    agents = await history(gateway.as_role("agent", tenant=tenant), ada)
    evaluators = await history(gateway.as_role("evaluator", tenant=tenant), ada)

    changes = {change["attribute"]: change for entry in agents for change in entry["changes"]}
    assert changes["identities"]["masked"] is True
    assert changes["identities"]["after"][0]["value"] == "•••• 0144"
    assert "links" not in changes
    asked = await gateway.as_role("agent", tenant=tenant).ask(WHO_DID, {"id": ada})
    assert {edge["node"]["by"] for edge in asked["data"]["profile"]["history"]["edges"]} == {None}
    assert {error["extensions"]["field"] for error in asked["errors"]} == {
        "HistoryEntry.by",
        "HistoryEntry.source",
    }
    told = {change["attribute"]: change for entry in evaluators for change in entry["changes"]}
    assert "gender" not in told
    assert "name.given" not in told  # it is masked, and looks as it did
    of_agents, of_evaluators = (
        {
            one["attribute"]
            for entry in entries
            if entry["merge"]
            for one in entry["merge"]["survivals"]
        }
        for entries in (agents, evaluators)
    )
    assert of_agents == {"name", "gender"}
    assert of_evaluators == set()  # equal values aren't in it, so it would tell of masked ones


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("assistant", "BAD_INPUT"),
        ("partner", "BAD_INPUT"),
        ("reviewer", "FORBIDDEN"),
        ("evaluator", "FORBIDDEN"),
        ("admin", "FORBIDDEN"),
    ],
)
async def test_others_may_not_merge(gateway, tenant, service, role, code):
    ada, other = await two(service)
    caller = gateway.as_role(role, tenant=tenant)
    given = {"survivorId": ada, "absorbedId": other}
    before = await stored(gateway, tenant)

    assert set(await caller.codes(MERGE, {"input": given})) == {code}
    assert set(await caller.codes(UNMERGE, {"input": {"absorbedId": other}})) == {code}
    assert await stored(gateway, tenant) == before


async def test_a_choice_counts_as_writing_the_field(gateway, tenant, service):
    ada, other = await two(service)
    admin = gateway.as_role("agent", tenant=tenant)
    fields = [{"key": "secret", "kind": "STRING", "dataClass": "SENSITIVE"}]
    await define(gateway.as_role("admin", tenant=tenant), fields)

    given = {"survivorId": ada, "absorbedId": other, "choices": {"custom": {"secret": ada}}}

    assert await admin.codes(MERGE, {"input": given}) == ["FIELD_FORBIDDEN"]


async def test_bad_merges_are_refused(service):
    ada, other = await two(service)

    async def codes(**given):
        return await service.codes(MERGE, {"input": {"survivorId": ada, **given}})

    assert await codes(absorbedId=ada) == ["BAD_INPUT"]
    assert await codes(absorbedId="0" * 26) == ["NOT_FOUND"]
    assert await codes(absorbedId=other, ifVersion=7) == ["VERSION_MISMATCH"]
    assert await codes(absorbedId=other, choices={"gender": "0" * 26}) == ["BAD_INPUT"]
    assert await service.codes(UNMERGE, {"input": {"absorbedId": other}}) == ["CONFLICT"]
