"""What is sealed follows the settings: for new profiles at once, for others after a rotation."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.key_settings import KeySettings, SealingSettings
from app.sealing import opened_sealing
from app.store.client import open_client
from app.store.rotation import Rotation
from tests.flow.stored import stored
from tests.support.gateway import TestGateway, a_profile, define, running_gateway

EVERYTHING = ("IDENTITY", "CONTACT", "DEMOGRAPHIC", "BEHAVIOURAL")
FIND = """
query ($where: ProfileFilter, $orderBy: [ProfileOrder!]) {
  profiles(where: $where, orderBy: $orderBy) { edges { node { id } } }
}
"""
READ = """
query ($id: ID!) {
  profile(id: $id) { name { full } birthDate gender language custom { tier } }
}
"""
PERSON = {
    "name": {"given": "Ada Maria", "family": "Lovelace"},
    "birthDate": "1985-12-10",
    "gender": "female",
    "language": "en-GB",
    "custom": {"tier": "gold"},
}


@pytest.fixture
def gateway_with(document_server, tmp_path, tenant):
    """How a gateway with these sealed classes is started on the test's own database."""

    @asynccontextmanager
    async def start(classes: Sequence[Any]) -> AsyncIterator[TestGateway]:
        settings = SealingSettings(tenants={tenant: tuple(classes)})
        async with running_gateway(
            document_server.uri,
            tmp_path,
            database=tenant,
            sealing=settings,
            keys=KeySettings(cached_s=0),
        ) as running:
            yield running

    return start


async def rotate(gateway: TestGateway, tenant: str) -> None:
    """Give the tenant's profiles new keys, which seals what should be sealed."""
    settings = gateway.gateway.settings
    async with (
        open_client(settings.store.uri, 30) as client,
        opened_sealing(settings, client) as sealing,
    ):
        rotation = Rotation(client[settings.store.database], sealing, margin_s=0)
        assert (await rotation.profile_keys([tenant])).left == 0


async def found(caller: Any, **where: Any) -> list[str]:
    """The ids of profiles that meet a filter."""
    data = await caller.data(FIND, {"where": where})
    return [edge["node"]["id"] for edge in data["profiles"]["edges"]]


async def ready(caller: Any) -> None:
    """Return when every field is ready."""
    for _ in range(1_000):
        schema = (await caller.data("{ customerSchema { fields { isReady } } }"))["customerSchema"]
        if all(field["isReady"] for field in schema["fields"]):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("some field didn't get ready")


async def test_sealed_names_and_days_are_found_whole_by_word_and_not_by_part(gateway_with, tenant):
    async with gateway_with(EVERYTHING) as gateway:
        service = gateway.as_role("service", tenant=tenant)
        ada = await a_profile(service, **{**PERSON, "custom": {}})
        await a_profile(service, name={"given": "Ada", "family": "Byron"}, birthDate="1988-01-22")

        service = gateway.as_role("supervisor", tenant=tenant)
        assert await found(service, givenName={"equals": "ADA maria"}) == [ada]
        assert await found(service, givenName={"contains": "Maria"}) == [ada]
        assert len(await found(service, givenName={"contains": "ada"})) == 2
        assert await found(service, givenName={"equals": "Maria"}) == []
        assert await found(service, birthDate={"in": ["1985-12-10"]}) == [ada]
        assert await found(service, language={"equals": "en-GB"}) == [ada]
        refused = [
            {"givenName": {"startsWith": "Ada"}},
            {"givenName": {"contains": "Ada Maria"}},
            {"birthDate": {"lt": "1990-01-01"}},
        ]
        for where in refused:
            answer = await service.ask(FIND, {"where": where})
            [error] = answer["errors"]
            assert error["extensions"]["code"] == "BAD_INPUT"
            assert "sealed" in error["message"]
        ordered = await service.ask(FIND, {"orderBy": [{"familyName": "ASC"}]})
        assert ordered["errors"][0]["extensions"]["field"] == "orderBy.family_name"


async def test_more_classes_are_sealed_by_a_rotation_and_fewer_are_opened_by_one(
    gateway_with, tenant
):
    field = {"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL", "isSearchable": True}
    async with gateway_with([]) as gateway:
        await define(gateway.as_role("admin", tenant=tenant), [field])
        service = gateway.as_role("service", tenant=tenant)
        ada = await a_profile(service, **PERSON)
        before = await service.data(READ, {"id": ada})
        assert (await stored(gateway, tenant))["profiles"][0]["name"]["family"] == "Lovelace"
    for classes in (EVERYTHING, []):
        async with gateway_with(classes) as gateway:
            service = gateway.as_role("service", tenant=tenant)
            await rotate(gateway, tenant)
            await ready(gateway.as_role("admin", tenant=tenant))

            [document] = (await stored(gateway, tenant))["profiles"]
            kept = [*document["name"].values(), document["birthDate"], document["language"]]
            kept += [document["gender"], *document["custom"].values()]
            assert {type(value) for value in kept} == {bytes if classes else str}
            assert await service.data(READ, {"id": ada}) == before
            service = gateway.as_role("supervisor", tenant=tenant)
            assert await found(service, familyName={"equals": "lovelace"}) == [ada]
            assert await found(service, birthDate={"equals": "1985-12-10"}) == [ada]
            assert await found(service, custom={"tier": {"equals": "gold"}}) == [ada]
            starts = await service.codes(FIND, {"where": {"custom": {"tier": {"startsWith": "g"}}}})
            assert starts == (["BAD_INPUT"] if classes else [])


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "BOOLEAN"},
        {"kind": "CHOICE", "choices": ["a", "b"]},
        {"kind": "STRING", "maxLength": 3},
        {"kind": "NUMBER", "min": 0, "max": 100},
    ],
)
async def test_a_sealed_field_of_few_values_gets_no_index_and_is_told_why(gateway, tenant, given):
    admin = gateway.as_role("admin", tenant=tenant)
    field = {"key": "few", "label": "few", "dataClass": "SENSITIVE", "isSearchable": True, **given}

    answer = await admin.ask(
        "mutation ($input: DefineFieldInput!) { defineField(input: $input) { field { key } } }",
        {"input": field},
    )

    [error] = answer["errors"]
    assert error["extensions"] == {"code": "BAD_INPUT", "field": "searchable"}
    assert "so few that an index of them tells" in error["message"]
    await define(admin, [{**field, "dataClass": "BEHAVIOURAL"}])
