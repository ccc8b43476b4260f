"""A retired field that is purged: nothing of it is left, and nothing else is touched."""

import asyncio

import pytest

from tests.flow.documents import ADD, UPDATE, WHO, phone
from tests.flow.merges import history, merge, unmerge
from tests.flow.stored import stored
from tests.support.gateway import a_profile, define, refusal_of

RETIRE = "mutation ($key: String!) { retireField(input: {key: $key}) { __typename } }"
PURGE = """
mutation ($input: PurgeFieldInput!) {
  purgeField(input: $input) {
    field { id isPurged purgedAt isReady definedBy progress { done total failed } }
    customerSchema { fields { key } }
  }
}
"""
SCHEMA = """
{ customerSchema {
  fields { id key isReady }
  retired { id key isReady isPurged purgedAt history { version isPurged definedBy definedAt } }
} }
"""
DEFINE = "mutation ($input: DefineFieldInput!) { defineField(input: $input) { field { id } } }"
FIND = "query ($where: ProfileFilter!) { profiles(where: $where) { edges { node { id } } } }"
FIELDS = (
    {"key": "code", "isUnique": True, "isSearchable": True, "dataClass": "PUBLIC"},
    {"key": "note", "dataClass": "SENSITIVE", "isSearchable": True},
    {"key": "mobile", "kind": "PHONE_NUMBER", "channels": ["SMS"], "dataClass": "CONTACT"},
    {"key": "size", "dataClass": "PUBLIC"},
    {"key": "kept", "isUnique": True, "isSearchable": True, "dataClass": "PUBLIC"},
)
GONE = ("code", "note", "mobile", "size")
VALUES = {"code": "A-4711", "note": "likes tea", "mobile": "+12025550177", "size": "42"}
SEEN = ("profiles", "identities", "history", "outbox")


@pytest.fixture
def admin(gateway, tenant):
    return gateway.as_role("admin", tenant=tenant)


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


def a_field(key, **more):
    return {"key": key, "label": key, "kind": "STRING", "dataClass": "PUBLIC", **more}


async def ids_of(admin, part="fields"):
    """The ids of fields by key."""
    schema = (await admin.data(SCHEMA))["customerSchema"]
    return {field["key"]: field["id"] for field in schema[part]}


async def until_ready(admin):
    """The retired fields, once no field is being worked on."""
    for _ in range(600):
        schema = (await admin.data(SCHEMA))["customerSchema"]
        if all(one["isReady"] for one in (*schema["fields"], *schema["retired"])):
            return schema["retired"]
        await asyncio.sleep(0.05)
    return pytest.fail("the fields are not ready")


async def purge(admin, *keys):
    """Retire fields and purge them; the retired fields then."""
    for key in keys:
        await admin.data(RETIRE, {"key": key})
    await until_ready(admin)
    ids = await ids_of(admin, "retired")
    for key in keys:
        await admin.data(PURGE, {"input": {"id": ids[key], "key": key}})
    return await until_ready(admin)


async def traces(gateway, tenant, *words):
    """Where the store still has one of these words."""
    kept = await stored(gateway, tenant)
    return [(name, word) for name in SEEN for word in words if word in str(kept.get(name))]


async def value_of(service, id_, key):
    document = f"query ($id: ID!) {{ profile(id: $id) {{ custom {{ {key} }} }} }}"
    return (await service.data(document, {"id": id_}))["profile"]["custom"][key]


async def found(service, **custom):
    where = {"custom": {key: {"equals": value} for key, value in custom.items()}}
    page = (await service.data(FIND, {"where": where}))["profiles"]
    return [edge["node"]["id"] for edge in page["edges"]]


async def test_nothing_of_a_purged_field_is_left_and_nothing_else_is_touched(
    gateway, tenant, admin, service
):
    await define(admin, [{"kind": "STRING", **field} for field in FIELDS])
    ada = await a_profile(service, custom={"kept": "K-1", **VALUES})
    await a_profile(service, name={"given": "Bob"}, custom={"kept": "K-2"})
    later = {"code": "A-4712", "kept": "K-3"}
    await service.data(UPDATE, {"input": {"id": ada, "custom": later}})
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"size": "43"}}})
    number = {"id": (await ids_of(admin))["size"]}
    await admin.data(DEFINE, {"input": a_field("size", kind="NUMBER", **number)})
    await until_ready(admin)
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"size": 44}}})
    ids = await ids_of(admin)
    before = await traces(gateway, tenant, *(ids[key] for key in GONE), "A-4711")
    blocks = (await stored(gateway, tenant))["profiles"][0]["blocks"]

    retired = await purge(admin, *GONE)

    assert {name for name, _ in before} == {"profiles", "identities", "history"}
    words = [ids[key] for key in GONE] + ["4711", "4712", "tea"]
    assert await traces(gateway, tenant, *words) == []
    assert [one["key"] for one in retired if one["purgedAt"]] == list(GONE)
    kept = await stored(gateway, tenant)
    grams, claims = kept["profiles"][0]["grams"], kept["identities"]
    fresh = await a_profile(service, custom={"kept": "K-4"})
    profiles = {one["id"]: one for one in (await stored(gateway, tenant))["profiles"]}
    # What names and the other field are found by is all that either has.
    assert len(grams) == len(profiles[fresh]["grams"])
    assert len(profiles[ada]["blocks"]) == len(profiles[fresh]["blocks"]) < len(blocks)
    assert len(claims) == 2
    assert await value_of(service, ada, "kept") == "K-3"
    assert await found(service, kept="k-3") == [ada]
    changes = [entry["changes"] for entry in await history(service, ada)]
    told = [
        [one["attribute"] for one in entry if "custom" in one["attribute"]] for entry in changes
    ]
    assert told == [["custom.kept"]]


async def test_a_key_and_values_of_a_purged_field_are_free_again(gateway, tenant, admin, service):
    await define(admin, [{"kind": "STRING", **field} for field in FIELDS])
    ada = await a_profile(service, custom={"kept": "K-1", **VALUES})
    bob = await a_profile(service)
    old = await ids_of(admin)
    await purge(admin, "code", "mobile")

    await define(admin, [{"kind": "STRING", **FIELDS[0]}, FIELDS[2]])
    empty = [await value_of(service, ada, key) for key in ("code", "mobile")]
    taken = {"id": bob, "custom": {"code": "a-4711"}}
    await service.data(UPDATE, {"input": taken})
    await service.data(ADD, {"input": {"profileId": bob, **phone(VALUES["mobile"])}})

    new = await ids_of(admin)
    assert new["code"] != old["code"]
    assert empty == [None, None]
    assert await found(service, code="A-4711") == [bob]
    who = await service.data(WHO, {"value": VALUES["mobile"]})
    assert who["identify"]["profile"] == {"id": bob}
    assert await traces(gateway, tenant, old["code"], old["mobile"]) == []


async def test_who_purged_a_field_and_when_stays_told(gateway, tenant, admin):
    other = gateway.as_role("admin", tenant=tenant, subject="grace")
    await define(admin, [a_field("code")])
    await admin.data(RETIRE, {"key": "code"})
    ((retired),) = await until_ready(admin)

    answer = await other.data(PURGE, {"input": {"id": retired["id"], "key": "code"}})
    (field,) = await until_ready(admin)

    begun = answer["purgeField"]["field"]
    assert (begun["isPurged"], begun["isReady"], begun["purgedAt"]) == (True, False, None)
    assert begun["progress"]["done"] == begun["progress"]["failed"] == 0
    assert [(one["version"], one["isPurged"], one["definedBy"]) for one in field["history"]] == [
        (3, True, "grace"),
        (2, False, "tester"),
        (1, False, "tester"),
    ]
    assert field["purgedAt"] > field["history"][0]["definedAt"]


async def test_only_an_admin_purges_only_what_is_retired_and_only_once(gateway, tenant, admin):
    await define(admin, [a_field("code"), a_field("used")])
    ids = await ids_of(admin)
    code = {"input": {"id": ids["code"], "key": "code"}}
    (in_use,) = (await admin.ask(PURGE, code))["errors"]
    await admin.data(RETIRE, {"key": "code"})
    at_once = await admin.codes(PURGE, code)
    await until_ready(admin)
    roles = ("agent", "supervisor", "privacy_officer", "service", "partner")
    refused = [await gateway.as_role(role, tenant=tenant).codes(PURGE, code) for role in roles]
    misnamed = await admin.codes(PURGE, {"input": {"id": ids["code"], "key": "used"}})
    unknown = await admin.codes(PURGE, {"input": {"id": "0" * 26, "key": "code"}})
    elsewhere = gateway.as_role("admin", tenant=f"{tenant}-other")
    foreign = await elsewhere.codes(PURGE, code)
    await admin.data(PURGE, code)
    await until_ready(admin)

    assert in_use["extensions"]["code"] == "BAD_INPUT"
    assert "retireField" in in_use["message"]
    assert at_once == ["CONFLICT"]
    assert [set(codes) for codes in refused] == [{refusal_of(role)} for role in roles]
    assert (misnamed, unknown, foreign) == (["BAD_INPUT"], ["NOT_FOUND"], ["NOT_FOUND"])
    assert await admin.codes(PURGE, code) == ["CONFLICT"]
    again = {"input": a_field("again", id=ids["code"])}
    assert await admin.codes(DEFINE, again) == ["CONFLICT"]


async def test_of_two_fields_that_had_one_key_the_one_that_is_named_is_purged(admin, service):
    await define(admin, [a_field("code"), a_field("other")])
    ada = await a_profile(service, custom={"code": "first", "other": "second"})
    ids = await ids_of(admin)
    await admin.data(RETIRE, {"key": "code"})
    await until_ready(admin)
    await admin.data(DEFINE, {"input": a_field("code", id=ids["other"])})

    await admin.data(PURGE, {"input": {"id": ids["code"], "key": "code"}})
    await until_ready(admin)

    assert await value_of(service, ada, "code") == "second"
    assert await admin.codes(PURGE, {"input": {"id": ids["other"], "key": "code"}}) == ["BAD_INPUT"]


async def test_profiles_that_were_merged_are_purged_and_can_be_taken_apart(
    gateway, tenant, admin, service
):
    await define(admin, [{"kind": "STRING", **field} for field in FIELDS])
    ada = await a_profile(service, custom={"kept": "K-1", "code": "A-1", "mobile": "+12025550101"})
    more = {"code": "B-1", "mobile": "+12025550102"}
    bob = await a_profile(service, name={"given": "Bob"}, custom=more)
    await merge(service, ada, bob)
    eve = await a_profile(service, name={"given": "Eve"}, custom={"code": "E-1", "kept": "K-9"})
    await merge(service, ada, eve)
    ids = await ids_of(admin)

    await purge(admin, "code", "mobile")
    words = (ids["code"], ids["mobile"], "B-1", "E-1")
    merged = await traces(gateway, tenant, *words)
    claims = (await stored(gateway, tenant))["identities"]
    await unmerge(service, bob)
    await unmerge(service, eve)

    assert merged == []
    assert len(claims) == 2
    assert await traces(gateway, tenant, *words) == []
    assert [await value_of(service, one, "kept") for one in (ada, bob, eve)] == ["K-1", None, "K-9"]
    await define(admin, [{"kind": "STRING", **FIELDS[0]}])
    for one, code in ((eve, "A-1"), (ada, "B-1"), (bob, "E-1")):
        await service.data(UPDATE, {"input": {"id": one, "custom": {"code": code}}})
    assert await found(service, code="b-1") == [ada]


async def test_people_who_write_and_merge_meanwhile_notice_nothing_and_bring_nothing_back(
    gateway, tenant, admin, service
):
    await define(admin, [a_field("code", isUnique=True), a_field("kept")])
    ids = await ids_of(admin)
    people = [await a_profile(service, custom={"code": f"C-{n}", "kept": "0"}) for n in range(12)]
    await admin.data(RETIRE, {"key": "code"})
    await until_ready(admin)
    purged, answers, rounds = asyncio.Event(), [], 0

    async def write():
        nonlocal rounds
        while not purged.is_set():
            rounds += 1
            for one in people[2:]:
                change = {"id": one, "custom": {"kept": str(rounds)}}
                answers.append(await service.ask(UPDATE, {"input": change}))

    async def regroup():
        while not purged.is_set():
            await merge(service, *people[:2])
            await unmerge(service, people[1])

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(regroup())
        await admin.data(PURGE, {"input": {"id": ids["code"], "key": "code"}})
        await until_ready(admin)
        purged.set()

    assert [answer for answer in answers if "errors" in answer] == []
    assert await traces(gateway, tenant, ids["code"], "C-") == []
    kept = [await value_of(service, one, "kept") for one in people]
    assert kept == ["0", "0", *[str(rounds)] * 10]
    # Every change is told of, those that were made meanwhile too.
    assert len(await history(service, people[2], first=100)) == min(rounds, 100)
