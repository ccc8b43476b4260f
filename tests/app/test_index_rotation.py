"""A new index key for a tenant, as everything that is looked up by one sees it."""

import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from app.imports.order import Format, Order
from app.imports.run import import_rows
from app.key_settings import KeySettings
from app.keyring.keyring import INDEX, PROFILES, TENANTS
from app.sealing import opened_sealing
from app.store.attach import attached_store
from app.store.rotation import Rotation
from graph.model.normalising import Normalising
from tests.flow.documents import ADD, CREATE, RECOGNISE, RECORD, REMOVE, WHO, owner, phone
from tests.flow.merges import merge, unmerge, whole
from tests.support.gateway import Caller, a_profile, define, running_gateway

ADA, BOB, EVE, DESK, NEW = (f"+1202555010{digit}" for digit in range(5))
MAIL, SAME_MAIL = "ada.lovelace@gmail.com", "adalovelace+shop@gmail.com"
FIELDS = [
    {"key": "member", "kind": "STRING", "dataClass": "IDENTITY", "isUnique": True},
    {"key": "note", "kind": "STRING", "dataClass": "CONTACT", "isSearchable": True},
]
FIND = """
query ($note: String!) { profiles(where: { custom: { note: { equals: $note } } }) {
  edges { node { id } } } }
"""
SUGGESTED = "query ($id: ID!) { profile(id: $id) { suggestions { profile { id } } } }"
SOON_S, LONG_S = 0.3, 600.0
CALL = {"kind": "CALL", "externalId": "call 1"}


@asynccontextmanager
async def gateway_of(server, path, tenant, cached_s: float) -> AsyncIterator[Any]:
    """A gateway that looks for new keys after a while."""
    keys = KeySettings(cached_s=cached_s)
    async with running_gateway(
        server.uri, path, database=tenant, keys=keys, email_providers=True
    ) as gateway:
        yield gateway


@asynccontextmanager
async def rotation_of(gateway) -> AsyncIterator[Rotation]:
    """What rotates the keys of a gateway's store, and doesn't wait longer than it must."""
    keys = KeySettings(cached_s=SOON_S)
    settings = gateway.gateway.settings.model_copy(update={"keys": keys})
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        yield Rotation(store.database, sealing, margin_s=0.1)


class World:
    """Customers who are looked up in every way there is."""

    def __init__(self, gateway: Any, tenant: str) -> None:
        self.gateway = gateway
        self.tenant = tenant
        self.service: Caller = gateway.as_role("service", tenant=tenant)
        self.supervisor: Caller = gateway.as_role("supervisor", tenant=tenant)
        self.ada = self.bob = self.eve = ""

    async def filled(self) -> "World":
        """Ada has everything; Bob shares the desk with her; Eve is one with Bob."""
        await define(self.gateway.as_role("admin", tenant=self.tenant), FIELDS)
        self.ada = await a_profile(
            self.service,
            identities=[phone(ADA), {"channel": "EMAIL", "value": MAIL}],
            custom={"member": "M-1", "note": "likes tea"},
        )
        self.bob = await a_profile(
            self.service, identities=[phone(BOB)], custom={"member": "M-2", "note": "new"}
        )
        self.eve = await a_profile(
            self.service, identities=[phone(EVE)], custom={"member": "M-3", "note": "old"}
        )
        for one in (self.ada, self.bob):
            given = {"profileId": one, **phone(DESK), "shared": True}
            await self.service.data(ADD, {"input": given})
        await merge(self.service, self.bob, self.eve)
        await self.service.data(RECORD, {"input": {"profileId": self.ada, **CALL}})
        return self

    async def database(self, store: Any) -> dict[str, list[dict[str, Any]]]:
        """All documents that hold indexes."""
        names = ("profiles", "identities", "interactionClaims")
        return {name: await store[name].find({}).sort("_id", 1).to_list() for name in names}

    async def check(self) -> None:
        """Everybody is still found, and nobody else can be what they are."""
        service = self.service
        assert [await owner(service, one) for one in (ADA, BOB, EVE)] == [
            self.ada,
            self.bob,
            self.bob,
        ]
        asked = {"channel": "EMAIL", "value": SAME_MAIL}
        assert (await service.data(WHO, asked))["identify"]["profile"]["id"] == self.ada
        desk = (await service.data(WHO, {"value": DESK}))["identify"]
        assert (desk["outcome"], desk["profile"]) == ("AMBIGUOUS", None)
        found = await self.supervisor.data(FIND, {"note": "likes tea"})
        assert [edge["node"]["id"] for edge in found["profiles"]["edges"]] == [self.ada]
        for taken in (
            {"identities": [phone(ADA)]},
            {"identities": [phone(EVE)]},
            {"identities": [{"channel": "EMAIL", "value": SAME_MAIL}]},
            {"custom": {"member": "M-1"}},
            {"custom": {"member": "M-3"}},
        ):
            assert code(await service.ask(CREATE, {"input": taken})) == "CONFLICT", taken
        again = {"profileId": self.bob, **CALL}
        assert code(await service.ask(RECORD, {"input": again})) == "CONFLICT"


def code(answer: dict[str, Any]) -> str | None:
    """The code of an answer's error."""
    errors = answer.get("errors")
    return errors[0]["extensions"]["code"] if errors else None


def versions(documents: dict[str, list[dict[str, Any]]]) -> set[int]:
    """The versions of keys that everything is indexed by."""
    found = [one["_id"] for one in documents["identities"] + documents["interactionClaims"]]
    for profile in documents["profiles"]:
        for item in profile.get("identities", ()):
            found += [item["index"], *item.get("others", ())]
            found += [item[name] for name in ("wide",) if name in item]
            found += item.get("wideOthers", ())
        for part in ("claims", "reserved"):
            found += [index for kept in profile.get(part, {}).values() for index in kept]
        found += profile.get("shared", ())
        for kept in profile.get("search", {}).values():
            for text in kept if isinstance(kept, list) else [kept]:
                _, field, key, *_ = text.split("\t")
                if field.endswith("~") and key:
                    found.append(key)
    return {base64.urlsafe_b64decode(one.rpartition("/")[2] + "=")[0] for one in found}


@pytest_asyncio.fixture(loop_scope="session")
async def world(document_server, tmp_path, tenant):
    async with gateway_of(document_server, tmp_path, tenant, cached_s=SOON_S) as gateway:
        yield await World(gateway, tenant).filled()


async def test_everything_is_found_by_a_new_index_key_alone_and_the_former_one_is_gone(world):
    async with rotation_of(world.gateway) as rotation, stored(world) as (store, keyring):
        before = await world.database(store)
        shown = [await whole(world.service, one) for one in (world.ada, world.bob)]
        done = await rotation.index_keys([world.tenant])
        after = await world.database(store)
        keys = await keyring[TENANTS].find({"purpose": INDEX}).to_list()

    assert (done.tenants, done.profiles, done.left) == (1, 3, 0)
    assert (versions(before), versions(after)) == ({1}, {2})
    assert [key["version"] for key in keys] == [2]
    assert {name: len(kept) for name, kept in after.items()} == {
        name: len(kept) for name, kept in before.items()
    }
    assert [as_kept(one) for one in after["profiles"]] == [
        as_kept(one) for one in before["profiles"]
    ]
    assert [await whole(world.service, one) for one in (world.ada, world.bob)] == shown
    await world.check()


async def test_what_was_one_person_is_two_again_after_a_rotation(world):
    async with rotation_of(world.gateway) as rotation:
        await rotation.index_keys([world.tenant])

    await unmerge(world.service, world.eve)

    assert await owner(world.service, EVE) == world.eve
    given = {"custom": {"member": "M-3"}}
    assert code(await world.service.ask(CREATE, {"input": given})) == "CONFLICT"


async def test_what_is_given_up_after_a_rotation_can_be_another_s(world):
    async with rotation_of(world.gateway) as rotation:
        await rotation.index_keys([world.tenant])

    for one in (world.ada, world.bob):
        await world.service.data(REMOVE, {"input": {"profileId": one, **phone(DESK)}})
    await world.service.data(REMOVE, {"input": {"profileId": world.ada, **phone(ADA)}})
    other = await a_profile(world.service, identities=[phone(ADA), phone(DESK)])

    assert await owner(world.service, ADA) == await owner(world.service, DESK) == other


async def test_a_second_rotation_goes_on_from_the_first(world):
    async with rotation_of(world.gateway) as rotation, stored(world) as (store, _):
        for _ in range(2):
            await rotation.index_keys([world.tenant])
        assert versions(await world.database(store)) == {3}

    await world.check()


async def test_doubles_are_suggested_after_a_rotation(world):
    double = {"name": {"given": "Grace", "family": "Hopper"}, "birthDate": "1906-12-09"}
    one = await a_profile(world.service, **double)
    async with rotation_of(world.gateway) as rotation:
        await rotation.index_keys([world.tenant])
    other = await a_profile(world.service, **double)

    data = await world.supervisor.data(SUGGESTED, {"id": one})

    assert [item["profile"]["id"] for item in data["profile"]["suggestions"]] == [other]


async def test_a_profile_that_cannot_be_opened_keeps_the_former_key_and_is_told_of(world):
    async with rotation_of(world.gateway) as rotation, stored(world) as (store, keyring):
        held = await keyring[PROFILES].find_one({"_id": f"{world.tenant}/{world.ada}"})
        damaged = [{**entry, "key": secrets.token_bytes(60)} for entry in held["keys"]]
        key = {"_id": held["_id"]}
        await keyring[PROFILES].update_one(key, {"$set": {"keys": damaged}})
        done = await rotation.index_keys([world.tenant])
        keys = await keyring[TENANTS].find({"purpose": INDEX}).to_list()
        assert (done.left, [one["version"] for one in keys]) == (1, [1, 2])
        assert await owner(world.service, ADA) == world.ada

        await keyring[PROFILES].update_one(key, {"$set": {"keys": held["keys"]}})
    async with rotation_of(world.gateway) as rotation, stored(world) as (store, keyring):
        again = await rotation.index_keys([world.tenant])
        assert again.left == 0
        assert versions(await world.database(store)) == {2}


@pytest_asyncio.fixture(loop_scope="session", params=["unknown", "unused", "gone"])
async def two_gateways(request, document_server, tmp_path, tenant):
    """The first knows less of the new index key than the second, or more of the former one."""
    async with gateway_of(document_server, tmp_path, tenant, cached_s=SOON_S) as filling:
        world = await World(filling, tenant).filled()
    async with (
        gateway_of(document_server, tmp_path, tenant, cached_s=LONG_S) as first,
        rotation_of(first) as rotation,
        stored(world) as (_, keyring),
    ):
        one, other = World(first, tenant), World(first, tenant)
        one.ada, one.bob = other.ada, other.bob = world.ada, world.bob
        if request.param == "unknown":
            await owner(one.service, ADA)  # it keeps what it knows now
        later = datetime.now(UTC) + timedelta(hours=1)
        await rotation._keyring.add_tenant_key(tenant, INDEX, 2, later)
        await owner(one.service, ADA)
        if request.param == "unused":
            key = {"_id": f"{tenant}/{INDEX}/000002"}
            await keyring[TENANTS].update_one(key, {"$unset": {"usedFrom": ""}})
        if request.param == "gone":
            await rotation.index_keys([tenant])
        async with gateway_of(document_server, tmp_path, tenant, cached_s=LONG_S) as second:
            other.service = second.as_role("service", tenant=tenant)
            other.supervisor = second.as_role("supervisor", tenant=tenant)
            yield one, other


async def test_nobody_is_two_people_where_only_one_gateway_knows_the_new_key(two_gateways):
    first, second = two_gateways
    await second.service.data(CREATE, {"input": {"identities": [phone(NEW)]}})

    await first.check()
    await second.check()

    assert await owner(first.service, NEW) == await owner(second.service, NEW)
    for one in (first, second):
        taken = {"identities": [phone(NEW)]}
        assert code(await one.service.ask(CREATE, {"input": taken})) == "CONFLICT"


async def test_what_one_gateway_gives_up_the_other_can_take_whichever_keys_they_know(two_gateways):
    first, second = two_gateways
    for gives, takes in ((first, second), (second, first)):
        held = await owner(gives.service, ADA)
        await gives.service.data(REMOVE, {"input": {"profileId": held, **phone(ADA)}})
        taken = await a_profile(takes.service, identities=[phone(ADA)])
        assert await owner(gives.service, ADA) == await owner(takes.service, ADA) == taken


async def test_an_import_knows_whom_gateways_know_whichever_keys_they_know(two_gateways, tmp_path):
    first, second = two_gateways
    rows = [
        {"identities.VOICE": f"{DESK};{NEW}"},
        {"identities.VOICE": ADA, "custom.note": "likes coffee"},
        {"identities.EMAIL": SAME_MAIL, "custom.member": "M-3"},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))

    outcome = await imported(second, file)

    assert (outcome.created, outcome.updated, outcome.bad) == (1, 1, 1)
    new = await owner(first.service, NEW)
    assert new == await owner(second.service, NEW)
    assert new not in {None, first.ada, first.bob}
    for one in (first, second):
        desk = (await one.service.data(WHO, {"value": DESK}))["identify"]
        assert (desk["outcome"], desk["profile"]) == ("AMBIGUOUS", None)
    found = await second.supervisor.data(FIND, {"note": "likes coffee"})
    assert [edge["node"]["id"] for edge in found["profiles"]["edges"]] == [first.ada]


async def imported(world, file):
    """What becomes of a file that is imported by what a gateway knows."""
    order = Order(
        file=file,
        tenant=world.tenant,
        format=Format.JSONL,
        dead_letters=file.with_suffix(".dead"),
        normalising=Normalising(email_providers=True),
    )
    settings = world.gateway.gateway.settings
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        return await import_rows(order, store, sealing, lambda *_: None)


async def test_an_identity_is_seen_and_kept_once_by_gateways_that_know_different_keys(two_gateways):
    first, second = two_gateways
    for one in (first, second, first):
        given = {"channel": "VOICE", "value": NEW}
        data = await one.service.data(RECOGNISE, {"input": given})
        id_ = data["recogniseCustomer"]["profile"]["id"]
        more = {"profileId": id_, **phone(NEW)}
        data = await one.service.data(ADD, {"input": more})
        assert len(data["addIdentity"]["profile"]["identities"]) == 1
    async with stored(first) as (store, _):
        [item] = (await store["profiles"].find_one({"id": id_}))["identities"]
    assert item["lastSeenAt"] > item["firstSeenAt"]


@asynccontextmanager
async def stored(world: World) -> AsyncIterator[Any]:
    """The databases of the profiles and of the keyring."""
    async with attached_store(world.gateway.gateway.settings) as store:
        database = store.database
        yield database, store.client[f"{database.name}-keyring"]


def as_kept(profile: dict[str, Any]) -> dict[str, Any]:
    """A profile's document without what a rotation changes, but for how much of it there is."""
    lengths = {
        name: len(profile.get(name, ()))
        for name in ("identities", "claims", "reserved", "shared", "blocks", "grams")
    }
    rest = {
        name: value
        for name, value in profile.items()
        if name not in {*lengths, "search", "indexedBy", "custom", "name", "own"}
    }
    return rest | {"lengths": lengths, "slots": sorted(profile.get("search", {}))}
