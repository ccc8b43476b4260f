"""A tenant changes who may see what: at once, whole, and for itself alone."""

import asyncio
import secrets

import pytest

from tests.flow.documents import phone
from tests.support.gateway import a_profile

SEEN = "query ($id: ID!) { profile(id: $id) { birthDate gender identities { value } } }"
RULES = "{ accessRules { text revision by at } }"
SET = """
mutation ($text: String!, $ifRevision: Int) {
  setAccessRules(input: {text: $text, ifRevision: $ifRevision}) {
    accessRules { text revision by }
  }
}
"""
STRICT = """
[roles.agent]
read = ["PUBLIC", "DEMOGRAPHIC", "BEHAVIOURAL"]
mask = []
[roles.agent.fields]
"Profile.birthDate" = ["mask"]
"""
OPEN = """
[roles.agent]
read = ["PUBLIC", "DEMOGRAPHIC", "BEHAVIOURAL", "CONTACT"]
"""


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant)


@pytest.fixture
def officer(gateway, tenant):
    return gateway.as_role("privacy_officer", tenant=tenant, subject="olga")


@pytest.fixture
async def ada(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    given = {"birthDate": "1985-12-10", "gender": "f", "identities": [phone("+12025550143")]}
    return await a_profile(service, **given)


async def test_rules_are_in_force_with_the_next_request(agent, officer, ada):
    before = (await agent.ask(SEEN, {"id": ada}))["data"]["profile"]

    changed = await officer.data(SET, {"text": STRICT})
    after = await agent.ask(SEEN, {"id": ada})

    rules = {"text": STRICT, "revision": 1, "by": "olga"}
    assert changed["setAccessRules"]["accessRules"] == rules
    assert before == {
        "birthDate": "1985-12-10",
        "gender": "f",
        "identities": [{"value": "•••• 0143"}],
    }
    assert after["data"]["profile"] == {
        "birthDate": "1985-01-01",
        "gender": "f",
        "identities": None,
    }
    assert after["extensions"]["masked"] == ["profile.birthDate"]
    assert [error["extensions"]["field"] for error in after["errors"]] == ["Profile.identities"]


async def test_an_empty_text_goes_back_to_what_is_shipped(agent, officer, ada):
    await officer.data(SET, {"text": OPEN})
    assert (await agent.ask(SEEN, {"id": ada}))["data"]["profile"]["identities"] == [
        {"value": "+12025550143"}
    ]

    await officer.data(SET, {"text": ""})

    assert (await agent.ask(SEEN, {"id": ada}))["data"]["profile"]["identities"] == [
        {"value": "•••• 0143"}
    ]
    rules = (await officer.data(RULES))["accessRules"]
    assert (rules["text"], rules["revision"], rules["by"]) == ("", 2, "olga")


async def test_another_tenant_keeps_its_own(gateway, officer):
    away = f"t-{secrets.token_hex(6)}"
    other = await a_profile(gateway.as_role("service", tenant=away), birthDate="1985-12-10")
    await officer.data(SET, {"text": STRICT})

    agent = gateway.as_role("agent", tenant=away)

    assert (await agent.ask(SEEN, {"id": other}))["data"]["profile"]["birthDate"] == "1985-12-10"
    rules = (await gateway.as_role("admin", tenant=away).data(RULES))["accessRules"]
    assert rules == {"text": "", "revision": 0, "by": None, "at": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[roles", "rules: the access rules is not TOML: "),
        ("version = 3", "rules: version: only the shipped matrix has one."),
        ("[roles.boss]", "rules: unknown role: boss; known: admin, "),
        ('[roles.agent]\nread = ["ALL"]', "rules: unknown data class of read of role agent: ALL"),
        ("[operations]\neraseAll = []", "rules: operations of matrix and schema differ: eraseAll."),
        ('[roles.agent.fields]\n"Profile.salary" = []', "rules: the schema has no such fields:"),
        ("# " + "x" * 70_000, "rules: at most 65536 bytes."),
    ],
)
async def test_what_are_no_rules_changes_nothing(officer, text, said):
    answer = await officer.ask(SET, {"text": text})

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert error["message"].startswith(said)
    assert (await officer.data(RULES))["accessRules"]["revision"] == 0


async def test_who_read_old_rules_changes_nothing(officer):
    await officer.data(SET, {"text": STRICT, "ifRevision": 0})

    assert await officer.codes(SET, {"text": OPEN, "ifRevision": 0}) == ["VERSION_MISMATCH"]
    assert (await officer.data(RULES))["accessRules"]["text"] == STRICT


async def test_of_two_changes_at_once_neither_is_lost_unseen(officer):
    answers = await asyncio.gather(
        *(officer.ask(SET, {"text": f"# {number}", "ifRevision": 0}) for number in range(4))
    )

    kept = [answer for answer in answers if "errors" not in answer]
    refused = [
        answer["errors"][0]["extensions"]["code"] for answer in answers if "errors" in answer
    ]
    assert (len(kept), set(refused)) == (1, {"VERSION_MISMATCH"})
    assert (await officer.data(RULES))["accessRules"]["revision"] == 1


async def test_rules_are_never_half_in_force(agent, officer, ada):
    answers, is_over = [], asyncio.Event()

    async def reads():
        while not is_over.is_set():
            answers.append((await agent.ask(SEEN, {"id": ada}))["data"]["profile"])

    reading = asyncio.gather(*(reads() for _ in range(3)))
    for turn in range(20):
        await officer.data(SET, {"text": STRICT if turn % 2 else OPEN})
    is_over.set()
    await reading

    seen = {(one["birthDate"], str(one["identities"])) for one in answers}
    assert seen <= {
        ("1985-12-10", "[{'value': '•••• 0143'}]"),
        ("1985-01-01", "None"),
        ("1985-12-10", "[{'value': '+12025550143'}]"),
    }
    assert len(seen) > 1


@pytest.mark.parametrize("role", ["agent", "supervisor", "admin", "service", "partner"])
async def test_only_a_privacy_officer_changes_rules(gateway, tenant, role):
    caller = gateway.as_role(role, tenant=tenant)

    assert (await caller.codes(SET, {"text": ""}))[0] in {"FORBIDDEN", "BAD_INPUT"}


async def test_a_privacy_officer_needs_a_second_factor(gateway, tenant):
    officer = gateway.as_role("privacy_officer", tenant=tenant, second_factor=False)

    assert await officer.codes(SET, {"text": ""}) == ["STEP_UP_REQUIRED"]
