"""Consents and preferences: who may say what, and what holds at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.flow.statements import (
    CONSENT,
    LABEL,
    LABELLED,
    MAY,
    PREFER,
    PROOFS,
    SAID,
    UNLABEL,
    WHOLE,
)
from tests.flow.stored import stored
from tests.support.gateway import a_profile, running_gateway

EVERYTHING = (
    *("IDENTITY", "CONTACT", "DEMOGRAPHIC", "SENSITIVE", "FINANCIAL", "BEHAVIOURAL"),
    *("CONVERSATION", "RECORDING"),
)


@pytest.fixture
def agent(gateway, tenant):
    return gateway.as_role("agent", tenant=tenant, subject="grace")


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


@pytest.fixture
async def ada(service):
    """The id of a customer."""
    return await a_profile(service)


def marketing(ada, status="GRANTED", **more):
    return {"profileId": ada, "purpose": "marketing", "status": status, **more}


async def reason(caller, ada, **variables):
    permission = (await caller.data(MAY, {"id": ada, **variables}))["profile"]["mayContact"]
    return permission["allowed"], permission["reason"]


async def test_an_agent_records_a_consent_and_everybody_obeys_it_at_once(
    gateway, tenant, agent, ada
):
    partner = gateway.as_role("partner", tenant=tenant)
    before = await reason(partner, ada, purpose="marketing")

    answer = await agent.data(CONSENT, {"input": marketing(ada, jurisdiction="us-ca")})
    granted = await reason(partner, ada, purpose="Marketing")
    await agent.data(CONSENT, {"input": marketing(ada, "REVOKED")})
    revoked = await reason(partner, ada, purpose="marketing")

    said = {
        "purpose": "marketing",
        "status": "GRANTED",
        "isGranted": True,
        "isCurrent": True,
        "jurisdiction": "US-CA",
    }
    assert answer == {"recordConsent": {"profile": {"version": 2, "consents": [said]}}}
    assert (before, granted, revoked) == (
        (False, "NO_CONSENT"),
        (True, "CONSENT_GRANTED"),
        (False, "CONSENT_REVOKED"),
    )


async def test_an_earlier_statement_is_kept_and_no_longer_current(agent, ada):
    for purpose, status in (("marketing", "GRANTED"), ("research", "DENIED")):
        await agent.data(CONSENT, {"input": marketing(ada, status) | {"purpose": purpose}})
    await agent.data(CONSENT, {"input": marketing(ada, "REVOKED")})

    said = (await agent.data(SAID, {"id": ada, "purposes": ["MARKETING "]}))["profile"]["consents"]

    assert [(one["status"], one["isCurrent"], one["isGranted"]) for one in said] == [
        ("GRANTED", False, False),
        ("REVOKED", True, False),
    ]


async def test_what_was_said_earlier_and_told_later_changes_nothing_that_holds(agent, ada):
    await agent.data(CONSENT, {"input": marketing(ada, "REVOKED", givenAt="2026-03-01T00:00:00Z")})

    earlier = marketing(ada, givenAt="2026-01-01T00:00:00Z")
    await agent.data(CONSENT, {"input": earlier})

    assert await reason(agent, ada, purpose="marketing") == (False, "CONSENT_REVOKED")
    said = (await agent.data(SAID, {"id": ada}))["profile"]["consents"]
    assert [(one["status"], one["isCurrent"]) for one in said] == [
        ("REVOKED", True),
        ("GRANTED", False),
    ]


async def test_a_consent_ends_when_it_expires(service, ada):
    soon = datetime.now(UTC) + timedelta(seconds=3)
    await service.data(CONSENT, {"input": marketing(ada, expiresAt=soon.isoformat())})
    before = await reason(service, ada, purpose="marketing")

    async with asyncio.timeout(60):
        while (after := await reason(service, ada, purpose="marketing")) == before:
            pass

    assert before == (True, "CONSENT_GRANTED")
    assert after == (False, "CONSENT_EXPIRED")
    assert datetime.now(UTC) >= soon
    said = (await service.data(SAID, {"id": ada}))["profile"]["consents"]
    assert [(one["status"], one["isGranted"]) for one in said] == [("GRANTED", False)]


@pytest.mark.parametrize("given_at", [None, "2026-03-01T10:00:00.123456Z"])
async def test_the_same_statement_again_changes_nothing(gateway, tenant, agent, ada, given_at):
    statement = marketing(ada, proof="call 4711", givenAt=given_at)
    await agent.data(CONSENT, {"input": statement})
    before = await stored(gateway, tenant)

    await agent.data(CONSENT, {"input": statement})

    assert await stored(gateway, tenant) == before


async def test_a_proof_is_set_by_agents_and_read_by_privacy_officers_alone(
    gateway, tenant, agent, ada
):
    await agent.data(CONSENT, {"input": marketing(ada, proof="said so in call 4711")})

    officer = await gateway.as_role("privacy_officer", tenant=tenant).ask(PROOFS, {"id": ada})
    supervisor = await gateway.as_role("supervisor", tenant=tenant).ask(PROOFS, {"id": ada})
    denied = await agent.ask(PROOFS, {"id": ada})

    assert officer["data"]["profile"]["consents"] == [
        {"status": "GRANTED", "proof": "said so in call 4711"}
    ]
    assert supervisor["data"]["profile"]["consents"][0]["proof"] == "•••"
    assert denied["data"]["profile"]["consents"] == [{"status": "GRANTED", "proof": None}]
    assert denied["errors"][0]["extensions"]["code"] == "FIELD_FORBIDDEN"


async def test_preferences_are_changed_one_by_one(agent, ada):
    times = [{"days": ["FRIDAY", "MONDAY"], "begin": "09:00", "end": "12:30"}]
    first = {"channels": ["EMAIL", "SMS"], "timeZone": "Europe/Vienna", "times": times}
    await agent.data(PREFER, {"input": {"profileId": ada, **first}})
    second = {"language": "pt-BR", "exclusions": [{"channel": "VOICE"}, {"purpose": "Surveys"}]}
    await agent.data(PREFER, {"input": {"profileId": ada, **second}})

    answer = await agent.data(PREFER, {"input": {"profileId": ada, "channels": None}})

    assert answer["setPreference"]["profile"] == {
        "version": 4,
        "preferences": {
            "channels": [],
            "language": "pt-BR",
            "timeZone": "Europe/Vienna",
            "doNotContact": False,
            "times": [{"days": ["MONDAY", "FRIDAY"], "begin": "09:00", "end": "12:30"}],
            "exclusions": [
                {"channel": None, "purpose": "surveys"},
                {"channel": "VOICE", "purpose": None},
            ],
        },
    }


async def test_the_same_preferences_again_change_nothing(gateway, tenant, agent, ada):
    wanted = {"profileId": ada, "channels": ["SMS"], "exclusions": [{"purpose": "surveys"}]}
    await agent.data(PREFER, {"input": wanted})
    before = await stored(gateway, tenant)

    await agent.data(PREFER, {"input": wanted})

    assert await stored(gateway, tenant) == before


async def test_do_not_contact_is_heeded_at_once_whatever_was_granted(agent, ada):
    await agent.data(CONSENT, {"input": marketing(ada)})
    asked = {"purpose": "marketing"}
    await agent.data(
        PREFER, {"input": {"profileId": ada, "exclusions": [{"channel": "VOICE", **asked}]}}
    )
    of_voice = await reason(agent, ada, channel="VOICE", **asked)
    others = await reason(agent, ada, **asked), await reason(agent, ada, channel="VOICE")
    await agent.data(PREFER, {"input": {"profileId": ada, "doNotContact": True}})

    assert of_voice == (False, "EXCLUDED")
    assert others == ((True, "CONSENT_GRANTED"), (True, "NO_OBJECTION"))
    assert await reason(agent, ada, **asked) == (False, "DO_NOT_CONTACT")


async def test_outside_of_the_times_of_contact_the_answer_is_no(agent, ada):
    today = datetime.now(UTC).strftime("%A").upper()
    days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
    other = days[(days.index(today) + 3) % 7]
    never = {"timeZone": "UTC", "times": [{"days": [other]}]}
    await agent.data(PREFER, {"input": {"profileId": ada, **never}})
    outside = await reason(agent, ada)
    await agent.data(PREFER, {"input": {"profileId": ada, "times": [{}]}})

    assert outside == (False, "OUTSIDE_TIMES")
    assert await reason(agent, ada) == (True, "NO_OBJECTION")


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("reviewer", "FORBIDDEN"),
        ("evaluator", "FORBIDDEN"),
        ("admin", "FORBIDDEN"),
        ("assistant", "BAD_INPUT"),
        ("partner", "BAD_INPUT"),
    ],
)
async def test_who_may_not_write_changes_nothing(gateway, tenant, ada, role, code):
    caller, before = gateway.as_role(role, tenant=tenant), await stored(gateway, tenant)

    codes = [
        await caller.codes(CONSENT, {"input": marketing(ada)}),
        await caller.codes(PREFER, {"input": {"profileId": ada, "doNotContact": True}}),
        await caller.codes(LABEL, {"input": {"profileId": ada, "name": "VIP"}}),
        await caller.codes(UNLABEL, {"input": {"profileId": ada, "name": "VIP"}}),
    ]

    assert [set(one) for one in codes] == [{code}] * 4
    assert await stored(gateway, tenant) == before


async def test_who_sees_masks_sees_that_something_was_said_and_not_what(
    gateway, tenant, agent, ada
):
    await agent.data(CONSENT, {"input": marketing(ada)})
    await agent.data(PREFER, {"input": {"profileId": ada, "channels": ["EMAIL", "SMS"]}})
    await agent.data(LABEL, {"input": {"profileId": ada, "name": "VIP"}})
    admin = gateway.as_role("admin", tenant=tenant)

    said = await admin.ask(SAID, {"id": ada})
    whole = await admin.ask(WHOLE, {"id": ada})
    may = await admin.ask(MAY, {"id": ada, "purpose": "marketing"})
    sought = await admin.ask(SAID, {"id": ada, "purposes": ["marketing"]})

    (consent,) = said["data"]["profile"]["consents"]
    assert (consent["purpose"], consent["status"], consent["isGranted"]) == ("•••", None, None)
    assert whole["data"]["profile"]["preferences"]["channels"] is None
    assert whole["data"]["profile"]["preferences"]["doNotContact"] is None
    assert whole["data"]["profile"]["labels"] == [
        {"name": "•••", "by": "grace", "source": "development"}
    ]
    assert may["data"]["profile"]["mayContact"] == {"allowed": None, "reason": None}
    assert sought["data"]["profile"]["consents"] == []
    assert not any("errors" in answer for answer in (said, whole, may, sought))


async def test_it_is_told_who_said_it(gateway, tenant, agent, ada):
    await agent.data(PREFER, {"input": {"profileId": ada, "channels": ["EMAIL"]}})
    await agent.data(LABEL, {"input": {"profileId": ada, "name": "VIP"}})
    officer = gateway.as_role("privacy_officer", tenant=tenant)

    profile = (await officer.data(WHOLE, {"id": ada}))["profile"]

    assert profile == {
        "preferences": {
            "channels": ["EMAIL"],
            "doNotContact": False,
            "said": [{"attribute": "channels", "by": "grace", "source": "development"}],
        },
        "labels": [{"name": "VIP", "by": "grace", "source": "development"}],
    }


SECRET = "Atlantis/Secret"
BAD = [
    (CONSENT, {"purpose": "no blank" + SECRET}, "purpose"),
    (CONSENT, {"purpose": "1st"}, "purpose"),
    (CONSENT, {"jurisdiction": SECRET}, "jurisdiction"),
    (CONSENT, {"givenAt": "2999-01-01T00:00:00Z"}, "givenAt"),
    (CONSENT, {"givenAt": "1900-01-01T00:00:00Z"}, "givenAt"),
    (CONSENT, {"expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
    (CONSENT, {"status": "DENIED", "expiresAt": "2999-01-01T00:00:00Z"}, "expiresAt"),
    (CONSENT, {"proof": SECRET * 200}, "proof"),
    (PREFER, {"timeZone": SECRET}, "timeZone"),
    (PREFER, {"timeZone": "../../etc/passwd"}, "timeZone"),
    (PREFER, {"times": [{"begin": "09:00"}]}, "timeZone"),
    (PREFER, {"timeZone": "UTC", "times": [{"begin": SECRET}]}, "times"),
    (PREFER, {"timeZone": "UTC", "times": [{"begin": "9:00"}]}, "times"),
    (PREFER, {"timeZone": "UTC", "times": [{"begin": "22:00", "end": "06:00"}]}, "times"),
    (PREFER, {"language": SECRET}, "language"),
    (PREFER, {"exclusions": [{}]}, "exclusions"),
    (PREFER, {"exclusions": [{"purpose": SECRET}]}, "exclusions.purpose"),
    (LABEL, {"name": " "}, "name"),
    (LABEL, {"name": SECRET * 10}, "name"),
    (LABEL, {"name": "a\tb"}, "name"),
    (UNLABEL, {"name": "\u0301"}, "name"),
]


@pytest.mark.parametrize(("document", "input", "field"), BAD)
async def test_what_cannot_be_is_refused_by_its_name_and_never_its_value(
    gateway, tenant, service, ada, document, input, field
):
    given = marketing(ada) if document == CONSENT else {"profileId": ada}
    before = await stored(gateway, tenant)

    answer = await service.ask(document, {"input": {**given, **input}})

    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "BAD_INPUT", "field": field}
    assert SECRET not in str(answer)
    assert await stored(gateway, tenant) == before


async def test_a_bad_purpose_in_a_question_is_refused(agent, ada):
    assert await agent.codes(MAY, {"id": ada, "purpose": "?"}) == ["BAD_INPUT"]
    assert await agent.codes(SAID, {"id": ada, "purposes": ["?"]}) == ["BAD_INPUT"]


async def test_nobody_who_is_not_there_is_given_anything(agent):
    absent = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    assert await agent.codes(CONSENT, {"input": marketing(absent)}) == ["NOT_FOUND"]
    assert await agent.codes(LABEL, {"input": {"profileId": absent, "name": "a"}}) == ["NOT_FOUND"]


async def test_a_proof_and_what_else_is_of_a_sealed_class_is_sealed(
    document_server, tmp_path, gateway, tenant, agent, ada
):
    sealing = {"classes": EVERYTHING}
    async with running_gateway(
        document_server.uri, tmp_path, database=tenant, sealing=sealing
    ) as sealed:
        for running, caller in ((gateway, agent), (sealed, None)):
            told = caller or sealed.as_role("supervisor", tenant=tenant)
            id_ = ada if caller else await a_profile(told)
            await told.data(CONSENT, {"input": marketing(id_, proof="call 4711")})
            preferred = {"profileId": id_, "language": "pt-BR", "channels": ["SMS"]}
            await told.data(PREFER, {"input": preferred})
            await told.data(LABEL, {"input": {"profileId": id_, "name": "VIP"}})
            (kept,) = (await stored(running, tenant))["profiles"]
            everything = running is sealed

            assert [type(proof) for proof in kept["proofs"].values()] == [bytes]
            names = ("consents", "preferences", "labels", "preferredLanguage")
            assert {type(kept[name]) is bytes for name in names} == {everything}
            assert ("vip" in str(kept).lower()) is not everything
            read = await told.data(
                "query ($id: ID!) { profile(id: $id) { consents { status }"
                " preferences { language channels } labels { name } } }",
                {"id": id_},
            )
            assert read["profile"] == {
                "consents": [{"status": "GRANTED"}],
                "preferences": {"language": "pt-BR", "channels": ["SMS"]},
                "labels": [{"name": "VIP"}],
            }
        supervisor = sealed.as_role("supervisor", tenant=tenant)
        answer = await supervisor.data(LABELLED, {"where": {"labels": {"contains": "vip"}}})
        assert answer["profiles"]["totalCount"] == 1
