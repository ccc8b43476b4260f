"""Recognising who reaches the business: at once, and once however many calls race."""

import asyncio
from collections import Counter
from datetime import datetime

from tests.support.gateway import a_profile

ROUNDS = 200
AT_ONCE = 16
RECOGNISE = """
mutation ($value: String!) {
  recogniseCustomer(input: {channel: VOICE, value: $value}) {
    outcome
    profile { id state version identities { channel value lastSeenAt } }
  }
}
"""


async def recognised(caller, value: str) -> dict:
    return (await caller.data(RECOGNISE, {"value": value}))["recogniseCustomer"]


async def test_an_unknown_caller_gets_an_anonymous_profile(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)

    first = await recognised(service, "(202) 555-0100")
    again = await recognised(service, "+1 202 555 0100")

    assert first["outcome"] == "UNKNOWN"
    assert first["profile"]["state"] == "ANONYMOUS"
    assert [item["value"] for item in first["profile"]["identities"]] == ["+12025550100"]
    assert again["outcome"] == "KNOWN"
    assert again["profile"]["id"] == first["profile"]["id"]


async def test_recognising_moves_when_an_identity_was_last_seen_and_nothing_else(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    first = (await recognised(service, "+12025550100"))["profile"]

    again = (await recognised(service, "+12025550100"))["profile"]

    before, after = (one["identities"][0]["lastSeenAt"] for one in (first, again))
    assert datetime.fromisoformat(after) > datetime.fromisoformat(before)
    assert again["version"] == first["version"]


async def test_sixteen_calls_at_once_make_one_profile_in_each_of_two_hundred_rounds(
    gateway, tenant
):
    service = gateway.as_role("service", tenant=tenant)

    for number in range(ROUNDS):
        calls = [recognised(service, f"+1202555{number:04d}") for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*calls)

        outcomes = Counter(answer["outcome"] for answer in answers)
        assert outcomes == {"UNKNOWN": 1, "KNOWN": AT_ONCE - 1}
        assert len({answer["profile"]["id"] for answer in answers}) == 1

    database = gateway.gateway.database
    assert await database.profiles.count_documents({"tenant": tenant}) == ROUNDS
    assert await database.identities.count_documents({"tenant": tenant}) == ROUNDS


async def test_a_profile_created_meanwhile_is_the_one_that_is_recognised(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)

    for number in range(10):
        phone = f"+1202555{number:04d}"
        given = {"input": {"identities": [{"channel": "SMS", "value": phone}]}}
        created, *answers = await asyncio.gather(
            service.ask(
                "mutation ($input: CreateProfileInput!)"
                " { createProfile(input: $input) { profile { id } } }",
                given,
            ),
            *(recognised(service, phone) for _ in range(4)),
        )

        ids = {answer["profile"]["id"] for answer in answers}
        if "errors" in created:
            assert [error["extensions"]["code"] for error in created["errors"]] == ["CONFLICT"]
        else:
            ids.add(created["data"]["createProfile"]["profile"]["id"])
        assert len(ids) == 1

    assert await gateway.gateway.database.profiles.count_documents({"tenant": tenant}) == 10


async def test_who_called_is_recognised_when_they_text(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service, identities=[{"channel": "VOICE", "value": "+1 202 555 0143"}])

    data = await service.data(
        '{ identify(channel: WHATSAPP, value: "202-555-0143") { outcome profile { id } } }'
    )

    assert data == {"identify": {"outcome": "KNOWN", "profile": {"id": ada}}}
