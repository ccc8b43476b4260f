"""Claiming and giving up identities: one number names one person, all of it or nothing."""

import asyncio
from collections import Counter

import pytest

from tests.flow.documents import ADD, CREATE, REMOVE, WHO, owner, phone
from tests.flow.stored import stored
from tests.support.gateway import a_profile

NUMBER = "+12025550143"
OTHER = "+12025550144"
IDENTITIES = """
query ($id: ID!) { profile(id: $id) { version identities { channel value primary verified } } }
"""


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def identities(caller, profile_id):
    """Channel and value of each identity, in order."""
    profile = (await caller.data(IDENTITIES, {"id": profile_id}))["profile"]
    return [(item["channel"], item["value"]) for item in profile["identities"]]


async def test_an_added_identity_is_recognised_in_any_notation(service):
    ada = await a_profile(service)

    answer = await service.data(ADD, {"input": {"profileId": ada, **phone("(202) 555-0143")}})

    changed = {"version": 2, "identities": [{"channel": "VOICE", "value": NUMBER}]}
    assert answer == {"addIdentity": {"profile": changed}}
    assert await owner(service, "001 202 555 0143".replace("001", "+1")) == ada


async def test_adding_what_the_profile_has_changes_nothing(gateway, tenant, service):
    ada = await a_profile(service, identities=[phone(NUMBER)])
    before = await stored(gateway, tenant)

    await service.data(ADD, {"input": {"profileId": ada, **phone("+1 202-555-0143")}})

    assert await stored(gateway, tenant) == before


async def test_a_number_that_is_given_up_can_be_claimed_by_somebody_else(service):
    ada = await a_profile(service, identities=[phone(NUMBER)])
    grace = await a_profile(service)

    await service.data(REMOVE, {"input": {"profileId": ada, **phone(NUMBER)}})
    unknown = await service.data(WHO, {"value": NUMBER})
    await service.data(ADD, {"input": {"profileId": grace, **phone(NUMBER)}})

    assert unknown == {"identify": {"outcome": "UNKNOWN", "profile": None}}
    assert await owner(service, NUMBER) == grace
    assert (await identities(service, ada), await identities(service, grace)) == (
        [],
        [("VOICE", NUMBER)],
    )


async def test_one_number_on_two_channels_of_a_profile_is_one_claim(gateway, tenant, service):
    ada = await a_profile(service, identities=[phone(NUMBER)])

    await service.data(ADD, {"input": {"profileId": ada, **phone(NUMBER, "WHATSAPP")}})
    both = await identities(service, ada)
    claims = (await stored(gateway, tenant))["identities"]
    await service.data(REMOVE, {"input": {"profileId": ada, **phone(NUMBER)}})
    kept = await owner(service, NUMBER)
    await service.data(REMOVE, {"input": {"profileId": ada, **phone(NUMBER, "WHATSAPP")}})

    assert both == [("VOICE", NUMBER), ("WHATSAPP", NUMBER)]
    assert len(claims) == 1
    assert kept == ada
    assert await owner(service, NUMBER) is None
    assert "identities" not in await stored(gateway, tenant)


async def test_a_profile_can_be_created_with_one_number_on_two_channels(gateway, tenant, service):
    ada = await a_profile(service, identities=[phone(NUMBER), phone(NUMBER, "WHATSAPP")])

    assert await identities(service, ada) == [("VOICE", NUMBER), ("WHATSAPP", NUMBER)]
    assert len((await stored(gateway, tenant))["identities"]) == 1


async def test_an_identity_that_is_sent_twice_is_kept_once(service):
    ada = await a_profile(service, identities=[phone(NUMBER), phone("+1 (202) 555-0143")])

    assert await identities(service, ada) == [("VOICE", NUMBER)]


async def test_a_profile_has_at_most_ten_identities_of_a_channel(gateway, tenant, service):
    numbers = [f"+1202555{number:04d}" for number in range(10)]
    ada = await a_profile(service, identities=[phone(number) for number in numbers])
    before = await stored(gateway, tenant)

    one_more = await service.codes(ADD, {"input": {"profileId": ada, **phone(OTHER)}})
    after = await stored(gateway, tenant)
    elsewhere = await service.codes(
        ADD, {"input": {"profileId": ada, **phone("ada@example.org", "EMAIL")}}
    )

    assert one_more == ["BAD_INPUT"]
    assert after == before
    assert elsewhere == []


async def test_a_profile_with_eleven_identities_of_a_channel_is_not_created(
    gateway, tenant, service
):
    numbers = [f"+1202555{number:04d}" for number in range(11)]

    codes = await service.codes(CREATE, {"input": {"identities": [phone(n) for n in numbers]}})

    assert codes == ["BAD_INPUT"]
    assert await stored(gateway, tenant) == {}


async def test_the_limit_holds_when_identities_are_added_at_once(service):
    ada = await a_profile(service)

    answers = await asyncio.gather(
        *(
            service.ask(ADD, {"input": {"profileId": ada, **phone(f"+1202555{number:04d}")}})
            for number in range(14)
        )
    )

    codes = Counter(e["extensions"]["code"] for one in answers for e in one.get("errors", ()))
    assert codes == {"BAD_INPUT": 4}
    assert len(await identities(service, ada)) == 10


@pytest.mark.parametrize("verb", ["create", "add"])
async def test_a_taken_identity_is_refused_without_a_word_about_its_owner(
    gateway, tenant, service, verb
):
    ada = await a_profile(
        service, name={"given": "Adelaide", "family": "Owner"}, identities=[phone(NUMBER)]
    )
    grace = await a_profile(service)
    before = await stored(gateway, tenant)
    free = phone(OTHER)

    if verb == "create":
        given = {"identities": [free, phone(NUMBER, "SMS")]}
        refused = await service.post(CREATE, {"input": given})
    else:
        refused = await service.post(ADD, {"input": {"profileId": grace, **phone(NUMBER, "SMS")}})

    assert [error["extensions"] for error in refused.json()["errors"]] == [{"code": "CONFLICT"}]
    assert [word for word in (ada, "Adelaide", "Owner", "5550143") if word in refused.text] == []
    assert await stored(gateway, tenant) == before
    assert await owner(service, OTHER) is None


@pytest.mark.parametrize("document", [ADD, REMOVE], ids=["add", "remove"])
@pytest.mark.parametrize("version", [0, 1, 3])
async def test_another_version_is_refused_and_nothing_changes(
    gateway, tenant, service, document, version
):
    ada = await a_profile(service, identities=[phone(NUMBER)])
    await service.data(ADD, {"input": {"profileId": ada, **phone("ada@example.org", "EMAIL")}})
    before = await stored(gateway, tenant)
    number = OTHER if document is ADD else NUMBER

    codes = await service.codes(
        document, {"input": {"profileId": ada, "ifVersion": version, **phone(number)}}
    )

    assert codes == ["VERSION_MISMATCH"]
    assert await stored(gateway, tenant) == before


@pytest.mark.parametrize("document", [ADD, REMOVE], ids=["add", "remove"])
async def test_the_right_version_is_accepted(service, document):
    ada = await a_profile(service, identities=[phone(NUMBER)])
    number = OTHER if document is ADD else NUMBER

    answer = await service.data(
        document, {"input": {"profileId": ada, "ifVersion": 1, **phone(number)}}
    )

    assert [payload["profile"]["version"] for payload in answer.values()] == [2]


async def test_an_identity_that_the_profile_does_not_have_cannot_be_removed(
    gateway, tenant, service
):
    ada = await a_profile(service, identities=[phone(NUMBER)])
    grace = await a_profile(service, identities=[phone(OTHER)])
    before = await stored(gateway, tenant)

    refusals = [
        await service.ask(REMOVE, {"input": {"profileId": ada, **identity}})
        for identity in (phone(OTHER), phone("+12025550199"), phone(NUMBER, "SMS"))
    ]

    assert {
        (error["extensions"]["code"], error["message"])
        for answer in refusals
        for error in answer["errors"]
    } == {("NOT_FOUND", "The profile doesn't have this identity.")}
    assert await stored(gateway, tenant) == before
    assert await owner(service, OTHER) == grace


async def test_identities_of_a_profile_of_another_tenant_cannot_be_touched(
    gateway, tenant, service
):
    ada = await a_profile(service, identities=[phone(NUMBER)])
    stranger = gateway.as_role("service", tenant=f"{tenant}-x")
    before = await stored(gateway)

    added = await stranger.codes(ADD, {"input": {"profileId": ada, **phone(OTHER)}})
    removed = await stranger.codes(REMOVE, {"input": {"profileId": ada, **phone(NUMBER)}})

    assert added == removed == ["NOT_FOUND"]
    assert await stored(gateway) == before


async def test_of_two_profiles_that_claim_one_number_at_once_one_gets_it(service):
    people = [await a_profile(service) for _ in range(8)]

    answers = await asyncio.gather(
        *(service.ask(ADD, {"input": {"profileId": one, **phone(NUMBER)}}) for one in people)
    )

    won = [one for one, answer in zip(people, answers, strict=True) if "errors" not in answer]
    codes = [error["extensions"]["code"] for one in answers for error in one.get("errors", ())]
    assert codes == ["CONFLICT"] * 7
    assert [await owner(service, NUMBER)] == won
    held = [one for one in people if await identities(service, one)]
    assert held == won
