"""Reading profiles over GraphQL, as those who may and those who may not."""

import pytest

from tests.flow.stored import stored
from tests.support.gateway import a_profile

WHO = """
query ($channel: Channel!, $value: String!) {
  identify(channel: $channel, value: $value) {
    outcome
    profile { id name { full } birthDate identities { channel value } }
  }
}
"""
ADA = {
    "birthDate": "1985-12-10",
    "identities": [{"channel": "VOICE", "value": "+1 202 555 0143"}],
}


async def test_an_agent_sees_who_calls_with_the_number_masked(gateway, tenant):
    ada = await a_profile(gateway.as_role("service", tenant=tenant), **ADA)
    agent = gateway.as_role("agent", tenant=tenant)

    answer = await agent.ask(WHO, {"channel": "VOICE", "value": "(202) 555-0143"})

    assert answer == {
        "data": {
            "identify": {
                "outcome": "KNOWN",
                "profile": {
                    "id": ada,
                    "name": {"full": "Ada Lovelace"},
                    "birthDate": "1985-12-10",
                    "identities": [{"channel": "VOICE", "value": "•••• 0143"}],
                },
            }
        },
        "extensions": {"masked": ["identify.profile.identities.value"]},
    }


async def test_somebody_of_another_tenant_is_unknown(gateway, tenant):
    await a_profile(gateway.as_role("service", tenant=tenant), **ADA)
    stranger = gateway.as_role("agent", tenant=f"{tenant}-x")

    data = await stranger.data(WHO, {"channel": "VOICE", "value": "+12025550143"})

    assert data == {"identify": {"outcome": "UNKNOWN", "profile": None}}


async def test_one_root_field_that_is_shut_shuts_the_whole_operation(gateway, tenant):
    service, agent = (gateway.as_role(role, tenant=tenant) for role in ("service", "agent"))
    ada = await a_profile(service, **ADA)

    answer = await agent.ask(
        "query ($id: ID!) { profile(id: $id) { id } accessRules { text } }", {"id": ada}
    )
    written = await agent.ask(
        """
        mutation ($id: ID!) {
          updateProfile(input: {id: $id, gender: "f"}) { profile { id } }
          setAccessRules(input: {text: ""}) { accessRules { revision } }
        }
        """,
        {"id": ada},
    )

    refused = [
        ("data" in one, *(e["extensions"]["field"] for e in one["errors"]))
        for one in (answer, written)
    ]
    assert refused == [(False, "Query.accessRules"), (False, "Mutation.setAccessRules")]
    assert (
        await service.data("query ($id: ID!) { profile(id: $id) { gender version } }", {"id": ada})
    ) == {"profile": {"gender": None, "version": 1}}


READ = """
query ($id: ID!) {
  profile(id: $id) {
    id version state
    name { full } birthDate language
    identities { channel value source } links { recordId }
  }
}
"""
EVERYTHING = {
    **ADA,
    "language": "en-GB",
    "links": [{"source": "crm", "object": "contacts", "recordId": "17"}],
}
OPEN = {"version": 1, "state": "IDENTIFIED"}
CLEAR = {
    "name": {"full": "Ada Lovelace"},
    "birthDate": "1985-12-10",
    "language": "en-GB",
    "identities": [{"channel": "VOICE", "value": "+12025550143", "source": "development"}],
    "links": [{"recordId": "17"}],
}
MASKED_NUMBER = {"channel": None, "value": "•••• 0143", "source": None}
DENIED = dict.fromkeys(CLEAR)


@pytest.mark.parametrize(
    ("role", "shown", "refused"),
    [
        ("service", CLEAR, []),
        ("supervisor", CLEAR, []),
        ("privacy_officer", CLEAR, []),
        (
            "agent",
            {
                **CLEAR,
                "identities": [{**MASKED_NUMBER, "channel": "VOICE"}],
                "links": None,
            },
            ["identities.source", "links"],
        ),
        (
            "reviewer",
            {**DENIED, "name": CLEAR["name"], "identities": [MASKED_NUMBER]},
            ["birthDate", "identities.channel", "identities.source", "language", "links"],
        ),
        (
            "admin",
            {
                "name": {"full": "••• •••"},
                "birthDate": "1985-01-01",
                "language": "•••",
                "identities": [{**MASKED_NUMBER, "source": "development"}],
                "links": CLEAR["links"],
            },
            [],
        ),
    ],
)
async def test_each_role_sees_its_part(gateway, tenant, role, shown, refused):
    ada = await a_profile(gateway.as_role("service", tenant=tenant), **EVERYTHING)

    answer = await gateway.as_role(role, tenant=tenant).ask(READ, {"id": ada})

    assert answer["data"]["profile"] == {"id": ada, **OPEN, **shown}
    errors = [error["extensions"] for error in answer.get("errors", ())]
    assert sorted(error["at"].removeprefix("profile.") for error in errors) == refused
    assert {error["code"] for error in errors} <= {"FIELD_FORBIDDEN"}


async def test_reading_writes_nothing(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service, **EVERYTHING)
    before = await stored(gateway)

    await service.data(WHO, {"channel": "VOICE", "value": "+12025550143"})
    await service.data(WHO, {"channel": "VOICE", "value": "+12025550144"})
    await service.data(READ, {"id": ada})

    assert await stored(gateway) == before


async def test_what_is_absent_and_what_is_anothers_look_the_same(gateway, tenant):
    ada = await a_profile(gateway.as_role("service", tenant=f"{tenant}-x"), **EVERYTHING)
    agent = gateway.as_role("agent", tenant=tenant)

    anothers, absent = [await agent.ask(READ, {"id": one}) for one in (ada, "0" * 26)]

    assert anothers == absent
    assert absent["data"] == {"profile": None}


async def test_a_former_id_answers_with_the_profile_as_it_is(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service, **EVERYTHING)
    former = {"_id": f"{tenant}/former", "tenant": tenant, "former": "former", "profile": ada}
    await gateway.gateway.database.aliases.insert_one(former)

    data = await service.data(READ, {"id": "former"})

    assert data == {"profile": {"id": ada, **OPEN, **CLEAR}}
