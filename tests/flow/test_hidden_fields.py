"""What a role may not know is answered as what doesn't exist, byte for byte."""

import json

import pytest

from tests.flow.documents import RECORD
from tests.support.gateway import Caller, a_profile, define

FIELDS = [
    {"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"},
    {"key": "diagnosis", "kind": "STRING", "dataClass": "SENSITIVE", "label": "Xyzzy"},
    {"key": "former", "kind": "STRING", "dataClass": "SENSITIVE", "label": "Plugh"},
]
INTROSPECTION = """
{ __schema { types { name description fields { name description args { name description } }
  inputFields { name description } enumValues { name } } } }
"""
PREFER = """
mutation ($input: SetPreferenceInput!) { setPreference(input: $input) { __typename } }
"""
SCHEMA = """
{ customerSchema { fields { key position } retired { key } systemFields { key } } }
"""


@pytest.fixture
async def partner(gateway, tenant) -> Caller:
    """A partner of a tenant with fields that partners may not know."""
    admin = gateway.as_role("admin", tenant=tenant)
    await define(admin, FIELDS)
    await admin.data('mutation { retireField(input: { key: "former" }) { __typename } }')
    return gateway.as_role("partner", tenant=tenant)


@pytest.fixture
async def ada(gateway, tenant, partner) -> str:  # noqa: ARG001 - its fields are defined first
    return await a_profile(gateway.as_role("service", tenant=tenant), custom={"tier": "gold"})


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("document", "hidden"),
    [
        ("{ profile(id: 1) { NAME } }", "birthDate"),
        ("{ profile(id: 1) { NAME { value } } }", "identities"),
        ("{ profile(id: 1) { custom { NAME } } }", "diagnosis"),
        ('{ profile(id: 1) { fields(keys: ["NAME"]) { value } } }', "diagnosis"),
        ("{ NAME { edges { cursor } } }", "profiles"),
        ("{ NAME(minScore: 1) { edges { cursor } } }", "suggestions"),
        ("mutation { NAME(input: {}) { __typename } }", "updateProfile"),
        ("{ profile(id: 1) { ... on NAME { value } } }", "Identity"),
        ('{ x: __type(name: "NAME") { name } }', "Identity"),
        ("query ($x: NAME) { viewer { subject } }", "ProfileFilter"),
        ('{ explainAccess(document: "", NAME: { roles: [] }) { roles } }', "as"),
        ('{ explainAccess(document: "{ profile(id: 1) { NAME } }") { roles } }', "birthDate"),
    ],
)
async def test_a_hidden_name_is_answered_as_an_unknown_one(partner, document, hidden):
    unknown = "Q" + "x" * (len(hidden) - 1)

    asked = await partner.post(document.replace("NAME", hidden))
    other = await partner.post(document.replace("NAME", unknown))

    assert asked.status_code == other.status_code
    assert asked.content.replace(hidden.encode(), unknown.encode()) == other.content
    assert b"Did you mean" not in asked.content


async def test_introspection_tells_a_partner_nothing_of_what_is_hidden(partner):
    told = json.dumps(await partner.data(INTROSPECTION))

    hidden = ("diagnosis", "Xyzzy", "birthDate", "identities", "recordId", "updateProfile")
    assert [name for name in hidden if name in told] == []
    assert "tier" in told


async def test_the_customer_schema_tells_a_partner_of_known_fields_alone(gateway, tenant, partner):
    everything = await gateway.as_role("agent", tenant=tenant).data(SCHEMA)
    told = await partner.data(SCHEMA)

    assert [item["key"] for item in everything["customerSchema"]["retired"]] == ["former"]
    assert len(everything["customerSchema"]["systemFields"]) == 5
    assert told["customerSchema"] == {
        "fields": [{"key": "tier", "position": 1}],
        "retired": [],
        "systemFields": [{"key": "givenName"}, {"key": "familyName"}],
    }


async def test_values_and_their_stories_leave_out_what_is_hidden(partner, ada):
    read = "query ($id: ID!) { profile(id: $id) { custom { _keys tier } fields { key value } } }"

    data = await partner.data(read, {"id": ada})

    assert data["profile"] == {
        "custom": {"_keys": ["tier"], "tier": "gold"},
        "fields": [{"key": "tier", "value": "gold"}],
    }


async def test_who_changed_preferences_leaves_out_what_is_hidden_of_them(
    gateway, tenant, partner, ada
):
    read = "query ($id: ID!) { profile(id: $id) { preferences { said { attribute } } } }"
    given = {"profileId": ada, "language": "de", "channels": ["SMS"]}
    agent = gateway.as_role("agent", tenant=tenant)
    await agent.data(PREFER, {"input": given})

    told = await partner.data(read, {"id": ada})
    all_told = await agent.data(read, {"id": ada})

    assert told["profile"]["preferences"]["said"] == [{"attribute": "channels"}]
    assert len(all_told["profile"]["preferences"]["said"]) == 2


async def test_a_hidden_input_is_answered_as_an_unknown_one(gateway, tenant, ada):
    assistant = gateway.as_role("assistant", tenant=tenant)
    given = {"profileId": ada, "kind": "CHAT", "channel": "CHAT"}

    known = await assistant.codes(RECORD, {"input": {**given, "summary": "s"}})
    hidden = await assistant.ask(RECORD, {"input": {**given, "source": "pbx"}})
    unknown = await assistant.ask(RECORD, {"input": {**given, "sourcy": "pbx"}})

    assert known == []
    assert json.dumps(hidden).replace("source", "sourcy") == json.dumps(unknown)


async def test_a_known_role_beside_a_hiding_one_knows_what_it_knows(gateway, tenant, ada):
    both = gateway.as_role("partner", "agent", tenant=tenant)

    data = await both.data("query ($id: ID!) { profile(id: $id) { birthDate } }", {"id": ada})

    assert data == {"profile": {"birthDate": None}}
