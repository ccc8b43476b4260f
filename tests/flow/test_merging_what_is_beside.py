"""What lies beside merged profiles: interactions, shared identities, consents, labels, keys."""

import pytest

from tests.flow.documents import ADD, RECORD, owner, phone
from tests.flow.merges import history, merge, unmerge
from tests.support.gateway import a_profile

ADA, OTHER, SHARED = "+12025550143", "+12025550144", "+12025550199"
TIMELINE = """
query ($id: ID!) {
  profile(id: $id) { timeline { totalCount edges { node { kind outcome } } } }
}
"""
RECOGNISE = """
mutation ($input: RecogniseCustomerInput!) {
  recogniseCustomer(input: $input) { outcome profile { id } interaction { id } }
}
"""
WHO_IS = """
query ($value: String!) {
  identify(channel: VOICE, value: $value) { outcome suggestions { profile { id } } }
}
"""
CONSENT = """
mutation ($input: RecordConsentInput!) { recordConsent(input: $input) { profile { id } } }
"""
LABEL = "mutation ($input: AddLabelInput!) { addLabel(input: $input) { profile { id } } }"
PREFER = """
mutation ($input: SetPreferenceInput!) { setPreference(input: $input) { profile { id } } }
"""
SAID = """
query ($id: ID!) {
  profile(id: $id) {
    consents { purpose status }
    labels { name }
    mayContact(channel: EMAIL) { allowed reason }
  }
}
"""


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def two(service):
    """The ids of two profiles, each with a number of its own."""
    return [await a_profile(service, identities=[phone(one)]) for one in (ADA, OTHER)]


async def outcomes(caller, id_):
    """What a timeline tells, the newest first."""
    data = await caller.data(TIMELINE, {"id": id_})
    return [edge["node"]["outcome"] for edge in data["profile"]["timeline"]["edges"]]


async def call(caller, id_, outcome, hour):
    """Record a call of a profile."""
    started = f"2026-05-01T{hour:02d}:00:00Z"
    given = {"profileId": id_, "kind": "CALL", "outcome": outcome, "startedAt": started}
    await caller.data(RECORD, {"input": given})


async def suggested(caller):
    """Who may be behind the shared number."""
    found = (await caller.data(WHO_IS, {"value": SHARED}))["identify"]
    return found["outcome"], sorted(one["profile"]["id"] for one in found["suggestions"])


async def test_a_merged_profile_has_the_timeline_of_both_and_each_gets_its_own_back(service):
    ada, other = await two(service)
    for id_, outcome, hour in ((ada, "a", 1), (other, "b", 2), (ada, "c", 3)):
        await call(service, id_, outcome, hour)

    await merge(service, ada, other)
    together = await outcomes(service, ada)
    await call(service, ada, "d", 4)
    await unmerge(service, other)

    assert together == ["c", "b", "a"]
    assert await outcomes(service, ada) == ["d", "c", "a"]
    assert await outcomes(service, other) == ["b"]


async def test_what_came_through_an_identity_goes_with_it(service):
    ada, other = await two(service)
    await merge(service, ada, other)
    for number in (ADA, OTHER):
        opened = {**phone(number), "interaction": {"kind": "CALL"}}
        data = await service.data(RECOGNISE, {"input": opened})
        assert data["recogniseCustomer"]["profile"]["id"] == ada

    assert len(await outcomes(service, other)) == 2
    await unmerge(service, other)

    assert len(await outcomes(service, ada)) == 1
    assert len(await outcomes(service, other)) == 1
    assert await owner(service, OTHER) == other


async def test_a_shared_identity_is_the_merged_profiles_once_and_both_profiles_again(service):
    ada, other = await two(service)
    third = await a_profile(service)
    for id_ in (ada, other, third):
        await service.data(ADD, {"input": {"profileId": id_, **phone(SHARED), "shared": True}})
    before = await suggested(service)

    await merge(service, ada, other)
    merged = await suggested(service)
    await unmerge(service, other)

    assert before == ("AMBIGUOUS", sorted([ada, other, third]))
    assert merged == ("AMBIGUOUS", sorted([ada, third]))
    assert await suggested(service) == before


async def test_the_stricter_consent_wins_and_each_gets_its_own_back(service):
    ada, other = await two(service)
    for id_, status in ((ada, "GRANTED"), (other, "REVOKED")):
        given = {"profileId": id_, "purpose": "marketing", "status": status}
        await service.data(CONSENT, {"input": given})
    await service.data(LABEL, {"input": {"profileId": other, "name": "VIP"}})
    await service.data(PREFER, {"input": {"profileId": other, "doNotContact": True}})
    before = [(await service.data(SAID, {"id": id_}))["profile"] for id_ in (ada, other)]

    await merge(service, ada, other)
    merged = (await service.data(SAID, {"id": ada}))["profile"]
    await unmerge(service, other)

    assert merged == {
        "consents": [{"purpose": "marketing", "status": "REVOKED"}],
        "labels": [{"name": "VIP"}],
        "mayContact": {"allowed": False, "reason": "DO_NOT_CONTACT"},
    }
    after = [(await service.data(SAID, {"id": id_}))["profile"] for id_ in (ada, other)]
    assert after == before


async def test_history_tells_of_consents_labels_and_preferences(service):
    ada, _ = await two(service)
    await service.data(LABEL, {"input": {"profileId": ada, "name": "VIP"}})
    given = {"profileId": ada, "purpose": "marketing", "status": "DENIED", "proof": "call 4711"}
    await service.data(CONSENT, {"input": given})
    await service.data(PREFER, {"input": {"profileId": ada, "channels": ["SMS"]}})

    changes = [change for entry in await history(service, ada) for change in entry["changes"]]

    told = {change["attribute"]: change["after"][0] for change in changes}
    assert told["labels"]["name"] == "VIP"
    assert (told["consents"]["purpose"], told["consents"]["status"]) == ("marketing", "DENIED")
    assert "proof" not in told["consents"]  # a service may write it, and not read it
    assert told["preferences"]["channels"] == ["SMS"]


async def test_an_item_in_history_is_masked_for_who_sees_masks_of_it(gateway, tenant, service):
    ada, _ = await two(service)
    await service.data(LABEL, {"input": {"profileId": ada, "name": "VIP"}})

    [entry] = await history(gateway.as_role("admin", tenant=tenant), ada)

    [change] = entry["changes"]
    assert (change["masked"], change["after"][0]["name"]) == (True, "•••")
