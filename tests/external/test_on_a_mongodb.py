"""What the gateway asks of its store, asked of a MongoDB that somebody provides."""

import asyncio
from collections import Counter

import pytest

from app.store.backup import backup, restore, restore_in_progress
from tests.support.gateway import a_profile, define, running_gateway

pytestmark = pytest.mark.external

NUMBER = {"channel": "VOICE", "value": "+1 202 555 0143"}
WHO = """
query ($channel: Channel!, $value: String!) {
  identify(channel: $channel, value: $value) {
    outcome
    profile { id version name { full } birthDate custom { _keys } identities { value } }
  }
}
"""
RECOGNISE = """
mutation ($input: RecogniseCustomerInput!) {
  recogniseCustomer(input: $input) { outcome profile { id } }
}
"""
UPDATE = """
mutation ($input: UpdateProfileInput!) {
  updateProfile(input: $input) { profile { version language name { given family } } }
}
"""
ADD = """
mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { profile { version } } }
"""
PAGE = """
query ($after: String) {
  profiles(first: 25, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { id } }
  }
}
"""


@pytest.fixture
def service(gateway, tenant):
    """A program that writes profiles in a tenant of its own."""
    return gateway.as_role("service", tenant=tenant)


async def test_a_created_customer_is_known_by_every_notation_of_their_number(service):
    ada = await a_profile(service, birthDate="1985-12-10", identities=[NUMBER])

    data = await service.data(WHO, {"channel": "VOICE", "value": "(202) 555-0143"})

    assert data["identify"] == {
        "outcome": "KNOWN",
        "profile": {
            "id": ada,
            "version": 1,
            "name": {"full": "Ada Lovelace"},
            "birthDate": "1985-12-10",
            "custom": {"_keys": []},
            "identities": [{"value": "+12025550143"}],
        },
    }


async def test_somebody_of_another_tenant_is_unknown(gateway, service, tenant):
    await a_profile(service, identities=[NUMBER])
    stranger = gateway.as_role("service", tenant=f"{tenant}-x")

    data = await stranger.data(WHO, NUMBER)

    assert data == {"identify": {"outcome": "UNKNOWN", "profile": None}}


async def test_of_twenty_calls_of_one_unknown_number_one_makes_the_profile(service):
    answers = await asyncio.gather(*(service.data(RECOGNISE, {"input": NUMBER}) for _ in range(20)))

    found = [answer["recogniseCustomer"] for answer in answers]
    assert Counter(one["outcome"] for one in found) == {"UNKNOWN": 1, "KNOWN": 19}
    assert len({one["profile"]["id"] for one in found}) == 1
    assert (await service.data(PAGE))["profiles"]["totalCount"] == 1


async def test_a_number_that_is_taken_is_a_conflict_and_leaves_nothing_behind(service):
    await a_profile(service, identities=[NUMBER])
    create = (
        "mutation ($input: CreateProfileInput!) { createProfile(input: $input) { __typename } }"
    )
    another = {"channel": "EMAIL", "value": "ada@example.org"}

    codes = await service.codes(create, {"input": {"identities": [another, NUMBER]}})

    assert codes == ["CONFLICT"]
    assert (await service.data(WHO, another))["identify"]["outcome"] == "UNKNOWN"
    assert (await service.data(PAGE))["profiles"]["totalCount"] == 1


async def test_of_two_customers_who_claim_one_number_one_gets_it(service):
    rivals = [await a_profile(service) for _ in range(2)]

    answers = await asyncio.gather(
        *(service.codes(ADD, {"input": {"profileId": one, **NUMBER}}) for one in rivals)
    )

    assert sorted(answers) == [[], ["CONFLICT"]]
    assert (await service.data(WHO, NUMBER))["identify"]["profile"]["id"] in rivals


async def test_an_update_changes_what_is_sent_and_nothing_else(service):
    ada = await a_profile(service)

    data = await service.data(UPDATE, {"input": {"id": ada, "language": "pt-BR"}})

    name = {"given": "Ada", "family": "Lovelace"}
    changed = {"version": 2, "language": "pt-BR", "name": name}
    assert data["updateProfile"]["profile"] == changed


async def test_of_ten_updates_of_one_version_one_wins(service):
    ada = await a_profile(service)
    changes = [{"id": ada, "ifVersion": 1, "gender": f"g{number}"} for number in range(10)]

    answers = await asyncio.gather(*(service.codes(UPDATE, {"input": one}) for one in changes))

    assert sorted(answers) == [[], *[["VERSION_MISMATCH"]] * 9]


async def test_pages_hold_every_customer_once_the_oldest_first(service):
    made = [await a_profile(service) for _ in range(60)]

    pages = [page async for page in all_pages(service)]

    ids = [[edge["node"]["id"] for edge in page["edges"]] for page in pages]
    assert [len(page) for page in ids] == [25, 25, 10]
    assert [one for page in ids for one in page] == sorted(made)
    assert {page["totalCount"] for page in pages} == {60}


async def test_fields_that_admins_define_at_the_same_time_are_all_there(gateway, service, tenant):
    admin = gateway.as_role("admin", tenant=tenant)
    fields = [{"key": f"f{n}", "kind": "STRING", "dataClass": "BEHAVIOURAL"} for n in range(5)]

    await asyncio.gather(*(define(admin, [one]) for one in fields))

    query = "{ customerSchema { revision fields { key } } }"
    schema = (await service.data(query))["customerSchema"]
    assert schema["revision"] == 5
    assert sorted(one["key"] for one in schema["fields"]) == ["f0", "f1", "f2", "f3", "f4"]


async def test_custom_values_are_kept_changed_and_cleared(gateway, service, tenant):
    fields = [
        {"key": "tier", "kind": "CHOICE", "dataClass": "BEHAVIOURAL", "choices": ["gold"]},
        {"key": "since", "kind": "DATE", "dataClass": "BEHAVIOURAL"},
    ]
    await define(gateway.as_role("admin", tenant=tenant), fields)
    ada = await a_profile(service, custom={"tier": "gold", "since": "2021-03-04"})
    query = "query ($id: ID!) { profile(id: $id) { custom { tier since } } }"

    before = await service.data(query, {"id": ada})
    await service.data(UPDATE, {"input": {"id": ada, "custom": {"tier": None}}})
    after = await service.data(query, {"id": ada})

    assert before == {"profile": {"custom": {"tier": "gold", "since": "2021-03-04"}}}
    assert after == {"profile": {"custom": {"tier": None, "since": "2021-03-04"}}}


async def test_what_is_backed_up_answers_the_same_when_it_is_restored_elsewhere(
    gateway, service, tenant, uri, databases, keys, tmp_path
):
    await a_profile(service, birthDate="1985-12-10", identities=[NUMBER])
    known = await service.data(WHO, NUMBER)
    file, source = tmp_path / "all.jsonl", gateway.gateway.database

    written = await backup(source, file, lambda *_: None)
    target = source.client[databases[1]]
    read = await restore(target, file, lambda *_: None)

    assert read == written
    assert not await restore_in_progress(target)
    async with running_gateway(uri, keys, database=databases[1]) as other:
        found = await other.as_role("service", tenant=tenant).data(WHO, NUMBER)
    assert found == known


async def all_pages(service):
    """Every page of a tenant's customers."""
    after, has_next = None, True
    while has_next:
        page = (await service.data(PAGE, {"after": after}))["profiles"]
        yield page
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
