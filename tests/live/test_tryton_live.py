"""Live fields out of a real Tryton: one HTTP call for a page, and nothing lost when it is away."""

import time
from contextlib import ExitStack, asynccontextmanager

import httpx2
import pytest
import pytest_asyncio

from tests.live.conftest import BUDGET_S
from tests.support.gateway import a_profile, crm, define, running_gateway
from tests.support.tryton import running_tryton

PARTY = "party.party"
FIELDS = {
    "crmName": ("STRING", "IDENTITY", "name"),
    "number": ("STRING", "BEHAVIOURAL", "code"),
    "speaks": ("CHOICE", "DEMOGRAPHIC", "lang.code"),
    "mail": ("STRING", "CONTACT", "email"),
    "isActive": ("BOOLEAN", "BEHAVIOURAL", "active"),
    "tier": ("CHOICE", "BEHAVIOURAL", "categories.name"),
}
CHOICES = {"speaks": ["en", "de", "fr"], "tier": ["Gold", "Silver", "Bronze"]}
PAGE = """
query ($ids: [ID!]!) {
  profiles(where: { id: { in: $ids } }, first: 25) {
    edges { node { id name { family } custom { crmName number speaks mail isActive } } }
  }
}
"""
ONE = """
query ($id: ID!) {
  profile(id: $id) {
    name { family }
    custom { number }
    fields(keys: ["number"]) { value fetchedAt error { code } }
  }
}
"""


class Office:
    """A gateway whose source is a Tryton, and the profiles linked to its parties."""

    def __init__(self, gateway, tenant):
        self._gateway = gateway
        self.tenant = tenant
        self.profiles = []

    def caller(self, role):
        return self._gateway.as_role(role, tenant=self.tenant)

    async def begin(self, parties):
        """Define the fields, and make a profile of each party."""
        await define(self.caller("admin"), [field(key) for key in FIELDS])
        for party in parties:
            link = {"source": "erp", "object": PARTY, "recordId": str(party.id)}
            name = {"given": "Party", "family": str(party.id)}
            self.profiles.append(await a_profile(self.caller("service"), name=name, links=[link]))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(document_server, tryton, tmp_path_factory):
    """A profile for each of the 200 parties, and a healthy Tryton."""
    path = tmp_path_factory.mktemp("office")
    async with opened(document_server, tryton, path, tenant="office") as office:
        await office.begin(tryton.parties)
        yield office


@pytest.fixture
def counted(tryton):
    """The shared Tryton, counting from zero."""
    tryton.reset_calls()
    return tryton


async def test_a_page_of_25_customers_is_one_call_with_the_right_values_for_each(office, counted):
    places = range(0, 200, 8)
    wanted = {office.profiles[place]: counted.parties[place] for place in places}

    answer = await office.caller("supervisor").ask(PAGE, {"ids": [*wanted]})

    assert "errors" not in answer
    nodes = [edge["node"] for edge in answer["data"]["profiles"]["edges"]]
    assert {node["id"]: node["custom"] for node in nodes} == {
        customer: {
            "crmName": party.name,
            "number": party.code,
            "speaks": party.language,
            "mail": party.email,
            "isActive": True,
        }
        for customer, party in wanted.items()
    }
    assert len(nodes) == 25
    assert counted.calls == 1
    assert counted.requests[0].startswith("GET /crm/rest/model/party.party?")
    [told] = answer["extensions"]["sources"]
    assert (told["source"], told["calls"], told["keys"], told["errors"]) == ("erp", 1, 25, [])


async def test_a_page_that_selects_no_live_field_asks_tryton_nothing(office, counted):
    query = "query ($ids: [ID!]!) { profiles(where: { id: { in: $ids } }) { edges { cursor } } }"

    data = await office.caller("agent").data(query, {"ids": office.profiles[:25]})

    assert len(data["profiles"]["edges"]) == 25
    assert counted.calls == 0


async def test_an_agent_sees_the_address_masked_and_only_asked_fields_travel(office, counted):
    query = "query ($id: ID!) { profile(id: $id) { custom { mail } } }"

    data = await office.caller("agent").data(query, {"id": office.profiles[3]})

    assert data == {"profile": {"custom": {"mail": "c•••@•••.com"}}}
    [request] = counted.requests
    asked = httpx2.QueryParams(request.partition("?")[2]).get_list("f")
    assert asked == ["create_date", "email", "id", "write_date"]


async def test_a_path_through_a_list_of_one_gives_its_item(office, counted):
    query = "query ($id: ID!) { profile(id: $id) { custom { number tier } } }"

    data = await office.caller("agent").data(query, {"id": office.profiles[0]})

    party = counted.parties[0]
    assert data["profile"]["custom"] == {"number": party.code, "tier": party.category}


async def test_a_party_that_is_gone_is_null_without_an_error(office, counted):
    link = {"source": "erp", "object": PARTY, "recordId": str(await a_deleted_party(counted))}
    customer = await a_profile(office.caller("service"), links=[link])
    counted.reset_calls()

    data = await office.caller("agent").data(ONE, {"id": customer})

    [told] = data["profile"]["fields"]
    assert data["profile"]["custom"] == {"number": None}
    assert (told["value"], told["error"]) == (None, None)
    assert told["fetchedAt"]
    assert counted.calls == 1


async def test_a_profile_without_a_link_is_null_and_costs_no_call(office, counted):
    customer = await a_profile(office.caller("service"))

    data = await office.caller("agent").data(ONE, {"id": customer})

    assert data["profile"]["custom"] == {"number": None}
    assert counted.calls == 0


async def test_tryton_refuses_a_wrong_key_and_the_profile_still_comes(
    document_server, counted, tmp_path
):
    key = "no-such-key"
    async with opened(document_server, counted, tmp_path, tenant="keyless", key=key) as office:
        await office.begin(counted.parties[:1])
        counted.reset_calls()

        response = await office.caller("agent").post(ONE, {"id": office.profiles[0]})

    check_number_is_unavailable(response.json()["data"]["profile"], counted.parties[0])
    assert "no-such-key" not in response.text
    assert counted.calls == 1


@pytest.mark.usefixtures("tryton")
async def test_the_profiles_of_a_page_come_when_tryton_is_stopped(document_server, tmp_path):
    with ExitStack() as running:
        own = running.enter_context(running_tryton())
        async with opened(document_server, own, tmp_path, tenant="bereft") as office:
            await office.begin(own.parties[:25])
            before = await office.caller("supervisor").data(PAGE, {"ids": office.profiles})
            running.close()

            began = time.monotonic()
            answer = await office.caller("supervisor").ask(PAGE, {"ids": office.profiles})
            took_s = time.monotonic() - began
            alone = await office.caller("agent").ask(ONE, {"id": office.profiles[0]})

    assert {edge["node"]["custom"]["isActive"] for edge in before["profiles"]["edges"]} == {True}
    nodes = [edge["node"] for edge in answer["data"]["profiles"]["edges"]]
    assert [node["name"]["family"] for node in nodes] == [str(one.id) for one in own.parties[:25]]
    assert {value for node in nodes for value in node["custom"].values()} == {None}
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"SOURCE_UNAVAILABLE"}
    assert len(answer["errors"]) == 25 * 5
    assert took_s < BUDGET_S + 0.5
    check_number_is_unavailable(alone["data"]["profile"], own.parties[0])


def check_number_is_unavailable(profile, party):
    """The stored part is there, the live one says why it isn't."""
    assert profile["name"] == {"family": str(party.id)}
    assert profile["custom"] == {"number": None}
    failed = {"value": None, "fetchedAt": None, "error": {"code": "SOURCE_UNAVAILABLE"}}
    assert profile["fields"] == [failed]


@asynccontextmanager
async def opened(document_server, tryton, path, *, tenant, key=None):
    """An office on a gateway whose source `erp` is this Tryton, asked with this key."""
    source = crm(
        tryton.base_url,
        tenant,
        secret=key or tryton.key,
        connector="tryton",
        options={"database": tryton.database},
    )
    async with running_gateway(
        document_server.uri,
        path,
        sources={"erp": source},
        database=f"live-{tenant}",
        budget_s=BUDGET_S,
    ) as gateway:
        yield Office(gateway, tenant)


def field(key):
    """The definition of one of `FIELDS`."""
    kind, data_class, attribute = FIELDS[key]
    place = {"kind": "LIVE", "connector": "erp", "object": PARTY, "attribute": attribute}
    choices = {"choices": CHOICES[key]} if key in CHOICES else {}
    return {"key": key, "kind": kind, "dataClass": data_class, "source": place, **choices}


async def a_deleted_party(tryton):
    """The id of a party that was there a moment ago."""
    headers = {"Authorization": f"Bearer {tryton.key}"}
    parties = f"{tryton.base_url}/{tryton.database}/rest/model/{PARTY}"
    async with httpx2.AsyncClient(headers=headers) as http:
        created = await http.post(parties, json={"name": "Nobody"})
        party = created.raise_for_status().json()["id"]
        (await http.delete(f"{parties}/{party}")).raise_for_status()
    return party
