"""Live fields out of Salesforce and Dataverse, as far as their stand-ins go: by role, by page."""

from types import SimpleNamespace

import pytest
import pytest_asyncio

from tests.support import dataverse_tables, salesforce_org
from tests.support.dataverse_http import dataverse_app
from tests.support.dataverse_tables import TENANT, Tables
from tests.support.gateway import a_profile, crm, define, running_gateway
from tests.support.listening import standing_in
from tests.support.salesforce_http import salesforce_app
from tests.support.salesforce_org import Org

CUSTOMERS = 25
# Key, data class, source, object, attribute: an agent reads BEHAVIOURAL, sees CONTACT masked and
# SENSITIVE not at all.
FIELDS = (
    ("title", "BEHAVIOURAL", "sf", "Contact", "Title"),
    ("mail", "CONTACT", "sf", "Contact", "Email"),
    ("secret", "SENSITIVE", "sf", "Contact", "LastName"),
    ("gone", "BEHAVIOURAL", "sf", "Contact", "Gone__c"),
    ("job", "BEHAVIOURAL", "dv", "contact", "jobtitle"),
    ("income", "FINANCIAL", "dv", "contact", "annualincome"),
    ("sex", "BEHAVIOURAL", "dv", "contact", "gendercode@label"),
)
PAGE = """
query ($ids: [ID!]!) {
  profiles(where: { id: { in: $ids } }, first: 25) {
    edges { node { id custom { title mail gone job sex } } }
  }
}
"""
ONE = "query ($id: ID!) { profile(id: $id) { custom { title mail secret job } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bureau(document_server, tmp_path_factory):
    """A gateway with both sources, and 25 profiles that are linked to a record of each."""
    org, tables = Org(), Tables()
    async with (
        standing_in(salesforce_app(org)) as sf_url,
        standing_in(dataverse_app(tables)) as dv_url,
        running_gateway(
            document_server.uri,
            tmp_path_factory.mktemp("bureau"),
            sources={"sf": salesforce_at(sf_url), "dv": dataverse_at(dv_url)},
            database="bureau",
        ) as gateway,
    ):
        admin = gateway.as_role("admin", tenant="bureau")
        await define(admin, [field(*one) for one in FIELDS])
        service = gateway.as_role("service", tenant="bureau")
        profiles = [await a_customer(service, org, tables, n) for n in range(CUSTOMERS)]
        yield SimpleNamespace(gateway=gateway, org=org, tables=tables, profiles=profiles)


def salesforce_at(url):
    options = {"client_id": salesforce_org.CLIENT_ID}
    secret = salesforce_org.CLIENT_SECRET
    return crm(url, "bureau", secret=secret, connector="salesforce", options=options)


def dataverse_at(url):
    token_url = f"{url}/{TENANT}/oauth2/v2.0/token"
    options = {
        "client_id": dataverse_tables.CLIENT_ID,
        "tenant": TENANT,
        "token_url": token_url,
    }
    secret = dataverse_tables.CLIENT_SECRET
    return crm(url, "bureau", secret=secret, connector="dataverse", options=options)


def field(key, data_class, source, object, attribute):
    place = {"kind": "LIVE", "connector": source, "object": object, "attribute": attribute}
    return {"key": key, "kind": "STRING", "dataClass": data_class, "source": place}


async def a_customer(service, org, tables, number):
    contact = {"LastName": f"C{number}", "Title": f"T{number}", "Email": f"c{number}@x.example"}
    row = {"jobtitle": f"J{number}", "gendercode": 1 + number % 2}
    links = [
        {"source": "sf", "object": "Contact", "recordId": org.create("Contact", contact)},
        {"source": "dv", "object": "contact", "recordId": tables.create("contact", row)},
    ]
    return await a_profile(service, links=links)


@pytest.fixture
def counted(bureau):
    bureau.org.asked.clear()
    bureau.tables.asked.clear()
    return bureau


async def test_a_page_of_25_customers_is_one_call_to_each_with_the_right_values(counted):
    supervisor = counted.gateway.as_role("supervisor", tenant="bureau")
    await supervisor.ask(PAGE, {"ids": counted.profiles[:1]})  # a field that is gone is found so
    counted.org.asked.clear()
    counted.tables.asked.clear()

    answer = await supervisor.ask(PAGE, {"ids": counted.profiles})

    assert "errors" not in answer
    nodes = {edge["node"]["id"]: edge["node"] for edge in answer["data"]["profiles"]["edges"]}
    assert [nodes[one]["custom"] for one in counted.profiles] == [
        {
            "title": f"T{n}",
            "mail": f"c{n}@x.example",
            "gone": None,
            "job": f"J{n}",
            "sex": ("Male", "Female")[n % 2],
        }
        for n in range(CUSTOMERS)
    ]
    assert counted.org.asked == ["POST /services/data/v67.0/composite/sobjects/Contact"]
    assert counted.tables.asked == ["GET /api/data/v9.2/contacts"]
    assert (counted.org.tokens_given, len(counted.tables.tokens)) == (1, 1)


async def test_an_agent_sees_an_address_masked_and_what_is_denied_is_not_asked_for(counted):
    agent = counted.gateway.as_role("agent", tenant="bureau")

    answer = await agent.ask(ONE, {"id": counted.profiles[3]})

    assert answer["data"]["profile"]["custom"] == {
        "title": "T3",
        "mail": "c•••@•••.•••",
        "secret": None,
        "job": "J3",
    }
    assert counted.org.fields_asked == ["Email", "Id", "SystemModstamp", "Title"]


async def test_a_session_that_ended_is_begun_anew_and_nobody_notices(counted):
    agent = counted.gateway.as_role("agent", tenant="bureau")
    counted.org.revoke()

    answer = await agent.ask(ONE, {"id": counted.profiles[4]})

    assert answer["data"]["profile"]["custom"]["title"] == "T4"
