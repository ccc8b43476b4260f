"""The access cases that people answer for, on a whole gateway with a real customer."""

import secrets

import pytest

from policies.standing import Relation
from tests.flow.acts import break_glass
from tests.flow.documents import RECORD
from tests.graph.access_cases import cases
from tests.support.gateway import a_profile, define

KEYS = {"SENSITIVE": "diagnosis", "FINANCIAL": "account", "BEHAVIOURAL": "tier"}
CUSTOM = {"diagnosis": "asthma", "account": "DE89 3704 0044 0532 0130 00", "tier": "gold"}
CALL = {"kind": "CALL", "summary": "what was said", "recording": "vault:recording"}
# Who talks to the customer; everybody else is a stranger.
TALKING = "talking"
SUBJECTS = {
    Relation.NONE: "stranger",
    Relation.CONVERSATION: TALKING,
    Relation.BREAK_GLASS: "alarmed",
}
ADA = {
    "birthDate": "1985-12-10",
    "identities": [{"channel": "VOICE", "value": "+1 202 555 0143"}],
    "links": [{"source": "crm", "object": "contacts", "recordId": "512"}],
}
SAY = """
mutation ($consent: RecordConsentInput!, $preference: SetPreferenceInput!, $label: AddLabelInput!) {
  recordConsent(input: $consent) { __typename }
  setPreference(input: $preference) { __typename }
  addLabel(input: $label) { __typename }
}
"""
UPDATE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename } }"
# What to select, the way to the value in the answer, the value, and its mask.
SHOWN = (
    {
        "name": ("name { full }", ("name", "full"), "Ada Lovelace", "••• •••"),
        "birthDate": ("birthDate", ("birthDate",), "1985-12-10", "1985-01-01"),
        "identities.channel": (
            "identities { channel }",
            ("identities", 0, "channel"),
            "VOICE",
            None,
        ),
        "identities.value": (
            "identities { value }",
            ("identities", 0, "value"),
            "+12025550143",
            "•••• 0143",
        ),
        "links": ("links { recordId }", ("links", 0, "recordId"), "512", None),
        "consents.status": ("consents { status }", ("consents", 0, "status"), "GRANTED", None),
        "consents.proof": ("consents { proof }", ("consents", 0, "proof"), "in call 4711", "•••"),
        "preferences": ("preferences { channels }", ("preferences", "channels"), ["SMS"], None),
        "labels": ("labels { name }", ("labels", 0, "name"), "VIP", "•••"),
        "mayContact": (
            "mayContact(channel: SMS) { reason }",
            ("mayContact", "reason"),
            "NO_OBJECTION",
            None,
        ),
    }
    | {
        f"custom.{name}": (f"custom {{ {key} }}", ("custom", key), CUSTOM[key], "•••")
        for name, key in KEYS.items()
    }
    | {
        f"timeline.{name}": (
            f"timeline {{ edges {{ node {{ {name} }} }} }}",
            ("timeline", "edges", 0, "node", name),
            value,
            None,
        )
        for name, value in CALL.items()
    }
)


@pytest.fixture(scope="module")
async def ada(gateway):
    """A customer with every value, and the tenant she is a customer of."""
    tenant = f"t-{secrets.token_hex(6)}"
    definitions = [{"key": key, "kind": "STRING", "dataClass": name} for name, key in KEYS.items()]
    await define(gateway.as_role("admin", tenant=tenant), definitions)
    service = gateway.as_role("service", tenant=tenant)
    created = await a_profile(service, **ADA)
    await service.data(RECORD, {"input": {"profileId": created, "agent": TALKING, **CALL}})
    said = {"purpose": "marketing", "status": "GRANTED", "proof": "in call 4711"}
    await service.data(
        SAY,
        {
            "consent": {"profileId": created, **said},
            "preference": {"profileId": created, "channels": ["SMS"]},
            "label": {"profileId": created, "name": "VIP"},
        },
    )
    officer = gateway.as_role("privacy_officer", tenant=tenant)
    await officer.data(UPDATE, {"input": {"id": created, "custom": CUSTOM}})
    alarmed = gateway.as_role("agent", tenant=tenant, subject=SUBJECTS[Relation.BREAK_GLASS])
    await break_glass(alarmed, created)
    return created, tenant


@pytest.mark.parametrize("case", cases(), ids=str)
async def test_the_answer_is_as_the_case_says(gateway, ada, case):
    customer, tenant = ada
    selected, way, value, mask = SHOWN[case.field]
    asker = gateway.as_role(
        *case.roles,
        tenant=tenant,
        second_factor=case.has_second_factor,
        subject=SUBJECTS[case.relation],
    )

    answer = await asker.ask(
        f"query ($id: ID!) {{ profile(id: $id) {{ {selected} }} }}", {"id": customer}
    )

    profile = (answer.get("data") or {}).get("profile") or {}
    assert (found(profile, way), codes(answer), bool(masked(answer))) == {
        "read": (value, [], False),
        "mask": (mask, [], True),
        "deny": (None, ["FIELD_FORBIDDEN"], False),
        "hide": (None, ["BAD_INPUT"], False),
        "step_up": (None, ["STEP_UP_REQUIRED"], False),
    }[case.gets]
    assert case.gets == "read" or str(value) not in str(answer)


def found(value, way):
    """The value at the end of a way; None where the way ends early."""
    for step in way:
        if value is None or value == {}:
            return None
        value = value[step]
    return value


def codes(answer):
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


def masked(answer):
    return answer.get("extensions", {}).get("masked")
