"""A field's life: defined, changed, converted, found by, retired; its values are never lost."""

import asyncio

import pytest

from tests.flow.documents import CREATE, RECOGNISE, UPDATE, WHO, phone
from tests.flow.stored import stored
from tests.support.gateway import a_profile, define, running_gateway

DEFINE = """
mutation ($input: DefineFieldInput!) {
  defineField(input: $input) { field { id key version isReady } }
}
"""
RETIRE = """
mutation ($input: RetireFieldInput!) {
  retireField(input: $input) { customerSchema { fields { key } retired { key isRetired } } }
}
"""
FIELDS = """
{ customerSchema { fields {
  id key label(language: "de-AT") isReady version definedBy progress { done total failed }
  history { version label definedBy }
} } }
"""
FIND = "query ($where: ProfileFilter!) { profiles(where: $where) { edges { node { id } } } }"


def a_field(key="code", kind="STRING", **more):
    return {"key": key, "label": key, "kind": kind, "dataClass": "PUBLIC", **more}


@pytest.fixture
def admin(gateway, tenant):
    return gateway.as_role("admin", tenant=tenant)


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def changed(admin, **field):
    """The field after a change of it, as it is answered."""
    return (await admin.data(DEFINE, {"input": a_field(**field)}))["defineField"]["field"]


async def until_ready(admin):
    """The fields, once none of them is being worked on."""
    for _ in range(400):
        fields = (await admin.data(FIELDS))["customerSchema"]["fields"]
        if all(field["isReady"] for field in fields):
            return fields
        await asyncio.sleep(0.05)
    return pytest.fail("the fields are not ready")


async def value_of(caller, profile_id, selection="code"):
    """A custom value, typed."""
    document = f"query ($id: ID!) {{ profile(id: $id) {{ custom {{ {selection} }} }} }}"
    return (await caller.data(document, {"id": profile_id}))["profile"]["custom"]


async def found(caller, custom):
    """The ids that a filter on custom fields finds."""
    page = (await caller.data(FIND, {"where": {"custom": custom}}))["profiles"]
    return [edge["node"]["id"] for edge in page["edges"]]


async def test_a_renamed_field_keeps_its_values(admin, service):
    code = await changed(admin, isSearchable=True)
    ada = await a_profile(service, custom={"code": "A1"})

    renamed = await changed(admin, id=code["id"], key="number", isSearchable=True)

    assert renamed == {"id": code["id"], "key": "number", "version": 2, "isReady": True}
    assert await value_of(service, ada, "number") == {"number": "A1"}
    assert await found(service, {"number": {"equals": "a1"}}) == [ada]
    assert await service.codes("{ profiles { edges { node { custom { code } } } } }") == [
        "BAD_INPUT"
    ]


async def test_a_key_that_another_field_has_is_refused(admin):
    code = await changed(admin)
    await changed(admin, key="other")

    assert await admin.codes(DEFINE, {"input": a_field("other", id=code["id"])}) == ["CONFLICT"]
    assert await admin.codes(DEFINE, {"input": a_field("new", id="nobody")}) == ["NOT_FOUND"]


async def test_a_retired_field_is_hidden_and_comes_back_with_its_values(
    gateway, tenant, admin, service
):
    await changed(admin, isSearchable=True, isUnique=True)
    ada = await a_profile(service, custom={"code": "A1"})

    answer = await admin.data(RETIRE, {"input": {"key": "code"}})
    hidden = await service.codes("{ profiles { edges { node { custom { code } } } } }")
    for _ in range(200):
        kept = await stored(gateway, tenant)
        if "identities" not in kept:
            break
        await asyncio.sleep(0.05)
    again = await _defined_again(admin, isSearchable=True, isUnique=True)
    await until_ready(admin)

    schema = answer["retireField"]["customerSchema"]
    assert schema == {"fields": [], "retired": [{"key": "code", "isRetired": True}]}
    assert hidden == ["BAD_INPUT"]
    assert "s0" not in kept["profiles"][0]["search"]
    assert "t0" not in kept["profiles"][0]["search"]
    assert again["version"] == 3
    assert await value_of(service, ada) == {"code": "A1"}
    assert await found(service, {"code": {"equals": "a1"}}) == [ada]
    assert await service.codes(
        'mutation { createProfile(input: {custom: {code: "a1"}}) { profile { id } } }'
    ) == ["CONFLICT"]


async def _defined_again(admin, **field):
    for _ in range(200):
        answer = await admin.ask(DEFINE, {"input": a_field(**field)})
        if "errors" not in answer:
            return answer["data"]["defineField"]["field"]
        assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
        await asyncio.sleep(0.05)
    return pytest.fail("the field stays being changed")


async def test_what_is_not_there_or_belongs_to_the_system_can_not_be_retired(admin):
    assert await admin.codes(RETIRE, {"input": {"key": "nothing"}}) == ["NOT_FOUND"]
    assert await admin.codes(RETIRE, {"input": {"key": "givenName"}}) == ["CONFLICT"]
    assert await admin.codes(DEFINE, {"input": a_field("givenName")}) == ["BAD_INPUT"]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "NUMBER"},
        {"kind": "CHOICE", "choices": ["gold"]},
        {"maxLength": 3},
        {"minLength": 5},
        {"pattern": "[a-z]+"},
        {"isUnique": True},
        {"isRequired": True},
        {"isList": True, "maxLength": 3},
        {"channels": ["EMAIL"]},
    ],
    ids=str,
)
async def test_a_change_that_stored_values_would_break_tells_how_many_and_a_few(
    gateway, tenant, admin, service, change
):
    await changed(admin)
    ids = [await a_profile(service, custom={"code": "GOLD"}) for _ in range(2)]
    ids.append(await a_profile(service))
    before = await stored(gateway, tenant)

    (error,) = (await admin.ask(DEFINE, {"input": a_field(**change)}))["errors"]

    broken = error["extensions"]
    assert broken["code"] == "CONFLICT"
    assert 0 < broken["count"] <= 3
    assert set(broken["examples"]) <= set(ids)
    assert len(broken["examples"]) == broken["count"]
    assert "GOLD" not in str(error)
    assert await stored(gateway, tenant) == before


async def test_values_that_fit_another_kind_are_converted_and_right_at_every_moment(admin, service):
    await changed(admin, isSearchable=True)
    ids = [await a_profile(service, custom={"code": str(number)}) for number in range(7)]

    converting = await changed(admin, kind="NUMBER", isSearchable=True)
    meanwhile = [await value_of(service, one) for one in ids]
    refused = await service.codes(FIND, {"where": {"custom": {"code": {"lt": 3}}}})
    written = await service.codes(UPDATE, {"input": {"id": ids[0], "custom": {"code": 40}}})
    (field,) = await until_ready(admin)

    assert converting["isReady"] is False
    assert meanwhile == [{"code": float(number)} for number in range(7)]
    assert refused == ["BAD_INPUT"]
    assert written == []
    assert await value_of(service, ids[0]) == {"code": 40.0}
    assert await found(service, {"code": {"lt": 3}}) == ids[1:3]
    assert field["progress"] is None


async def test_a_value_becomes_a_list_of_one(admin, service):
    await changed(admin)
    ada = await a_profile(service, custom={"code": "A1"})

    await changed(admin, isList=True)

    assert await value_of(service, ada) == {"code": ["A1"]}
    await until_ready(admin)
    assert await value_of(service, ada) == {"code": ["A1"]}


async def test_a_field_that_becomes_searchable_finds_what_was_there_before(admin, service):
    await changed(admin)
    ada = await a_profile(service, custom={"code": "Anna Maria"})

    await changed(admin, isSearchable=True)
    await until_ready(admin)

    assert await found(service, {"code": {"contains": "NA MA"}}) == [ada]
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"code": None}}})
    assert await found(service, {"code": {"contains": "na ma"}}) == []


async def test_a_required_field_with_a_default_fills_those_who_lack_it(admin, service):
    ada = await a_profile(service)
    caller = await service.data(RECOGNISE, {"input": phone("+12025550143")})

    await changed(admin, isRequired=True, default="none")
    await until_ready(admin)
    new = await a_profile(service)
    cleared = await service.codes(UPDATE, {"input": {"id": ada, "custom": {"code": None}}})
    unknown = await service.data(RECOGNISE, {"input": phone("+12025550144")})

    assert await value_of(service, ada) == {"code": "none"}
    assert await value_of(service, new) == {"code": "none"}
    assert cleared == ["BAD_INPUT"]
    first, second = (one["recogniseCustomer"]["profile"]["id"] for one in (caller, unknown))
    assert await value_of(service, first) == {"code": None}
    assert await value_of(service, second) == {"code": "none"}


async def test_a_required_field_without_a_default_must_be_given(admin, service):
    await changed(admin, isRequired=True)

    (error,) = (await service.ask("mutation { createProfile(input: {}) { profile { id } } }"))[
        "errors"
    ]

    assert error["message"] == "custom.code: required"
    assert error["extensions"] == {"code": "BAD_INPUT", "field": "custom.code"}


async def test_a_unique_value_belongs_to_one_profile_and_is_free_again_when_cleared(admin, service):
    await changed(admin, isUnique=True)
    ada, bob = await a_profile(service, custom={"code": "A1"}), await a_profile(service)
    take = {"input": {"id": bob, "custom": {"code": "a1"}}}

    refused = await service.codes(UPDATE, take)
    kept = await value_of(service, bob)
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"code": "A2"}}})
    taken = await service.codes(UPDATE, take)

    assert (refused, kept, taken) == (["CONFLICT"], {"code": None}, [])
    assert await value_of(service, bob) == {"code": "a1"}


async def test_a_field_of_a_channel_recognises_its_person(gateway, tenant, admin, service):
    await changed(admin, kind="PHONE_NUMBER", isList=True, channels=["SMS"], dataClass="CONTACT")
    numbers = [f"+1202555010{number}" for number in range(10)]
    ada = await a_profile(service, custom={"code": numbers})

    async def who(number):
        return (await service.data(WHO, {"value": number}))["identify"]["profile"]

    assert await who("(202) 555-0103") == {"id": ada}
    too_many = {"id": ada, "custom": {"code": [*numbers, "+12025550199"]}}
    assert await service.codes(UPDATE, {"input": too_many}) == ["BAD_INPUT"]
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"code": numbers[:1]}}})
    assert await who("(202) 555-0103") is None
    assert await who(numbers[0]) == {"id": ada}
    bob = {"identities": [phone(numbers[0])]}
    assert await service.codes(
        CREATE,
        {"input": bob},
    ) == ["CONFLICT"]
    assert len((await stored(gateway, tenant))["identities"]) == 1


async def test_a_reference_shows_the_other_profile_and_must_name_one(admin, service):
    await changed(admin, kind="REFERENCE")
    ada = await a_profile(service)
    bob = await a_profile(service, name={"given": "Bob"}, custom={"code": ada})
    lost = {"id": bob, "custom": {"code": "0" * 26}}

    assert await value_of(service, bob, "code { id name { given } custom { code { id } } }") == {
        "code": {"id": ada, "name": {"given": "Ada"}, "custom": {"code": None}}
    }
    assert await service.codes(UPDATE, {"input": lost}) == ["BAD_INPUT"]


async def test_a_password_can_be_set_and_never_read(gateway, tenant, admin, service):
    await changed(admin, kind="PASSWORD")
    ada = await a_profile(service, custom={"code": "correct horse"})
    fields = "query ($id: ID!) { profile(id: $id) { custom { code } fields { value } } }"

    answer = (await service.data(fields, {"id": ada}))["profile"]

    assert answer == {"custom": {"code": True}, "fields": [{"value": True}]}
    assert "correct horse" not in str(await stored(gateway, tenant))


async def test_every_version_of_a_field_is_kept_with_who_made_it(gateway, tenant, admin):
    other = gateway.as_role("admin", tenant=tenant, subject="grace")
    german = [{"language": "de", "label": "Kennung"}]

    await define(admin, [a_field()])
    await changed(other, label="Code", translations=german)

    (field,) = (await admin.data(FIELDS))["customerSchema"]["fields"]
    assert (field["label"], field["version"], field["definedBy"]) == ("Kennung", 2, "grace")
    assert field["history"] == [
        {"version": 2, "label": "Code", "definedBy": "grace"},
        {"version": 1, "label": "code", "definedBy": "tester"},
    ]


async def test_a_tenant_has_sixteen_searchable_texts_at_most(admin):
    fields = [a_field(f"text{number}", isSearchable=True) for number in range(16)]
    await define(admin, fields)

    assert await admin.codes(DEFINE, {"input": a_field("more", isSearchable=True)}) == ["CONFLICT"]
    assert await admin.codes(DEFINE, {"input": a_field("more", "NUMBER", isSearchable=True)}) == []


async def test_another_gateway_finishes_what_one_that_ended_had_begun(
    document_server, tmp_path, tenant
):
    async with running_gateway(document_server.uri, tmp_path, database=tenant) as here:
        admin, service = (here.as_role(role, tenant=tenant) for role in ("admin", "service"))
        await changed(admin)
        ids = [await a_profile(service, custom={"code": str(n)}) for n in range(20)]
        await changed(admin, kind="NUMBER", isSearchable=True)

    async with running_gateway(document_server.uri, tmp_path, database=tenant) as there:
        admin, service = (there.as_role(role, tenant=tenant) for role in ("admin", "service"))
        await until_ready(admin)

        assert await found(service, {"code": {"gte": 18}}) == ids[18:]
