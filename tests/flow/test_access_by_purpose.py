"""What somebody asks for is held against them, and against what the customer has consented to."""

import pytest

from tests.flow.documents import phone
from tests.support.gateway import a_profile

SEEN = "query ($id: ID!) { profile(id: $id) { id name { full } gender links { source } } }"
LIST = "{ profiles { edges { node { id name { full } } } } }"
CONSENT = """
mutation ($input: RecordConsentInput!) { recordConsent(input: $input) { profile { id } } }
"""


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


@pytest.fixture
async def ada(service):
    links = [{"source": "crm", "object": "contacts", "recordId": "512"}]
    return await a_profile(service, gender="f", identities=[phone("+12025550143")], links=links)


async def consents(service, profile, purpose="marketing", status="GRANTED"):
    told = {"profileId": profile, "purpose": purpose, "status": status}
    await service.data(CONSENT, {"input": told})


async def test_without_consent_marketing_sees_nothing_of_a_customer(service, ada):
    answer = await service.asking_for("MARKETING").ask(SEEN, {"id": ada})

    nothing = {"id": ada, "name": None, "gender": None, "links": None}
    assert answer["data"]["profile"] == nothing
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FIELD_FORBIDDEN"}


async def test_with_consent_marketing_sees_what_it_needs_and_no_more(service, ada):
    await consents(service, ada)

    answer = await service.asking_for("MARKETING").ask(SEEN, {"id": ada})

    seen = {"id": ada, "name": {"full": "Ada Lovelace"}, "gender": "f", "links": None}
    assert answer["data"]["profile"] == seen
    assert [error["path"] for error in answer["errors"]] == [["profile", "links"]]


@pytest.mark.parametrize("status", ["DENIED", "REVOKED"])
async def test_a_consent_that_was_taken_back_counts_at_once(service, ada, status):
    await consents(service, ada)
    await consents(service, ada, status=status)

    answer = await service.asking_for("MARKETING").ask(SEEN, {"id": ada})

    assert answer["data"]["profile"]["name"] is None


async def test_consent_to_something_else_is_none(service, ada):
    await consents(service, ada, purpose="analytics")

    answer = await service.asking_for("MARKETING").ask(SEEN, {"id": ada})

    assert answer["data"]["profile"]["name"] is None


async def test_in_a_list_each_customer_has_consented_or_not(service, ada):
    other = await a_profile(service)
    await consents(service, other)

    answer = await service.asking_for("MARKETING").ask(LIST)

    names = {
        edge["node"]["id"]: edge["node"]["name"] for edge in answer["data"]["profiles"]["edges"]
    }
    assert names == {ada: None, other: {"full": "Ada Lovelace"}}
    assert [error["extensions"]["at"] for error in answer["errors"]] == ["profiles.edges.node.name"]


async def test_a_purpose_without_consent_reads_as_ever(service, ada):
    answer = await service.asking_for("BILLING").data(SEEN, {"id": ada})

    assert answer["profile"]["name"] == {"full": "Ada Lovelace"}


async def test_a_purpose_that_is_not_ones_own_is_refused_as_a_whole(gateway, tenant, ada):
    agent = gateway.as_role("agent", tenant=tenant)

    answer = await agent.asking_for("MARKETING").ask(SEEN, {"id": ada})

    assert "data" not in answer
    (error,) = answer["errors"]
    assert error["message"] == "no role of yours may ask for MARKETING."
    assert error["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("purpose", ["", "marketing", "WORLD_PEACE"])
async def test_a_purpose_that_does_not_exist_is_bad_input(service, ada, purpose):
    answer = await service.asking_for(purpose).ask(SEEN, {"id": ada})

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "MARKETING" in error["message"]
    assert "WORLD_PEACE" not in error["message"]


async def test_a_purpose_is_text(gateway, tenant):
    caller = gateway.as_role("agent", tenant=tenant)

    response = await gateway.client.post(
        "/graphql",
        json={"query": "{ viewer { tenant } }", "extensions": {"purpose": 1}},
        headers={"authorization": f"Bearer {caller.token}"},
    )

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"
