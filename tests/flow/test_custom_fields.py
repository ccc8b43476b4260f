"""Fields that admins define while everything runs: typed, protected, and there at once."""

import asyncio

import pytest

from tests.flow.documents import CREATE, DEFINE, UPDATE
from tests.flow.stored import stored
from tests.support.gateway import a_profile, define

SCHEMA = """
{ customerSchema { revision fields { key label kind dataClass choices version } } }
"""
FIELDS = """
query ($id: ID!, $keys: [String!]) {
  profile(id: $id) {
    fields(keys: $keys) { key type source value masked stale age error { code message } }
  }
}
"""
STORY = {"source": "profile", "masked": False, "stale": False, "age": 0, "error": None}


def a_field(key="tier", kind="STRING", data_class="BEHAVIOURAL", **more):
    return {"key": key, "label": key, "kind": kind, "dataClass": data_class, **more}


@pytest.fixture
def admin(gateway, tenant):
    return gateway.as_role("admin", tenant=tenant)


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def typed(caller, profile_id, key):
    """The value under `custom.KEY`."""
    document = f"query ($id: ID!) {{ profile(id: $id) {{ custom {{ {key} }} }} }}"
    return (await caller.data(document, {"id": profile_id}))["profile"]["custom"][key]


async def test_a_field_can_be_asked_for_by_somebody_else_as_soon_as_it_is_defined(admin, service):
    ada = await a_profile(service)

    for number in range(12):
        defined = await admin.data(DEFINE, {"input": a_field(f"field{number}")})
        value = await typed(service, ada, f"field{number}")

        assert defined["defineField"]["customerSchema"] == {"revision": number + 1}
        assert value is None


async def test_a_new_field_is_there_at_once_however_busy_its_tenant_is(admin, service):
    ada = await a_profile(service)
    is_over = asyncio.Event()
    readers = [asyncio.create_task(read_until(is_over, service)) for _ in range(6)]

    try:
        for number in range(15):
            await admin.data(DEFINE, {"input": a_field(f"field{number}")})
            assert await typed(service, ada, f"field{number}") is None
    finally:
        is_over.set()
        counts = await asyncio.gather(*readers)

    assert min(counts) > 0


async def read_until(is_over, caller):
    """How many reads were answered, all without an error."""
    count = 0
    while not is_over.is_set():
        await caller.data("{ profiles(first: 1) { edges { node { id } } } }")
        count += 1
    return count


@pytest.mark.parametrize(
    ("kind", "more", "sent", "shown"),
    [
        ("STRING", {}, "Prefers\tmornings\n", "Prefers\tmornings\n"),
        ("STRING", {}, "", ""),
        ("STRING", {}, "ü" * 4000, "ü" * 4000),
        ("STRING", {}, "🙂 \U0010ffff", "🙂 \U0010ffff"),
        ("NUMBER", {}, 42, 42.0),
        ("NUMBER", {}, -0.5, -0.5),
        ("NUMBER", {}, 2**53, float(2**53)),
        ("BOOLEAN", {}, True, True),
        ("BOOLEAN", {}, False, False),
        ("DATE", {}, "2021-03-04", "2021-03-04"),
        ("DATE", {}, "0001-01-01", "0001-01-01"),
        ("CHOICE", {"choices": ["gold", "silver"]}, "silver", "silver"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_value_of_each_kind_reads_as_it_was_written(
    admin, service, kind, more, sent, shown
):
    await define(admin, [a_field(kind=kind, **more)])

    created = await a_profile(service, custom={"tier": sent})
    updated = await a_profile(service)
    await service.data(UPDATE, {"input": {"id": updated, "custom": {"tier": sent}}})

    for one in (created, updated):
        assert await typed(service, one, "tier") == shown
        told = (await service.data(FIELDS, {"id": one}))["profile"]["fields"]
        assert told == [{**STORY, "key": "tier", "type": kind, "value": shown}]


@pytest.mark.parametrize(
    ("kind", "more", "sent"),
    [
        ("STRING", {}, 5),
        ("STRING", {}, "x" * 4001),
        ("STRING", {}, "a\0b"),
        ("STRING", {}, ["a"]),
        ("NUMBER", {}, "5"),
        ("NUMBER", {}, True),
        ("NUMBER", {}, 2**53 + 1),
        ("NUMBER", {}, 1e300),
        ("BOOLEAN", {}, 1),
        ("BOOLEAN", {}, "true"),
        ("DATE", {}, "2021-02-30"),
        ("DATE", {}, 20210304),
        ("DATE", {}, "2021-03-04T00:00:00Z"),
        ("CHOICE", {"choices": ["gold"]}, "silver"),
        ("CHOICE", {"choices": ["gold"]}, "GOLD"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_value_of_another_kind_is_refused_and_not_repeated(
    gateway, tenant, admin, service, kind, more, sent
):
    await define(admin, [a_field(kind=kind, **more)])
    before = await stored(gateway, tenant)

    answer = await service.ask(CREATE, {"input": {"custom": {"tier": sent}}})

    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "BAD_INPUT", "field": "custom.tier"}
    assert len(error["message"]) < 100
    assert await stored(gateway, tenant) == before


async def test_values_show_as_far_as_their_class_allows(gateway, tenant, admin, service):
    await define(
        admin,
        [
            a_field("tier", "CHOICE", "BEHAVIOURAL", choices=["gold"]),
            a_field("mail", "STRING", "CONTACT"),
            a_field("since", "DATE", "CONTACT"),
            a_field("debt", "NUMBER", "FINANCIAL"),
            a_field("illness", "STRING", "SENSITIVE"),
        ],
    )
    values = {"tier": "gold", "mail": "ada@example.org", "since": "2021-03-04", "debt": 12}
    ada = await a_profile(service, custom=values)
    agent = gateway.as_role("agent", tenant=tenant)

    answer = await agent.ask(
        "query ($id: ID!) { profile(id: $id) { custom { tier mail since debt illness } } }",
        {"id": ada},
    )
    told = (await agent.data(FIELDS, {"id": ada}))["profile"]["fields"]

    shown = {"tier": "gold", "mail": "a•••@•••.org", "since": "2021-01-01", "debt": None}
    assert answer["data"]["profile"]["custom"] == {**shown, "illness": None}
    assert answer["extensions"]["masked"] == [
        f"profile.custom.{key}" for key in ("debt", "mail", "since")
    ]
    assert [(error["path"], error["extensions"]) for error in answer["errors"]] == [
        (
            ["profile", "custom", "illness"],
            {
                "code": "FIELD_FORBIDDEN",
                "field": "CustomFields.illness",
                "at": "profile.custom.illness",
            },
        )
    ]
    assert {item["key"]: item["value"] for item in told} == {**shown, "illness": None}
    assert {item["key"] for item in told if item["masked"]} == {"mail", "since", "debt"}
    assert [item["error"] and item["error"]["code"] for item in told] == [
        *[None] * 4,
        "FIELD_FORBIDDEN",
    ]


async def test_keys_choose_fields_and_their_order(admin, service):
    await define(admin, [a_field(key) for key in ("one", "two", "three")])
    ada = await a_profile(service, custom={"one": "1", "three": "3"})

    some = await service.data(FIELDS, {"id": ada, "keys": ["three", "one"]})
    none = await service.data(FIELDS, {"id": ada, "keys": []})
    unknown = await service.codes(FIELDS, {"id": ada, "keys": ["one", "four"]})

    assert [item["value"] for item in some["profile"]["fields"]] == ["3", "1"]
    assert none == {"profile": {"fields": []}}
    assert unknown == ["BAD_INPUT"]


async def test_a_new_version_keeps_the_values(admin, service):
    await define(admin, [a_field(kind="CHOICE", choices=["gold"])])
    ada = await a_profile(service, custom={"tier": "gold"})

    changed = a_field(kind="CHOICE", choices=["silver", "gold"], data_class="FINANCIAL")
    answer = await admin.data(DEFINE, {"input": {**changed, "label": "Tier"}})
    await service.data(UPDATE, {"input": {"id": ada, "gender": "x"}})
    schema = (await admin.data(SCHEMA))["customerSchema"]

    assert answer["defineField"] == {
        "field": {"key": "tier", "kind": "CHOICE", "dataClass": "FINANCIAL", "version": 2},
        "customerSchema": {"revision": 2},
    }
    assert schema == {
        "revision": 2,
        "fields": [
            {
                "key": "tier",
                "label": "Tier",
                "kind": "CHOICE",
                "dataClass": "FINANCIAL",
                "choices": ["silver", "gold"],
                "version": 2,
            }
        ],
    }


async def test_a_new_class_protects_the_values_that_are_there(gateway, tenant, admin, service):
    await define(admin, [a_field()])
    ada = await a_profile(service, custom={"tier": "gold"})
    agent = gateway.as_role("agent", tenant=tenant)
    before = await typed(agent, ada, "tier")

    await define(admin, [a_field(data_class="SENSITIVE")])
    after = await agent.ask(
        "query ($id: ID!) { profile(id: $id) { custom { tier } } }", {"id": ada}
    )

    assert before == "gold"
    assert after["data"] == {"profile": {"custom": {"tier": None}}}
    assert [error["extensions"]["code"] for error in after["errors"]] == ["FIELD_FORBIDDEN"]
