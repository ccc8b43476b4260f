"""`explainAccess` tells what the same document gives, to oneself or of others to who may ask."""

import pytest

from tests.support.gateway import Caller, a_profile, define

FIELDS = [
    {"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"},
    {"key": "diagnosis", "kind": "STRING", "dataClass": "SENSITIVE"},
]
PARTS = (
    "name { full } custom { tier } consents { status proof } mayContact(channel: SMS) { reason }"
)
WHOLE = (
    f"birthDate identities {{ value source }} links {{ recordId }} {PARTS}"
    " preferences { channels } labels { name } formerIds"
)
DOCUMENT = f'query Read {{ profile(id: "ID") {{ {WHOLE} d: custom {{ diagnosis }} }} }}'
EXPLAIN = """
query ($document: String!, $as: AccessSubject) {
  explainAccess(document: $document, as: $as) {
    roles purpose secondFactor relation
    parts { part path name dataClass outcome reason rule entry helps code }
  }
}
"""
OWN = "query ($document: String!) { explainAccess(document: $document) { parts { path outcome } } }"


@pytest.fixture
async def ada(gateway, tenant) -> str:
    await define(gateway.as_role("admin", tenant=tenant), FIELDS)
    identities = [{"channel": "VOICE", "value": "+1 202 555 0143"}]
    service = gateway.as_role("service", tenant=tenant)
    return await a_profile(service, custom={"tier": "gold"}, identities=identities)


async def explained(caller: Caller, document: str, **subject: object) -> dict[str, dict]:
    """The parts of a document by path."""
    data = await caller.data(EXPLAIN, {"document": document, "as": subject or None})
    return {part["path"]: part for part in data["explainAccess"]["parts"]}


@pytest.mark.parametrize(
    ("role", "second_factor"),
    [
        ("agent", True),
        ("reviewer", True),
        ("evaluator", True),
        ("service", True),
        ("admin", True),
        ("privacy_officer", True),
        ("supervisor", True),
        ("supervisor", False),
    ],
)
async def test_what_is_told_is_what_the_document_gives(gateway, tenant, ada, role, second_factor):
    caller = gateway.as_role(role, tenant=tenant, second_factor=second_factor)
    document = DOCUMENT.replace("ID", ada)

    told = await explained(caller, document)
    answer = await caller.ask(document)

    errors = [error["extensions"] for error in answer["errors"]] if "errors" in answer else []
    if "data" not in answer:
        assert [error["code"] for error in errors] == [told["profile"]["code"]]
        assert told["profile"]["outcome"] == "STEP_UP"
        return
    own = [part for part in told.values() if "It lies in" not in part["reason"]]
    refused = {part["path"]: part["code"] for part in own if part["code"]}
    masked = {part["path"] for part in own if part["outcome"] == "MASKED"}
    assert refused == {error["at"]: error["code"] for error in errors}
    assert masked == set(answer.get("extensions", {}).get("masked", ()))


@pytest.mark.usefixtures("ada")
async def test_a_hidden_field_is_told_to_an_officer_and_unknown_to_a_partner(gateway, tenant):
    officer = gateway.as_role("privacy_officer", tenant=tenant)
    partner = gateway.as_role("partner", tenant=tenant)
    document = '{ profile(id: "1") { birthDate custom { tier diagnosis } } }'

    told = await explained(officer, document, roles=["partner"])
    own = await partner.ask(OWN, {"document": document})
    known = await partner.data(OWN, {"document": '{ profile(id: "1") { custom { tier } } }'})

    assert told["profile.birthDate"]["outcome"] == "HIDDEN"
    assert told["profile.custom.diagnosis"]["outcome"] == "HIDDEN"
    assert told["profile.custom.tier"]["outcome"] == "READ"
    assert own["errors"][0]["extensions"] == {
        "code": "BAD_INPUT",
        "errors": [
            {
                "message": "Cannot query field 'birthDate' on type 'Profile'.",
                "locations": [{"line": 1, "column": 22}],
            },
            {
                "message": "Cannot query field 'diagnosis' on type 'CustomFields'.",
                "locations": [{"line": 1, "column": 46}],
            },
        ],
    }
    assert [part["outcome"] for part in known["explainAccess"]["parts"]] == ["CALL", "READ", "READ"]


async def test_only_officers_and_admins_with_a_second_factor_ask_about_others(gateway, tenant):
    others = {"document": "{ viewer { subject } }", "as": {"roles": ["agent"]}}
    callers = {
        ("agent", True): ["FORBIDDEN"],
        ("supervisor", True): ["FORBIDDEN"],
        ("admin", True): [],
        ("privacy_officer", True): [],
        ("privacy_officer", False): ["STEP_UP_REQUIRED"],
    }

    found = {
        (role, factor): await gateway.as_role(role, tenant=tenant, second_factor=factor).codes(
            EXPLAIN, others
        )
        for role, factor in callers
    }

    assert found == callers


async def test_everybody_may_ask_what_another_situation_would_give_them(gateway, tenant):
    agent = gateway.as_role("agent", tenant=tenant)
    document = '{ profile(id: "1") { identities { value } } }'

    alone = await explained(agent, document)
    talking = await explained(agent, document, relation="CONVERSATION")

    value = "profile.identities.value"
    assert (alone[value]["outcome"], talking[value]["outcome"]) == ("MASKED", "READ")
    assert "a live conversation with the customer" in alone[value]["helps"]
    assert talking[value]["entry"] == "roles.agent.in_conversation.read CONTACT"


async def test_what_was_supposed_is_told_with_the_answer(gateway, tenant):
    officer = gateway.as_role("privacy_officer", tenant=tenant)
    subject = {"roles": ["supervisor"], "secondFactor": "NONE", "purpose": "FRAUD", "client": "app"}

    data = await officer.data(EXPLAIN, {"document": "{ viewer { subject } }", "as": subject})

    told = data["explainAccess"]
    assert (told["roles"], told["purpose"], told["secondFactor"], told["relation"]) == (
        *(["supervisor"], "FRAUD", "NONE", "NONE"),
    )
    bad = {"document": "{ viewer { subject } }", "as": {"roles": ["king"]}}
    assert await officer.codes(EXPLAIN, bad) == ["BAD_INPUT"]
