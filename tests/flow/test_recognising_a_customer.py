"""Recognising who reaches the business: at once, and once however many calls race."""

import asyncio
import os
from collections import Counter
from datetime import datetime

import pytest

from tests.flow.documents import ADD, REMOVE, phone
from tests.flow.stored import stored
from tests.support.gateway import a_profile

# RECOGNITION_ROUNDS=200 takes two minutes.
ROUNDS = int(os.environ.get("RECOGNITION_ROUNDS", "40"))
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


async def test_sixteen_calls_at_once_make_one_profile_in_every_round(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)

    for number in range(ROUNDS):
        calls = [recognised(service, f"+1202555{number:04d}") for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*calls)

        outcomes = Counter(answer["outcome"] for answer in answers)
        assert outcomes == {"UNKNOWN": 1, "KNOWN": AT_ONCE - 1}
        assert len({answer["profile"]["id"] for answer in answers}) == 1

    found = await stored(gateway, tenant)
    claimed = [claim["profile"] for claim in found["identities"]]
    assert len(set(claimed)) == len(claimed) == ROUNDS
    assert sorted(claimed) == sorted(profile["id"] for profile in found["profiles"])


async def test_a_profile_created_meanwhile_is_the_one_that_is_recognised(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)

    for number in range(10):
        value = f"+1202555{number:04d}"
        given = {"input": {"identities": [phone(value, "SMS")]}}
        created, *answers = await asyncio.gather(
            service.ask(
                "mutation ($input: CreateProfileInput!)"
                " { createProfile(input: $input) { profile { id } } }",
                given,
            ),
            *(recognised(service, value) for _ in range(4)),
        )

        ids = {answer["profile"]["id"] for answer in answers}
        if "errors" in created:
            assert [error["extensions"]["code"] for error in created["errors"]] == ["CONFLICT"]
        else:
            ids.add(created["data"]["createProfile"]["profile"]["id"])
        assert len(ids) == 1

    assert len((await stored(gateway, tenant))["profiles"]) == 10


async def test_a_number_that_a_profile_claims_meanwhile_has_one_owner(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service)

    for number in range(10):
        name = phone(f"+1202555{number:04d}")
        first, added, *more = await asyncio.gather(
            recognised(service, name["value"]),
            service.ask(ADD, {"input": {"profileId": ada, **name}}),
            *(recognised(service, name["value"]) for _ in range(4)),
        )

        codes = [error["extensions"]["code"] for error in added.get("errors", ())]
        is_adas = codes == []
        answers = [first, *more]
        assert codes in ([], ["CONFLICT"])
        assert len({answer["profile"]["id"] for answer in answers}) == 1
        assert (answers[0]["profile"]["id"] == ada) is is_adas
        outcomes = Counter(answer["outcome"] for answer in answers)
        assert outcomes == ({"KNOWN": 5} if is_adas else {"UNKNOWN": 1, "KNOWN": 4})


async def test_a_number_that_is_given_up_meanwhile_is_still_recognised(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    name = phone("+12025550100")

    for _ in range(10):
        known = (await recognised(service, name["value"]))["profile"]["id"]
        removed, *answers = await asyncio.gather(
            service.ask(REMOVE, {"input": {"profileId": known, **name}}),
            *(recognised(service, name["value"]) for _ in range(4)),
        )

        assert "errors" not in removed
        assert len({answer["profile"]["id"] for answer in answers} - {known}) <= 1

    assert len((await stored(gateway, tenant)).get("identities", [])) <= 1


async def test_a_customer_of_one_tenant_is_unknown_in_another(gateway, tenant):
    here = await recognised(gateway.as_role("service", tenant=tenant), "+12025550100")
    there = await recognised(gateway.as_role("service", tenant=f"{tenant}-x"), "+12025550100")

    assert (here["outcome"], there["outcome"]) == ("UNKNOWN", "UNKNOWN")
    assert here["profile"]["id"] != there["profile"]["id"]


async def test_an_agent_recognises_with_the_number_masked(gateway, tenant):
    known = await recognised(gateway.as_role("service", tenant=tenant), "+12025550100")

    answer = await gateway.as_role("agent", tenant=tenant).ask(RECOGNISE, {"value": "+12025550100"})

    profile = answer["data"]["recogniseCustomer"]["profile"]
    assert profile["id"] == known["profile"]["id"]
    assert profile["identities"][0]["value"] == "•••• 0100"
    assert answer["extensions"] == {"masked": ["recogniseCustomer.profile.identities.value"]}


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("reviewer", "FORBIDDEN"),
        ("evaluator", "FORBIDDEN"),
        ("admin", "FORBIDDEN"),
        ("privacy_officer", "FORBIDDEN"),
        ("assistant", "BAD_INPUT"),
        ("partner", "BAD_INPUT"),
    ],
)
async def test_who_serves_no_customers_recognises_none(gateway, tenant, role, code):
    caller = gateway.as_role(role, tenant=tenant)

    assert await caller.codes(RECOGNISE, {"value": "+12025550100"}) == [code]
    assert await stored(gateway, tenant) == {}


async def test_who_called_is_recognised_when_they_text(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service, identities=[{"channel": "VOICE", "value": "+1 202 555 0143"}])

    data = await service.data(
        '{ identify(channel: WHATSAPP, value: "202-555-0143") { outcome profile { id } } }'
    )

    assert data == {"identify": {"outcome": "KNOWN", "profile": {"id": ada}}}
