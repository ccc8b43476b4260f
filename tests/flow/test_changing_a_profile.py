"""Creating and changing profiles: what is sent changes, all of it or nothing."""

import asyncio
from collections import Counter

import pytest

from tests.flow.documents import CREATE, UPDATE
from tests.flow.stored import stored
from tests.support.gateway import a_profile, crm, define, running_gateway

READ = """
query ($id: ID!) {
  profile(id: $id) {
    version state name { given family full } birthDate gender language
    links { source object recordId } custom { nickname vip }
  }
}
"""
FIELDS = [
    {"key": "nickname", "kind": "STRING", "dataClass": "IDENTITY"},
    {"key": "vip", "kind": "BOOLEAN", "dataClass": "BEHAVIOURAL"},
    {"key": "debt", "kind": "NUMBER", "dataClass": "FINANCIAL"},
]
LINK = {"source": "crm", "object": "contacts", "recordId": "17"}
ADA = {
    "name": {"given": "Ada", "family": "Lovelace"},
    "birthDate": "1985-12-10",
    "gender": "female",
    "language": "en-GB",
    "links": [LINK],
    "custom": {"nickname": "Countess", "vip": True},
}
SHOWN = {
    "version": 1,
    "state": "IDENTIFIED",
    **ADA,
    "name": {"given": "Ada", "family": "Lovelace", "full": "Ada Lovelace"},
}


@pytest.fixture
async def service(gateway, tenant):
    """Somebody who may write everything, in a tenant with custom fields."""
    await define(gateway.as_role("admin", tenant=tenant), FIELDS)
    return gateway.as_role("service", tenant=tenant)


async def read(caller, profile_id):
    return (await caller.data(READ, {"id": profile_id}))["profile"]


async def test_a_new_profile_holds_what_was_sent(service):
    ada = await a_profile(service, **ADA)

    assert await read(service, ada) == SHOWN


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, {}),
        ({"gender": "non-binary"}, {"gender": "non-binary"}),
        ({"gender": None}, {"gender": None}),
        ({"gender": "  "}, {"gender": None}),
        ({"birthDate": "1985-12-11"}, {"birthDate": "1985-12-11"}),
        ({"birthDate": None}, {"birthDate": None}),
        ({"language": None}, {"language": None}),
        (
            {"name": {"given": "Augusta"}},
            {"name": {"given": "Augusta", "family": "Lovelace", "full": "Augusta Lovelace"}},
        ),
        (
            {"name": {"given": None}},
            {"name": {"given": None, "family": "Lovelace", "full": "Lovelace"}},
        ),
        ({"name": {"given": None, "family": None}}, {"name": None}),
        ({"name": None}, {"name": None}),
        ({"name": {}}, {}),
        ({"links": []}, {"links": []}),
        ({"links": None}, {"links": []}),
        ({"links": [{**LINK, "recordId": "18"}]}, {"links": [{**LINK, "recordId": "18"}]}),
        ({"custom": {"vip": False}}, {"custom": {"nickname": "Countess", "vip": False}}),
        ({"custom": {"vip": None}}, {"custom": {"nickname": "Countess", "vip": None}}),
        ({"custom": {}}, {}),
        ({"custom": None}, {}),
    ],
    ids=str,
)
async def test_only_what_is_sent_changes(service, change, shown):
    ada = await a_profile(service, **ADA)

    await service.data(UPDATE, {"input": {"id": ada, **change}})

    assert await read(service, ada) == {**SHOWN, "version": 2, **shown}


async def test_the_answer_to_a_change_shows_it(service):
    ada = await a_profile(service, **ADA)
    document = UPDATE.replace("{ id version }", "{ version gender custom { vip } }")

    answer = await service.data(document, {"input": {"id": ada, "gender": "x"}})

    assert answer == {
        "updateProfile": {"profile": {"version": 2, "gender": "x", "custom": {"vip": True}}}
    }


@pytest.mark.parametrize("version", [-1, 0, 1, 3])
async def test_a_change_for_another_version_is_refused_and_changes_nothing(
    gateway, tenant, service, version
):
    ada = await a_profile(service, **ADA)
    await service.data(UPDATE, {"input": {"id": ada, "gender": "x", "ifVersion": 1}})
    before = await stored(gateway, tenant)

    codes = await service.codes(UPDATE, {"input": {"id": ada, "gender": "y", "ifVersion": version}})

    assert codes == ["VERSION_MISMATCH"]
    assert await stored(gateway, tenant) == before


async def test_of_concurrent_changes_for_one_version_exactly_one_wins(service):
    ada = await a_profile(service, **ADA)

    answers = await asyncio.gather(
        *(
            service.ask(UPDATE, {"input": {"id": ada, "gender": str(n), "ifVersion": 1}})
            for n in range(12)
        )
    )

    won = [n for n, answer in enumerate(answers) if "errors" not in answer]
    codes = [error["extensions"]["code"] for one in answers for error in one.get("errors", ())]
    assert codes == ["VERSION_MISMATCH"] * 11
    assert await read(service, ada) == {**SHOWN, "version": 2, "gender": str(won[0])}


async def test_concurrent_changes_of_different_fields_lose_nothing(service):
    ada = await a_profile(service)
    changes = [
        {"name": {"given": "Augusta"}},
        {"birthDate": "1985-12-10"},
        {"gender": "x"},
        {"language": "pt-BR"},
        {"links": [LINK]},
        {"custom": {"nickname": "Countess"}},
        {"custom": {"vip": True}},
    ]

    await asyncio.gather(
        *(service.data(UPDATE, {"input": {"id": ada, **change}}) for change in changes)
    )

    assert await read(service, ada) == {
        **SHOWN,
        "version": 8,
        "name": {"given": "Augusta", "family": "Lovelace", "full": "Augusta Lovelace"},
        "gender": "x",
        "language": "pt-BR",
    }


async def test_a_profile_that_is_absent_or_another_tenants_is_not_found(gateway, tenant, service):
    ada = await a_profile(service, **ADA)
    stranger = gateway.as_role("service", tenant=f"{tenant}-x")
    before = await stored(gateway)

    refusals = [
        await stranger.ask(UPDATE, {"input": {"id": ada, "gender": "x"}}),
        await stranger.ask(UPDATE, {"input": {"id": f"../{tenant}/{ada}", "gender": "x"}}),
        await stranger.ask(UPDATE, {"input": {"id": "0" * 26, "gender": "x"}}),
    ]

    codes = [error["extensions"]["code"] for one in refusals for error in one["errors"]]
    assert codes == ["NOT_FOUND"] * 3
    assert len({error["message"] for one in refusals for error in one["errors"]}) == 1
    assert await stored(gateway) == before


@pytest.mark.parametrize(
    ("roles", "verb", "input", "code"),
    [
        (["agent"], "create", {"gender": "x", "links": [LINK]}, "FIELD_FORBIDDEN"),
        (["agent"], "create", {"gender": "x", "custom": {"debt": 1}}, "FIELD_FORBIDDEN"),
        (["agent"], "create", {"gender": "x", "custom": {"vip": True}}, "FIELD_FORBIDDEN"),
        (["agent"], "update", {"gender": "x", "links": []}, "FIELD_FORBIDDEN"),
        (["agent"], "update", {"gender": "x", "links": None}, "FIELD_FORBIDDEN"),
        (["agent"], "update", {"gender": "x", "custom": {"debt": None}}, "FIELD_FORBIDDEN"),
        (["privacy_officer"], "update", {"gender": "x", "links": []}, "FIELD_FORBIDDEN"),
        (["privacy_officer"], "create", {"gender": "x"}, "FORBIDDEN"),
        (["reviewer"], "update", {"gender": "x"}, "FORBIDDEN"),
        (["evaluator"], "update", {"gender": "x"}, "FORBIDDEN"),
        (["assistant"], "create", {"gender": "x"}, "BAD_INPUT"),
        (["partner"], "create", {"gender": "x"}, "BAD_INPUT"),
        (["admin"], "update", {"gender": "x"}, "FORBIDDEN"),
        ([], "update", {"gender": "x"}, "FORBIDDEN"),
        (["king"], "update", {"gender": "x"}, "FORBIDDEN"),
    ],
    ids=str,
)
async def test_one_input_that_its_asker_may_not_write_refuses_all_of_it(
    gateway, tenant, service, roles, verb, input, code
):
    ada = await a_profile(service, **ADA)
    before = await stored(gateway, tenant)
    caller = gateway.as_role(*roles, tenant=tenant)
    document, own = (CREATE, {}) if verb == "create" else (UPDATE, {"id": ada})

    assert set(await caller.codes(document, {"input": {**own, **input}})) == {code}
    assert await stored(gateway, tenant) == before


async def test_a_role_that_needs_a_second_factor_writes_nothing_without_it(
    gateway, tenant, service
):
    ada = await a_profile(service, **ADA)
    before = await stored(gateway, tenant)
    supervisor = gateway.as_role("supervisor", tenant=tenant, second_factor=False)

    codes = await supervisor.codes(UPDATE, {"input": {"id": ada, "gender": "x"}})

    assert codes == ["STEP_UP_REQUIRED"]
    assert await stored(gateway, tenant) == before


@pytest.mark.usefixtures("service")
async def test_a_denied_root_field_stops_the_allowed_one_before_it(gateway, tenant):
    before = await stored(gateway, tenant)
    agent = gateway.as_role("agent", tenant=tenant)
    document = """
    mutation ($vip: CustomValues) {
      one: createProfile(input: {gender: "x"}) { profile { id } }
      two: createProfile(input: {gender: "y", custom: $vip}) { profile { id } }
    }
    """

    assert await agent.codes(document, {"vip": {"vip": True}}) == ["FIELD_FORBIDDEN"]
    assert await stored(gateway, tenant) == before


@pytest.mark.parametrize(
    "custom",
    [
        {"nobody": 1},
        {"nickname": "Countess", "nobody": 1},
        {"vip": "yes"},
        {"nickname": "Countess", "vip": 1},
        {"$set": {"state": "ERASED"}},
        {"nickname": {"$gt": ""}},
        {"nickname.x": "Countess"},
        {"": "Countess"},
    ],
    ids=str,
)
async def test_a_custom_value_that_does_not_fit_is_refused_and_nothing_is_written(
    gateway, tenant, service, custom
):
    ada = await a_profile(service, **ADA)
    before = await stored(gateway, tenant)

    created = await service.codes(CREATE, {"input": {"custom": custom}})
    updated = await service.codes(UPDATE, {"input": {"id": ada, "gender": "x", "custom": custom}})

    assert created == updated == ["BAD_INPUT"]
    assert await stored(gateway, tenant) == before


async def test_a_value_that_a_crm_owns_cannot_be_written(document_server, tmp_path, tenant):
    source = {"kind": "LIVE", "connector": "crm", "object": "contacts", "attribute": "tier"}
    tier = {"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL", "source": source}
    sources = {"crm": crm("http://127.0.0.1:9", tenant, secret="none")}
    async with running_gateway(
        document_server.uri, tmp_path, sources=sources, database=tenant
    ) as gateway:
        await define(gateway.as_role("admin", tenant=tenant), [tier])
        service = gateway.as_role("service", tenant=tenant)
        ada = await a_profile(service)
        before = await stored(gateway)

        answers = [
            await service.ask(UPDATE, {"input": {"id": ada, "custom": {"tier": value}}})
            for value in ("gold", None)
        ]
        after = await stored(gateway)

    assert after == before
    assert Counter(
        (error["message"], error["extensions"]["code"])
        for answer in answers
        for error in answer["errors"]
    ) == {("custom.tier: the value is owned by crm", "BAD_INPUT"): 2}
