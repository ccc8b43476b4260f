"""Defining fields: what is refused, what races, and who sees the new schema."""

import asyncio
import statistics
import time
from collections import Counter

import pytest

from tests.flow.documents import DEFINE
from tests.flow.stored import stored
from tests.support.gateway import a_profile, define, running_gateway

KEYS = "{ customerSchema { revision fields { key label version } } }"
INTROSPECTION = """
{ __type(name: "CustomFields") { fields { name description type { kind name } } } }
"""


def a_field(key="tier", kind="STRING", **more):
    return {"key": key, "label": key, "kind": kind, "dataClass": "BEHAVIOURAL", **more}


@pytest.fixture
def admin(gateway, tenant):
    return gateway.as_role("admin", tenant=tenant)


@pytest.mark.parametrize(
    "field",
    [
        a_field(""),
        a_field("Tier"),
        a_field("1tier"),
        a_field("_tier"),
        a_field("__typename"),
        a_field("tier\n"),
        a_field("tier level"),
        a_field("tier.level"),
        a_field("$where"),
        a_field("ä"),
        a_field("x" * 65),
        a_field(label=""),
        a_field(label="  "),
        a_field(label="x" * 51),
        a_field(description="x" * 501),
        a_field(kind="COLOUR"),
        a_field(kind="text"),
        a_field(dataClass="SECRET"),
        a_field(choices=["gold"]),
        a_field(kind="CHOICE"),
        a_field(kind="CHOICE", choices=[]),
        a_field(kind="CHOICE", choices=["gold", "gold"]),
        a_field(kind="CHOICE", choices=["gold", ""]),
        a_field(kind="CHOICE", choices=[str(number) for number in range(501)]),
        a_field(source={"kind": "SYNCED", "connector": "a", "object": "b", "attribute": "c"}),
        a_field(source={"kind": "LIVE", "connector": "crm", "object": "b", "attribute": "c"}),
        a_field(source={"kind": "LIVE"}),
        a_field(source={"kind": "LOCAL", "connector": "crm"}),
    ],
    ids=lambda field: str({k: v for k, v in field.items() if v != "tier"})[:60],
)
async def test_a_definition_that_cannot_work_is_refused(gateway, tenant, admin, field):
    codes = await admin.codes(DEFINE, {"input": field})

    assert codes == ["BAD_INPUT"]
    assert await stored(gateway, tenant) == {}
    assert await admin.codes("{ viewer { tenant } }") == []


@pytest.mark.parametrize(
    ("role", "second_factor", "code"),
    [
        ("agent", True, "FORBIDDEN"),
        ("service", True, "FORBIDDEN"),
        ("privacy_officer", True, "FORBIDDEN"),
        ("admin", False, "STEP_UP_REQUIRED"),
    ],
)
async def test_only_an_admin_with_a_second_factor_defines_fields(
    gateway, tenant, role, second_factor, code
):
    caller = gateway.as_role(role, tenant=tenant, second_factor=second_factor)

    assert await caller.codes(DEFINE, {"input": a_field()}) == [code]
    assert await stored(gateway, tenant) == {}


async def test_names_that_python_uses_itself_work_too(gateway, tenant, admin):
    keys = ["class", "from", "self", "root", "info", "id", "custom", "none", "a", "x" * 64]
    await define(admin, [a_field(key, label="x") for key in keys])
    service = gateway.as_role("service", tenant=tenant)

    ada = await a_profile(service, custom={key: key for key in keys})
    answer = await service.data(
        f"query ($id: ID!) {{ profile(id: $id) {{ custom {{ _keys {' '.join(keys)} }} }} }}",
        {"id": ada},
    )

    assert answer["profile"]["custom"] == {"_keys": keys, **{key: key for key in keys}}


async def test_admins_who_define_at_once_lose_nothing(gateway, tenant):
    admins = [gateway.as_role("admin", tenant=tenant, subject=f"admin-{n}") for n in range(2)]

    answers = await asyncio.gather(
        *(
            admin.ask(DEFINE, {"input": a_field(f"field{who}x{number}")})
            for number in range(5)
            for who, admin in enumerate(admins)
        )
    )

    schema = (await admins[0].data(KEYS))["customerSchema"]
    revisions = sorted(
        answer["data"]["defineField"]["customerSchema"]["revision"] for answer in answers
    )
    assert revisions == list(range(1, 11))
    assert schema["revision"] == 10
    assert sorted(field["key"] for field in schema["fields"]) == sorted(
        f"field{who}x{number}" for number in range(5) for who in range(2)
    )


async def test_admins_who_define_one_field_at_once_make_a_version_each(gateway, tenant, admin):
    fields = [a_field(label=f"label {number}") for number in range(6)]

    await asyncio.gather(*(define(admin, [field]) for field in fields))

    schema = (await admin.data(KEYS))["customerSchema"]
    kept = Counter(item["id"] for item in (await stored(gateway, tenant))["definitions"])
    assert [field["version"] for field in schema["fields"]] == [6]
    assert list(kept.values()) == [6]


async def test_another_tenant_does_not_know_the_field(gateway, tenant, admin):
    await define(admin, [a_field()])
    stranger = gateway.as_role("service", tenant=f"{tenant}-x")

    typed = await stranger.ask("{ profiles { edges { node { custom { tier } } } } }")
    keyed = await stranger.codes(
        '{ profiles { edges { node { fields(keys: ["tier"]) { value } } } } }'
    )
    introspected = await stranger.data(INTROSPECTION)

    assert [error["message"] for error in typed["errors"]] == [
        "Cannot query field 'tier' on type 'CustomFields'."
    ]
    assert [error["extensions"]["code"] for error in typed["errors"]] == ["BAD_INPUT"]
    assert keyed == ["BAD_INPUT"]
    assert [field["name"] for field in introspected["__type"]["fields"]] == ["_keys"]


async def test_introspection_shows_the_field_with_its_type(admin):
    kinds = {"text": "STRING", "number": "NUMBER", "flag": "BOOLEAN", "day": "DATE"}
    await define(
        admin, [a_field(key, kind, description=f"A {key}.") for key, kind in kinds.items()]
    )
    await define(admin, [a_field("choice", "CHOICE", choices=["gold"])])

    shown = (await admin.data(INTROSPECTION))["__type"]["fields"]

    assert [(field["name"], field["type"]["name"]) for field in shown[1:]] == [
        ("text", "String"),
        ("number", "Float"),
        ("flag", "Boolean"),
        ("day", "Date"),
        ("choice", "String"),
    ]
    assert shown[1]["description"] == "A text."
    assert shown[5]["description"] == "choice"


async def test_a_second_gateway_on_the_same_store_knows_the_field_within_a_second(
    document_server, tmp_path, tenant
):
    async with (
        running_gateway(document_server.uri, tmp_path, database=tenant) as here,
        running_gateway(document_server.uri, tmp_path, database=tenant) as there,
    ):
        admin, service = (
            gateway.as_role(role, tenant=tenant)
            for gateway, role in ((here, "admin"), (there, "service"))
        )
        waits_s = []
        for number in range(5):
            await there.as_role("agent", tenant=tenant).data("{ viewer { tenant } }")
            await define(admin, [a_field(f"field{number}")])
            waits_s.append(await _until_known(service, f"field{number}"))

    # The slowest of five says how busy the machine was.
    assert statistics.median(waits_s) < 1.0


async def _until_known(caller, key: str) -> float:
    """Seconds until a caller may ask for the field."""
    began = time.monotonic()
    document = f"{{ profiles {{ edges {{ node {{ custom {{ {key} }} }} }} }} }}"
    while codes := await caller.codes(document):
        assert codes == ["BAD_INPUT"]
        assert time.monotonic() - began < 10
        await asyncio.sleep(0.01)
    return time.monotonic() - began
