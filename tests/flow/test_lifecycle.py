"""Anonymous profiles: how they become identified, and how they end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.expiry import Expiry
from app.recognition import anonymous_age_of
from app.store.changes import Changes
from app.store.expiring import Expiring
from app.store.forgetting import Forgetting
from tests.flow.documents import RECORD, UPDATE, owner, phone
from tests.flow.stored import stored
from tests.support.gateway import a_profile, define, running_gateway

NUMBER = "+12025550143"
ADD = """
mutation ($input: AddIdentityInput!) {
  addIdentity(input: $input) { profile { state version identities { value verified } } }
}
"""
RECOGNISE = """
mutation ($input: RecogniseCustomerInput!) {
  recogniseCustomer(input: $input) { outcome profile { id state version } }
}
"""
STATE = "query ($id: ID!) { profile(id: $id) { state custom { tier } } }"
LISTED = """
query ($state: ProfileState!) {
  profiles(where: {state: {equals: $state}}) { edges { node { id } } }
}
"""


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


async def anonymous(caller, number=NUMBER, **more):
    data = await caller.data(RECOGNISE, {"input": {**phone(number), **more}})
    assert data["recogniseCustomer"]["profile"]["state"] == "ANONYMOUS"
    return data["recogniseCustomer"]["profile"]["id"]


async def state(caller, id_):
    answer = await caller.ask("query ($id: ID!) { profile(id: $id) { state } }", {"id": id_})
    return answer["data"]["profile"] and answer["data"]["profile"]["state"]


async def listed(caller, wanted):
    edges = (await caller.data(LISTED, {"state": wanted}))["profiles"]["edges"]
    return [edge["node"]["id"] for edge in edges]


@pytest.mark.parametrize(
    ("change", "then"),
    [
        ({"name": {"given": "Ada"}}, "IDENTIFIED"),
        ({"birthDate": "1985-12-10"}, "IDENTIFIED"),
        ({"links": [{"source": "crm", "object": "contacts", "recordId": "1"}]}, "IDENTIFIED"),
        ({"language": "en", "gender": "female"}, "ANONYMOUS"),
        ({"name": {"given": " "}}, "ANONYMOUS"),
    ],
)
async def test_who_is_told_by_name_birth_or_record_is_identified(service, change, then):
    id_ = await anonymous(service)

    await service.data(UPDATE, {"input": {"id": id_, **change}})

    assert await state(service, id_) == then
    assert await listed(service, then) == [id_]
    other = {"ANONYMOUS": "IDENTIFIED", "IDENTIFIED": "ANONYMOUS"}[then]
    assert await listed(service, other) == []


async def test_a_verified_identity_identifies_and_an_unverified_or_shared_one_does_not(service):
    id_ = await anonymous(service)
    other = {"profileId": id_, **phone("+12025550144")}
    await service.data(ADD, {"input": other})
    await service.data(
        ADD, {"input": {"profileId": id_, **phone("a", "X"), "verified": True, "shared": True}}
    )
    before = await state(service, id_)

    answer = await service.data(ADD, {"input": {**other, "verified": True}})

    profile = answer["addIdentity"]["profile"]
    assert (before, profile["state"]) == ("ANONYMOUS", "IDENTIFIED")
    assert [one["verified"] for one in profile["identities"]] == [False, True, True]
    assert await listed(service, "IDENTIFIED") == [id_]


async def test_who_is_identified_gets_what_is_required_or_is_told_what_is_missing(
    gateway, tenant, service
):
    id_ = await anonymous(service)
    admin = gateway.as_role("admin", tenant=tenant)
    tier = {"key": "tier", "kind": "STRING", "dataClass": "PUBLIC", "isRequired": True}
    await define(admin, [{**tier, "default": "basic"}, {**tier, "key": "segment"}])
    verified = {"profileId": id_, **phone(NUMBER, "SMS"), "verified": True}

    refused = await service.ask(UPDATE, {"input": {"id": id_, "name": {"given": "Ada"}}})
    added = await service.data(ADD, {"input": verified})
    named = {"id": id_, "name": {"given": "Ada"}, "custom": {"segment": "b2b"}}
    await service.data(UPDATE, {"input": named})

    told = refused["errors"][0]["extensions"]
    assert (told["code"], told["field"]) == ("BAD_INPUT", "custom.segment")
    assert added["addIdentity"]["profile"]["state"] == "ANONYMOUS"
    profile = (await service.data(STATE, {"id": id_}))["profile"]
    assert profile == {"state": "IDENTIFIED", "custom": {"tier": "basic"}}


def expiring(gateway):
    """What removes profiles from the store of a gateway."""
    changes = gateway.gateway.wiring.profiles._changes
    assert isinstance(changes, Changes)
    database = gateway.gateway.database
    return Expiring(database, changes, [Forgetting(database, changes.sealing).forget])


async def test_who_was_not_seen_for_sixty_days_is_gone_with_all_that_was_theirs(
    gateway, tenant, service
):
    id_ = await anonymous(service)
    shared = {"profileId": id_, **phone("+12025550199"), "shared": True}
    await service.data(ADD, {"input": shared})
    called = {"profileId": id_, "kind": "CALL", "source": "pbx", "externalId": "4711"}
    await service.data(RECORD, {"input": called})
    known = await a_profile(service, identities=[phone("+12025550144")])
    store = expiring(gateway)
    now = datetime.now(UTC)
    counts = []

    early = await store.sweep(tenant, now - timedelta(seconds=60), counts.append)
    removed = await store.sweep(tenant, now + timedelta(days=1), counts.append)

    assert (early, removed) == (0, 1)
    assert (await state(service, id_), await state(service, known)) == (None, "IDENTIFIED")
    left = await stored(gateway, tenant)
    assert [one["id"] for one in left["profiles"]] == [known]
    assert [one.get("profile") for one in left["identities"]] == [known]
    beside = {"interactions", "interactionClaims", "timelines", "history"}
    assert beside.isdisjoint(left)
    keyring = gateway.gateway.wiring.profiles._sealing.keyring.database
    held = await keyring["profiles"].find({"tenant": tenant}).to_list()
    assert [one["_id"].partition("/")[2] for one in held] == [known]
    assert await owner(service, NUMBER) is None
    assert await anonymous(service) != id_


async def test_who_was_seen_or_identified_meanwhile_stays(gateway, tenant, service):
    seen, named = await anonymous(service), await anonymous(service, "+12025550144")
    store = expiring(gateway)
    await asyncio.sleep(0.01)
    before = datetime.now(UTC)
    await service.data(RECOGNISE, {"input": phone(NUMBER)})
    await service.data(UPDATE, {"input": {"id": named, "name": {"given": "Ada"}}})

    removed = await store.sweep(tenant, before, lambda _: None)

    assert removed == 0
    assert (await state(service, seen), await state(service, named)) == ("ANONYMOUS", "IDENTIFIED")


async def test_of_many_who_are_removed_while_others_are_identified_each_is_whole_or_gone(
    gateway, tenant, service
):
    numbers = [f"+1202555{number:04}" for number in range(200, 216)]
    ids = [await anonymous(service, number) for number in numbers]
    store = expiring(gateway)
    later = datetime.now(UTC) + timedelta(days=1)
    named = [{"input": {"id": one, "name": {"given": "Ada"}}} for one in ids]

    counts = await asyncio.gather(
        *(store.sweep(tenant, later, lambda _: None) for _ in range(2)),
        *(service.codes(UPDATE, one) for one in named),
    )

    documents = {one["id"]: one for one in (await stored(gateway, tenant)).get("profiles", [])}
    survivors = [one for one, codes in zip(ids, counts[2:], strict=True) if codes == []]
    assert set(documents) == set(survivors)
    assert sum(counts[:2]) == 16 - len(survivors)
    assert all(one["state"] == "IDENTIFIED" for one in documents.values())
    owners = {number: await owner(service, number) for number in numbers}
    assert owners == {
        number: one if one in documents else None for number, one in zip(numbers, ids, strict=True)
    }


async def test_each_tenant_has_its_own_number_of_days_and_its_own_region(
    document_server, tmp_path, tenant
):
    tenants = {"shop": {"anonymous_days": 7, "region": "AT"}}
    async with running_gateway(
        document_server.uri, tmp_path, database=tenant, tenants=tenants, region="US"
    ) as running:
        shop, other = (running.as_role("service", tenant=name) for name in ("shop", "other"))
        vienna, washington = (
            await anonymous(shop, "01 234567"),
            await anonymous(other, "2025550143"),
        )
        age = anonymous_age_of(running.gateway.settings)
        moment = datetime.now(UTC) + timedelta(days=8)
        store = expiring(running)

        recognised = await owner(shop, "+431234567"), await owner(other, "+12025550143")
        removed = await Expiry(store, age, lambda: moment).sweep()

        assert recognised == (vienna, washington)
        assert removed == 1
        assert (await state(shop, vienna), await state(other, washington)) == (None, "ANONYMOUS")


async def test_rules_of_spelling_can_be_switched_on_and_off_and_nobody_is_lost(
    document_server, tmp_path, tenant
):
    def gateway(*, rule):
        return running_gateway(document_server.uri, tmp_path, database=tenant, email_providers=rule)

    async def who(running, address):
        caller = running.as_role("service", tenant="shop")
        query = "query ($v: String!) { identify(channel: EMAIL, value: $v) { profile { id } } }"
        found = (await caller.data(query, {"v": address}))["identify"]["profile"]
        return found and found["id"]

    async def create(running, address):
        caller = running.as_role("service", tenant="shop")
        return await a_profile(caller, identities=[{"channel": "EMAIL", "value": address}])

    async with gateway(rule=False) as off:
        before = await create(off, "old.ada@gmail.com")
        assert await who(off, "oldada@gmail.com") is None
    async with gateway(rule=True) as on:
        ada = await create(on, "a.d.a@gmail.com")
        found = [await who(on, one) for one in ("Ada@gmail.com", "ad.a+shop@googlemail.com")]
        assert found == [ada, ada]
        assert await who(on, "old.ada@gmail.com") == before
        caller = on.as_role("service", tenant="shop")
        calls = [{"channel": "EMAIL", "value": f"joan+{n}@gmail.com"} for n in range(16)]
        answers = await asyncio.gather(*(caller.data(RECOGNISE, {"input": one}) for one in calls))
        assert len({one["recogniseCustomer"]["profile"]["id"] for one in answers}) == 1
    async with gateway(rule=False) as off:
        assert [await who(off, one) for one in ("a.d.a@gmail.com", "old.ada@gmail.com")] == [
            ada,
            before,
        ]
        assert await who(off, "ada@gmail.com") is None
