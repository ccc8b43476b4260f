"""Keys of tenants and profiles, kept by a real server: made once, read at once, found out."""

import asyncio
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime
from functools import partial

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient, monitoring
from pymongo.asynchronous.database import AsyncDatabase

from app.keyring.envelope import ValueDamaged
from app.keyring.errors import RootKeyMissing
from app.keyring.keyring import DATA, PROFILES, TENANTS, Document, Keyring
from app.keyring.profile_keys import key_id, next_key
from app.keyring.root_keys import LocalRootKey, RootKeys
from app.keys import KeyTrouble
from app.store.sealing import Sealing
from graph.errors import Erased
from policies.unreadable import Unreadable
from tests.support.sealing import BY_DEFAULT
from tests.support.stored_alike import is_among

NOW = datetime(2026, 11, 27, tzinfo=UTC)
ROOT = LocalRootKey(b"k" * 32)
PLACE = "gender"
WITHIN_S = 10

mutated = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Commands(monitoring.CommandListener):
    """What a client asks of keyrings: `command collection`, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name.endswith("-keyring"):
            self.seen.append(f"{event.command_name} {event.command[event.command_name]}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest_asyncio.fixture
async def kept(document_server, tenant, commands):
    """The database of a keyring of the test's own."""
    uri = document_server.uri
    async with AsyncMongoClient(uri, tz_aware=True, event_listeners=[commands]) as client:
        yield client[f"{tenant}-keyring"]
        await client.drop_database(f"{tenant}-keyring")


def a_keyring(kept: AsyncDatabase[Document], cached_s: float = 60) -> Keyring:
    """The keyring as one gateway has it."""
    return Keyring(kept, RootKeys(ROOT), lambda: NOW, cached_s)


def a_gateway(kept: AsyncDatabase[Document], cached_s: float = 60) -> Sealing:
    return Sealing(a_keyring(kept, cached_s), lambda _: BY_DEFAULT)


async def sealed_for(sealing: Sealing, tenant: str, profile: str) -> Document:
    """A profile's document with one sealed value, which says whose it is."""
    seal = await sealing.written(tenant, profile)
    return {"id": profile, PLACE: seal.seal(PLACE, f"{tenant} {profile}")}


async def opened(sealing: Sealing, tenant: str, documents: Iterable[Document]) -> list[object]:
    """What the sealed values of documents read as."""
    found = list(documents)
    seals = await sealing.read(tenant, found)
    return [seals[one["id"]].opened(PLACE, one[PLACE]) for one in found]


async def insert_new(keyring: Keyring, tenant: str, profiles: Iterable[str]) -> None:
    keys = await keyring.tenant(tenant)
    documents = [keyring.new(keys, one)[0] for one in profiles]
    async with keyring.database.client.start_session() as session:
        await keyring.insert(documents, session)


async def add_generation(keyring: Keyring, tenant: str, profile: str, generation: int) -> None:
    entry, _ = next_key(await keyring.tenant(tenant), profile, generation)
    key = {"_id": key_id(tenant, profile)}
    await keyring.database[PROFILES].update_one(key, {"$push": {"keys": entry}})


async def test_gateways_that_begin_together_agree_on_the_keys_of_a_tenant(kept):
    gateways = [a_keyring(kept) for _ in range(8)]

    found = await asyncio.gather(*(one.tenant("acme") for one in gateways for _ in range(3)))

    assert len({one.wrapping[1] for one in found}) == len({one.indexing[1] for one in found}) == 1
    assert await kept[TENANTS].count_documents({}) == 2


async def test_tenants_and_their_purposes_have_keys_of_their_own(kept):
    keyring = a_keyring(kept)

    found = [await keyring.tenant(tenant) for tenant in ("acme", "acm", "acme-2")]

    assert len({key for one in found for key in (one.wrapping[1], one.indexing[1])}) == 6


async def test_gateways_that_write_to_a_profile_together_agree_on_its_key(kept):
    gateways = [a_gateway(kept) for _ in range(6)]

    documents = await asyncio.gather(*(sealed_for(one, "acme", "ada") for one in gateways))

    for gateway in (*gateways, a_gateway(kept)):
        for document in documents:
            assert await opened(gateway, "acme", [document]) == ["acme ada"]
    assert await kept[PROFILES].count_documents({}) == 1


async def test_the_keys_of_a_page_are_one_read_and_those_in_memory_none(kept, commands):
    ids = [f"p{number}" for number in range(25)]
    writer = a_gateway(kept)
    await insert_new(writer.keyring, "acme", ids)
    documents = [await sealed_for(writer, "acme", one) for one in ids]
    reader = a_gateway(kept)
    commands.seen.clear()

    found = await opened(reader, "acme", documents)
    again = await opened(reader, "acme", documents)

    assert found == again == [f"acme {one}" for one in ids]
    assert commands.seen == ["find tenants", "find profiles"]


async def test_profiles_without_a_sealed_value_need_no_keys(kept, commands):
    document = {"id": "ada", "state": "IDENTIFIED", "custom": {"a": [1]}}

    await a_gateway(kept).read("acme", [document])

    assert "find profiles" not in commands.seen


async def test_no_more_than_ten_thousand_profiles_keys_are_in_memory(kept, commands):
    keyring = a_keyring(kept)
    keys = await keyring.tenant("acme")
    first, _ = keyring.new(keys, "first")
    await kept[PROFILES].insert_one(first)
    for number in range(10_000):
        keyring.new(keys, f"p{number}")
    commands.seen.clear()

    assert set(await keyring.profiles("acme", ["p1", "p9999"])) == {"p1", "p9999"}
    assert commands.seen == []
    assert list(await keyring.profiles("acme", ["first"])) == ["first"]
    assert commands.seen == ["find profiles"]


async def test_keys_are_read_anew_when_their_time_is_over(kept, commands):
    keyring = a_keyring(kept, cached_s=0)
    await insert_new(keyring, "acme", ["ada"])
    commands.seen.clear()

    for _ in range(2):
        await keyring.profiles("acme", ["ada"])

    assert commands.seen.count("find profiles") == 2
    assert commands.seen.count("find tenants") >= 2


async def test_what_was_destroyed_is_erased_at_once_here_and_at_gateways_that_never_saw_it(kept):
    here, seen = a_gateway(kept), a_gateway(kept)
    documents = [await sealed_for(here, "acme", one) for one in ("ada", "grace")]
    await opened(seen, "acme", documents)

    await here.keyring.destroy("acme", "ada")

    assert await opened(here, "acme", documents) == [Unreadable.ERASED, "acme grace"]
    assert await opened(a_gateway(kept), "acme", documents) == [Unreadable.ERASED, "acme grace"]
    assert await opened(seen, "acme", documents) == ["acme ada", "acme grace"]


async def test_what_was_destroyed_is_erased_elsewhere_when_the_time_in_memory_is_over(kept):
    here, elsewhere = a_gateway(kept), a_gateway(kept, cached_s=0.2)
    document = await sealed_for(here, "acme", "ada")
    await opened(elsewhere, "acme", [document])

    await here.keyring.destroy("acme", "ada")

    found: list[object] = ["acme ada"]
    async with asyncio.timeout(WITHIN_S):
        while found == ["acme ada"]:
            found = await opened(elsewhere, "acme", [document])
    assert found == [Unreadable.ERASED]


async def test_of_destroyed_keys_nothing_is_left_but_when(kept):
    keyring = a_keyring(kept)
    await insert_new(keyring, "acme", ["ada"])

    await keyring.destroy("acme", "ada")

    whose = {"_id": "acme/ada", "tenant": "acme", "profile": "ada"}
    left = {**whose, "keys": [], "madeAt": NOW, "destroyedAt": NOW}
    assert await kept[PROFILES].find().to_list() == [left]


@pytest.mark.parametrize("had_keys", [True, False])
async def test_nothing_can_be_sealed_for_a_profile_whose_keys_were_destroyed(kept, had_keys):
    here = a_gateway(kept)
    if had_keys:
        await sealed_for(here, "acme", "ada")
    await here.keyring.destroy("acme", "ada")
    await here.keyring.destroy("acme", "ada")

    for gateway in (here, a_gateway(kept)):
        with pytest.raises(Erased):
            await sealed_for(gateway, "acme", "ada")
    assert await kept[PROFILES].count_documents({"keys": {"$ne": []}}) == 0


async def test_a_generation_that_another_gateway_has_made_is_known_at_once(kept):
    here, elsewhere = a_gateway(kept), a_gateway(kept)
    old = await sealed_for(here, "acme", "ada")
    await opened(elsewhere, "acme", [old])

    await add_generation(here.keyring, "acme", "ada", 2)
    new = await sealed_for(a_gateway(kept), "acme", "ada")

    assert (old[PLACE][4], new[PLACE][4]) == (1, 2)
    assert await opened(elsewhere, "acme", [old]) == ["acme ada"]
    assert await opened(elsewhere, "acme", [new]) == ["acme ada"]


async def test_a_version_of_a_tenant_s_key_that_another_gateway_has_made_is_known_at_once(kept):
    elsewhere = a_gateway(kept)
    await elsewhere.tenant("acme")

    await a_keyring(kept).add_tenant_key("acme", DATA, 2)
    document = await sealed_for(a_gateway(kept), "acme", "ada")

    assert await kept[PROFILES].count_documents({"keys.by": 2}) == 1
    assert await opened(elsewhere, "acme", [document]) == ["acme ada"]


async def test_a_root_key_that_is_missing_is_named_and_so_is_where_it_was_looked_for(kept):
    await a_keyring(kept).tenant("acme")
    place = "keys.root (env:NEW_ROOT)"
    roots = RootKeys(LocalRootKey(b"n" * 32), looked_in=[place])

    with pytest.raises(RootKeyMissing) as missing:
        await Keyring(kept, roots, lambda: NOW).tenant("acme")

    assert (ROOT.id in str(missing.value), place in str(missing.value)) == (True, True)


Kept = list[Document]
JUNK = (
    *(None, True, False, 0, -1, 1, 2, 3, 1.0, 0.5, 2**40, "", "1", "x", b"", b"x", bytes(60)),
    *({}, {"generation": 1}, [1], ["x"], [None], [{}], [[]], [{"generation": 1}], NOW),
)
WHOSE = [("acme", "ada"), ("acme", "bob"), ("beta", "ada")]


@pytest_asyncio.fixture
async def sealed(kept) -> dict[tuple[str, str], Kept]:
    """Three profiles' documents, by tenant and profile: one for each of two generations."""
    sealing, found = a_gateway(kept), {}
    await sealing.tenant("acme")
    await sealing.keyring.add_tenant_key("acme", DATA, 2)
    sealing.keyring.expire("acme")
    for tenant, profile in WHOSE:
        old = await sealed_for(sealing, tenant, profile)
        await add_generation(sealing.keyring, tenant, profile, 2)
        sealing.keyring.forget(tenant, profile)
        found[tenant, profile] = [old, await sealed_for(sealing, tenant, profile)]
    return found


@pytest_asyncio.fixture
async def before(kept, sealed) -> dict[str, Kept]:
    """What the keyring keeps of them, by collection: two tenants, one of them with two versions."""
    assert len(sealed) == len(WHOSE)
    return {name: await kept[name].find().sort("_id", 1).to_list() for name in (PROFILES, TENANTS)}


async def put(kept: AsyncDatabase[Document], collection: str, documents: Kept) -> None:
    for document in documents:
        await kept[collection].replace_one({"_id": document["_id"]}, document)


def swapped(documents: Kept, one: int, other: int, names: Iterable[str]) -> None:
    """Swap what two documents hold under some names."""
    first, second = documents[one], documents[other]
    for name in names:
        second[name], first[name] = first.pop(name), second.pop(name)


def with_other_bit(content: bytes, bit: int) -> bytes:
    number = int.from_bytes(content, "big") ^ 1 << bit
    return number.to_bytes(len(content), "big")


def changed_part(data: st.DataObject, entry: Document) -> None:
    """Flip a bit of a wrapped key, or take away or replace a part of what is kept with it."""
    name = data.draw(st.sampled_from(sorted(entry.keys() - {"_id"})))
    kept = entry.pop(name)
    if type(kept) is bytes and data.draw(st.booleans()):
        entry[name] = with_other_bit(kept, data.draw(st.integers(0, 8 * len(kept) - 1)))
    elif data.draw(st.booleans()):
        entry[name] = data.draw(st.sampled_from(JUNK))


def with_profile_keys_changed(data: st.DataObject, documents: Kept) -> Kept:
    """The documents of profiles' keys after one change."""
    changed = deepcopy(documents)
    one, other = data.draw(st.lists(st.integers(0, 2), min_size=2, max_size=2, unique=True))
    entries = [entry for document in changed for entry in document["keys"]]
    first, second = data.draw(st.lists(st.integers(0, 5), min_size=2, max_size=2, unique=True))
    junk = data.draw(st.sampled_from(JUNK))
    ways = {
        "documents": partial(swapped, changed, one, other, ["tenant", "profile", "keys"]),
        "lists": partial(swapped, changed, one, other, ["keys"]),
        "entries": partial(swapped, entries, first, second, ["generation", "by", "key"]),
        "keys": partial(swapped, entries, first, second, ["key"]),
        "generations": partial(swapped, changed[one]["keys"], 0, 1, ["generation"]),
        "part": partial(changed_part, data, entries[first]),
        "no list": partial(changed[one].pop, "keys"),
        "other list": partial(changed[one].update, {"keys": junk}),
        "other entry": partial(changed[one]["keys"].__setitem__, 0, junk),
        "twice": partial(changed[one]["keys"].append, {**entries[first], "by": junk}),
    }
    ways[data.draw(st.sampled_from(sorted(ways)))]()
    return changed


@mutated
@given(st.data())
async def test_keys_of_profiles_that_were_changed_open_what_they_did_or_nothing(
    kept, sealed, before, data
):
    changed = with_profile_keys_changed(data, before[PROFILES])
    await put(kept, PROFILES, changed)
    fresh = a_gateway(kept)
    as_ever = {one["_id"] for one in changed if is_among(one, before[PROFILES])}

    for (tenant, profile), documents in sealed.items():
        known = f"{tenant} {profile}"
        found = {
            *await opened(fresh, tenant, documents),
            *await sealed_anew(fresh, tenant, profile),
        }
        assert found == {known} or key_id(tenant, profile) not in as_ever
        assert found <= {known, Unreadable.DAMAGED}


async def sealed_anew(sealing: Sealing, tenant: str, profile: str) -> list[object]:
    """What is read of a value that was sealed just now; nothing where that is refused."""
    try:
        return await opened(sealing, tenant, [await sealed_for(sealing, tenant, profile)])
    except ValueDamaged:
        return []


def with_tenant_keys_changed(data: st.DataObject, documents: Kept) -> Kept:
    """The documents of tenants' keys after one change."""
    changed = deepcopy(documents)
    one, other = data.draw(st.lists(st.integers(0, 4), min_size=2, max_size=2, unique=True))
    if names := data.draw(st.sampled_from([None, ["key"], ["by", "key", "purpose", "version"]])):
        swapped(changed, one, other, names)
    else:
        changed_part(data, changed[one])
    return changed


@mutated
@given(st.data())
async def test_keys_of_tenants_that_were_changed_are_what_they_were_or_refused(kept, before, data):
    await put(kept, TENANTS, before[TENANTS])
    known = {tenant: await a_keyring(kept).tenant(tenant) for tenant, _ in WHOSE}
    changed = with_tenant_keys_changed(data, before[TENANTS])
    await put(kept, TENANTS, changed)
    touched = {one["tenant"] for one in before[TENANTS] if not is_among(one, changed)}

    for tenant, keys in known.items():
        try:
            found = await a_keyring(kept).tenant(tenant)
        except KeyTrouble:
            assert tenant in touched
        else:
            assert (found.wrapping, found.indexing) == (keys.wrapping, keys.indexing)
