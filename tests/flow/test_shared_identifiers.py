"""What several people have recognises nobody alone, and is nobody's."""

import asyncio

import pytest

from tests.flow.documents import CREATE, REMOVE, owner, phone
from tests.flow.stored import stored
from tests.support.gateway import a_profile

RECEPTION = "+12025550143"
ADD = """
mutation ($input: AddIdentityInput!) {
  addIdentity(input: $input) { profile { version identities { channel value shared } } }
}
"""
WHO = """
query ($value: String!) {
  identify(channel: VOICE, value: $value) {
    outcome profile { id } suggestions { profile { id name { full } } }
  }
}
"""
RECOGNISE = """
mutation ($input: RecogniseCustomerInput!) {
  recogniseCustomer(input: $input) {
    outcome profile { id state } suggestions { profile { id } }
  }
}
"""


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


def shared(profile, number=RECEPTION, channel="VOICE"):
    return {"input": {"profileId": profile, **phone(number, channel), "shared": True}}


async def who(caller, number=RECEPTION):
    """The outcome, the profile's id, and the ids of the suggestions."""
    found = (await caller.data(WHO, {"value": number}))["identify"]
    ids = [one["profile"]["id"] for one in found["suggestions"]]
    return found["outcome"], found["profile"], ids


async def claims(gateway, tenant):
    return (await stored(gateway, tenant)).get("identities", [])


async def test_a_shared_number_is_ambiguous_and_suggests_who_has_it(service):
    ada, grace = [await a_profile(service) for _ in range(2)]
    await service.data(ADD, shared(ada))
    alone = await who(service)
    await service.data(ADD, shared(grace))

    assert alone == ("AMBIGUOUS", None, [ada])
    assert await who(service) == ("AMBIGUOUS", None, sorted([ada, grace]))


async def test_one_that_a_profile_has_alone_can_be_marked_as_shared(gateway, tenant, service):
    ada = await a_profile(service, identities=[phone(RECEPTION), phone(RECEPTION, "SMS")])
    known = await who(service)

    answer = await service.data(ADD, shared(ada))
    again = await service.data(ADD, shared(ada))

    assert known == ("KNOWN", {"id": ada}, [])
    identities = answer["addIdentity"]["profile"]["identities"]
    assert [(one["channel"], one["shared"]) for one in identities] == [
        ("VOICE", True),
        ("SMS", True),
    ]
    assert again == answer
    (claim,) = await claims(gateway, tenant)
    assert (claim["shared"], claim["holders"], claim.get("profile")) == (True, 1, None)


async def test_once_it_is_shared_everybody_who_gets_it_shares_it(service):
    ada = await a_profile(service)
    await service.data(ADD, shared(ada))

    grace = await a_profile(service, identities=[phone(RECEPTION)])
    joan = await a_profile(service)
    await service.data(ADD, {"input": {"profileId": joan, **phone(RECEPTION)}})

    assert await who(service) == ("AMBIGUOUS", None, sorted([ada, grace, joan]))


async def test_nobody_can_share_what_belongs_to_another(gateway, tenant, service):
    ada = await a_profile(service, identities=[phone(RECEPTION)])
    grace = await a_profile(service)
    before = await stored(gateway, tenant)

    answer = await service.ask(ADD, shared(grace))

    assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert "marked as shared there first" in answer["errors"][0]["message"]
    assert await stored(gateway, tenant) == before
    assert await owner(service, RECEPTION) == ada


async def test_recognising_by_it_creates_nobody_unless_asked(gateway, tenant, service):
    ada = await a_profile(service)
    await service.data(ADD, shared(ada))
    before = await stored(gateway, tenant)

    first = (await service.data(RECOGNISE, {"input": phone(RECEPTION)}))["recogniseCustomer"]
    unchanged = await stored(gateway, tenant) == before
    asked = {**phone(RECEPTION), "createWhenAmbiguous": True}
    then = (await service.data(RECOGNISE, {"input": asked}))["recogniseCustomer"]

    suggestions = [{"profile": {"id": ada}}]
    assert first == {"outcome": "AMBIGUOUS", "profile": None, "suggestions": suggestions}
    assert unchanged
    assert (then["outcome"], then["profile"]["state"]) == ("AMBIGUOUS", "ANONYMOUS")
    assert then["suggestions"] == suggestions
    assert await who(service) == ("AMBIGUOUS", None, sorted([ada, then["profile"]["id"]]))


async def test_ten_are_suggested_at_most(service):
    ids = [await a_profile(service) for _ in range(12)]
    for one in ids:
        await service.data(ADD, shared(one))

    outcome, _, suggested = await who(service)

    assert (outcome, len(suggested)) == ("AMBIGUOUS", 10)
    assert set(suggested) < set(ids)


async def test_with_the_last_who_had_it_it_can_be_claimed_again(gateway, tenant, service):
    ada, grace = [await a_profile(service) for _ in range(2)]
    for one in (ada, grace):
        await service.data(ADD, shared(one))

    await service.data(REMOVE, {"input": {"profileId": ada, **phone(RECEPTION)}})
    left = await who(service)
    await service.data(REMOVE, {"input": {"profileId": grace, **phone(RECEPTION)}})
    gone = await who(service)
    nothing = await claims(gateway, tenant)
    joan = await a_profile(service, identities=[phone(RECEPTION)])

    assert (left, gone, nothing) == (("AMBIGUOUS", None, [grace]), ("UNKNOWN", None, []), [])
    assert await owner(service, RECEPTION) == joan
    assert "shared" not in (await stored(gateway, tenant))["profiles"][0]


async def test_sixteen_who_share_at_the_same_moment_all_do(gateway, tenant, service):
    ids = [await a_profile(service) for _ in range(16)]

    answers = await asyncio.gather(*(service.ask(ADD, shared(one)) for one in ids))

    assert [answer for answer in answers if "errors" in answer] == []
    (claim,) = await claims(gateway, tenant)
    assert (claim["shared"], claim["holders"]) == (True, 16)


async def test_of_those_who_claim_and_one_who_shares_nobody_is_left_in_between(
    gateway, tenant, service
):
    ids = [await a_profile(service) for _ in range(16)]
    plain = {one: {"input": {"profileId": one, **phone(RECEPTION)}} for one in ids}

    calls = [service.ask(ADD, shared(one) if n % 2 else plain[one]) for n, one in enumerate(ids)]
    answers = await asyncio.gather(*calls)

    documents = (await stored(gateway, tenant))["profiles"]
    holders = [one for one in documents if one.get("identities")]
    done = sum("errors" not in answer for answer in answers)
    (claim,) = await claims(gateway, tenant)
    assert len(holders) == done
    if claim.get("shared"):
        assert claim["holders"] == done
        assert all(one["identities"][0]["shared"] for one in holders)
    else:
        assert [one["id"] for one in holders] == [claim["profile"]]


async def test_marking_while_others_recognise_leaves_one_who_has_it(gateway, tenant, service):
    ada = await a_profile(service, identities=[phone(RECEPTION)])
    calls = [service.data(RECOGNISE, {"input": phone(RECEPTION)}) for _ in range(15)]

    _, *answers = await asyncio.gather(service.data(ADD, shared(ada)), *calls)

    outcomes = {answer["recogniseCustomer"]["outcome"] for answer in answers}
    assert outcomes <= {"KNOWN", "AMBIGUOUS"}
    assert [one["id"] for one in (await stored(gateway, tenant))["profiles"]] == [ada]


async def test_agents_are_told_what_they_may_see_of_a_suggestion(gateway, tenant, service):
    ada = await a_profile(service)
    await service.data(ADD, shared(ada))
    seen = {}

    for role in ("agent", "partner"):
        answer = await gateway.as_role(role, tenant=tenant).data(WHO, {"value": RECEPTION})
        seen[role] = answer["identify"]["suggestions"][0]["profile"]["name"]["full"]

    assert seen == {"agent": "Ada Lovelace", "partner": "••• •••"}


async def test_a_new_profile_shares_what_is_shared_and_is_found_by_the_rest(service):
    ada = await a_profile(service)
    await service.data(ADD, shared(ada))
    given = [phone(RECEPTION), phone("+12025550199")]

    created = await service.data(CREATE, {"input": {"identities": given}})

    id_ = created["createProfile"]["profile"]["id"]
    assert await owner(service, "+12025550199") == id_
    assert await who(service) == ("AMBIGUOUS", None, sorted([ada, id_]))
