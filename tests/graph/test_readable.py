"""What clients see of a person who was erased, and of values that aren't what was sealed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import pytest_asyncio

from app.sealing import keyring_database, opened_sealing
from tests.support.gateway import Caller, TestGateway, a_profile, define, running_gateway

DATABASE = "readable"
FIELDS = [
    {"key": "mobile", "kind": "STRING", "dataClass": "CONTACT"},
    {"key": "tags", "kind": "STRING", "isList": True, "dataClass": "CONTACT"},
    {"key": "balance", "kind": "DECIMAL", "dataClass": "FINANCIAL"},
    {"key": "diagnosis", "kind": "STRING", "dataClass": "SENSITIVE"},
    {"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"},
]
CUSTOM = {
    "mobile": "xyzzy-4711",
    "tags": ["a", "b"],
    "balance": "12.75",
    "diagnosis": "plugh",
    "tier": "gold",
}
EMAIL = {"channel": "EMAIL", "value": "ada.xyzzy@example.org"}
SECRETS = ("xyzzy", "plugh", "12.75")
WHOLE = """
query ($id: ID!) { profile(id: $id) {
  id state name { full } gender
  identities { channel value }
  custom { mobile tags balance diagnosis tier }
} }
"""
STORIES = """
query ($id: ID!, $keys: [String!]) { profile(id: $id) {
  fields(keys: $keys) { key value masked error { code message } }
} }
"""
UPDATE = """
mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
  profile { id version custom { mobile tier } }
} }
"""
ADD = """
mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { profile { id } } }
"""
REMOVE = """
mutation ($input: RemoveIdentityInput!) { removeIdentity(input: $input) {
  profile { id identities { channel } }
} }
"""
SEALED = ("mobile", "tags", "balance", "diagnosis")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def path(tmp_path_factory):
    return tmp_path_factory.mktemp("readable")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def writing(document_server, path):
    """A gateway that knows the keys of everybody it wrote."""
    async with running_gateway(document_server.uri, path, database=DATABASE) as running:
        yield running


@pytest_asyncio.fixture
async def reading(writing, path):
    """A gateway on the same store that knows no keys yet."""
    uri = writing.gateway.settings.store.uri
    async with running_gateway(str(uri), path, database=DATABASE) as running:
        yield running


@pytest.fixture
def officer(reading, tenant) -> Caller:
    """Somebody who may read everything, at the gateway that knows no keys."""
    return reading.as_role("privacy_officer", tenant=tenant)


@pytest_asyncio.fixture
async def ada(writing, tenant) -> str:
    """The id of a profile with sealed values."""
    await define(writing.as_role("admin", tenant=tenant), FIELDS)
    service = writing.as_role("service", tenant=tenant)
    return await a_profile(service, identities=[EMAIL], custom=CUSTOM)


async def erase(gateway: TestGateway, tenant: str, id: str) -> None:
    """Destroy a profile's keys, as an erasure does, at a gateway of its own."""
    opened = gateway.gateway
    async with opened_sealing(opened.settings, opened.database.client) as sealing:
        await sealing.keyring.destroy(tenant, id)


async def flip(gateway: TestGateway, tenant: str, id: str, *path: str | int) -> None:
    """Change one bit of what a profile keeps at a path."""
    profiles = gateway.gateway.database.profiles
    kept: Any = await profiles.find_one({"_id": f"{tenant}/{id}"})
    for step in path:
        kept = kept[step]
    changed = kept[:-1] + bytes([kept[-1] ^ 1])
    dotted = ".".join(map(str, path))
    await profiles.update_one({"_id": f"{tenant}/{id}"}, {"$set": {dotted: changed}})


async def kept_as(caller: Caller, key: str) -> str:
    """The id of a field, under which its values are kept."""
    schema = (await caller.data("{ customerSchema { fields { id key } } }"))["customerSchema"]
    return next(field["id"] for field in schema["fields"] if field["key"] == key)


async def read(caller: Caller, id: str) -> tuple[Mapping[str, Any], dict[str, str]]:
    """What is read of a profile, and the code of each error by its path; HTTP says it went well."""
    response = await caller.post(WHOLE, {"id": id})
    answer = response.json()
    assert response.status_code == 200
    assert [one for one in SECRETS if one in json.dumps(answer.get("errors", []))] == []
    return answer["data"]["profile"], dict(map(told, answer.get("errors", [])))


def told(error: Mapping[str, Any]) -> tuple[str, str]:
    """Where below a profile something is missing, and the code that says why."""
    path = error.get("path") or error["extensions"]["at"].split(".")
    return ".".join(map(str, path[1:])), error["extensions"]["code"]


async def stories(caller: Caller, id: str, *keys: str) -> dict[str, tuple[object, str | None]]:
    """Value and error code of fields with their story, by key."""
    data = await caller.data(STORIES, {"id": id, "keys": list(keys)})
    assert not any(field["masked"] for field in data["profile"]["fields"])
    return {
        field["key"]: (field["value"], field["error"] and field["error"]["code"])
        for field in data["profile"]["fields"]
    }


async def stored(gateway: TestGateway, tenant: str) -> list[dict[str, Any]]:
    return await gateway.gateway.database.profiles.find({"tenant": tenant}).to_list()


ALL_SEALED = {"identities.0.value", *(f"custom.{key}" for key in SEALED)}


async def test_what_is_sealed_is_read_as_it_was_written(ada, officer):
    profile, codes = await read(officer, ada)

    assert codes == {}
    assert profile["custom"] == CUSTOM
    assert profile["identities"] == [EMAIL]


async def test_an_erased_person_s_sealed_values_are_null_and_errors_say_why(
    writing, tenant, ada, officer
):
    await erase(writing, tenant, ada)

    profile, codes = await read(officer, ada)

    assert codes == dict.fromkeys(ALL_SEALED, "ERASED")
    assert profile == {
        "id": ada,
        "state": "IDENTIFIED",
        "name": {"full": "Ada Lovelace"},
        "gender": None,
        "identities": [{"channel": "EMAIL", "value": None}],
        "custom": {**dict.fromkeys(SEALED), "tier": "gold"},
    }


async def test_the_stories_of_an_erased_person_s_values_say_so_inside(
    writing, tenant, ada, officer
):
    await erase(writing, tenant, ada)

    found = await stories(officer, ada, *CUSTOM)

    assert found == {**dict.fromkeys(SEALED, (None, "ERASED")), "tier": ("gold", None)}


@pytest.mark.parametrize("role", ["agent", "supervisor", "reviewer", "admin"])
async def test_who_sees_masks_gets_none_of_what_was_erased(reading, writing, tenant, ada, role):
    await erase(writing, tenant, ada)
    caller = reading.as_role(role, tenant=tenant)

    profile, codes = await read(caller, ada)

    assert profile["identities"][0]["value"] is profile["custom"]["mobile"] is None
    assert codes["identities.0.value"] == codes["custom.mobile"] == "ERASED"
    assert (await stories(caller, ada, "mobile"))["mobile"] == (None, "ERASED")


async def test_who_may_not_read_a_value_isn_t_told_that_it_was_erased(
    reading, writing, tenant, ada
):
    await erase(writing, tenant, ada)

    _, codes = await read(reading.as_role("service", tenant=tenant), ada)

    assert codes["custom.balance"] == codes["custom.diagnosis"] == "FIELD_FORBIDDEN"


async def test_an_erased_person_among_others_costs_only_their_own_values(
    writing, tenant, ada, officer
):
    service = writing.as_role("service", tenant=tenant)
    grace = await a_profile(service, custom={"mobile": "m-1"})
    await erase(writing, tenant, ada)

    answer = await officer.ask("{ profiles { edges { node { id custom { mobile } } } } }")

    nodes = [one["node"] for one in answer["data"]["profiles"]["edges"]]
    found = {node["id"]: node["custom"]["mobile"] for node in nodes}
    assert found == {ada: None, grace: "m-1"}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["ERASED"]


async def test_nothing_that_is_sealed_can_be_added_to_an_erased_person(
    reading, writing, tenant, ada
):
    await erase(writing, tenant, ada)
    before = await stored(writing, tenant)
    service = reading.as_role("service", tenant=tenant)
    phone = {"profileId": ada, "channel": "VOICE", "value": "+12025550143"}

    updated = await service.codes(UPDATE, {"input": {"id": ada, "custom": {"mobile": "m-2"}}})
    added = await service.codes(ADD, {"input": phone})

    assert (updated, added) == (["ERASED"], ["ERASED"])
    assert await stored(writing, tenant) == before


async def test_what_is_not_sealed_can_be_changed_on_an_erased_person_and_the_rest_cleared(
    reading, writing, tenant, ada
):
    await erase(writing, tenant, ada)
    service = reading.as_role("service", tenant=tenant)
    changes = {"tier": "silver", "mobile": None, "diagnosis": None}

    answer = await service.data(UPDATE, {"input": {"id": ada, "custom": changes}})

    profile = {"id": ada, "version": 2, "custom": {"mobile": None, "tier": "silver"}}
    assert answer == {"updateProfile": {"profile": profile}}


async def test_an_identity_of_an_erased_person_can_be_taken_away(reading, writing, tenant, ada):
    await erase(writing, tenant, ada)
    service = reading.as_role("service", tenant=tenant)

    answer = await service.data(REMOVE, {"input": {"profileId": ada, **EMAIL}})

    assert answer == {"removeIdentity": {"profile": {"id": ada, "identities": []}}}


async def test_a_value_that_was_changed_is_an_internal_error_that_tells_nothing_of_it(
    writing, tenant, ada, officer
):
    mobile = await kept_as(officer, "mobile")
    await flip(writing, tenant, ada, "custom", mobile)
    await flip(writing, tenant, ada, "identities", 0, "value")

    profile, codes = await read(officer, ada)
    story = await stories(officer, ada, "mobile", "tags")

    assert codes == {"custom.mobile": "INTERNAL", "identities.0.value": "INTERNAL"}
    assert profile["custom"] == {**CUSTOM, "mobile": None}
    assert profile["identities"] == [{"channel": "EMAIL", "value": None}]
    assert story == {"mobile": (None, "INTERNAL"), "tags": (["a", "b"], None)}


@pytest.mark.parametrize("role", ["agent", "admin"])
async def test_who_sees_masks_gets_none_of_what_was_changed(reading, writing, tenant, ada, role):
    caller = reading.as_role(role, tenant=tenant)
    await flip(writing, tenant, ada, "identities", 0, "value")

    profile, codes = await read(caller, ada)

    assert codes["identities.0.value"] == "INTERNAL"
    assert profile["identities"][0]["value"] is None
    assert profile["custom"]["mobile"] == "•••"


async def test_a_value_of_somebody_else_is_never_shown(writing, tenant, ada, officer):
    service = writing.as_role("service", tenant=tenant)
    grace = await a_profile(service, custom={"mobile": "grace-xyzzy"})
    mobile = await kept_as(officer, "mobile")
    profiles = writing.gateway.database.profiles
    hers = await profiles.find_one({"_id": f"{tenant}/{grace}"})
    moved = {"$set": {f"custom.{mobile}": hers["custom"][mobile]}}
    await profiles.update_one({"_id": f"{tenant}/{ada}"}, moved)

    profile, codes = await read(officer, ada)

    assert (profile["custom"]["mobile"], codes) == (None, {"custom.mobile": "INTERNAL"})


@pytest.mark.parametrize("change", [{"$unset": {"keys": ""}}, {"$set": {"keys.0.key": "x"}}])
async def test_keys_that_were_changed_cost_the_sealed_values_and_nothing_else(
    writing, tenant, ada, officer, change
):
    opened = writing.gateway
    keyring = keyring_database(opened.settings, opened.database.client)
    await keyring.profiles.update_one({"_id": f"{tenant}/{ada}"}, change)

    profile, codes = await read(officer, ada)
    refused = await officer.codes(UPDATE, {"input": {"id": ada, "custom": {"mobile": "m-2"}}})

    assert codes == dict.fromkeys(ALL_SEALED, "INTERNAL")
    assert profile["custom"] == {**dict.fromkeys(SEALED), "tier": "gold"}
    assert refused == ["INTERNAL"]
