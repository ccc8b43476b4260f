"""Reading profiles over GraphQL, as those who may and those who may not."""

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
