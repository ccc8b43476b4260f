"""Profiles are sealed anew together, and one by one where others are changing them."""

import asyncio
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from app.keyring.keyring import PROFILES as KEPT_KEYS
from app.keyring.keyring import Keyring
from app.keyring.root_keys import LocalRootKey, RootKeys
from app.store.changes import Changes
from app.store.client import open_client
from app.store.names import PROFILES
from app.store.profiles import MongoProfiles
from app.store.rotation import Rotation
from app.store.rotation_steps import is_written_together
from app.store.sealing import Sealing, generations_of
from graph.model.channel import Channel
from graph.model.identity import Identity, identity_name
from graph.model.profile import Profile, ProfileState
from graph.model.search import Findable
from graph.ports import NamedIdentity
from policies.plan import Scope
from tests.support.authors import TESTER

PEOPLE = 3
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest_asyncio.fixture
async def database(document_server, tenant):
    async with open_client(document_server.uri, 20) as client:
        yield client[tenant]
        await client.drop_database(tenant)
        await client.drop_database(f"{tenant}-keyring")


def a_sealing(database) -> Sealing:
    """Seals whose keyring keeps nothing in memory."""
    roots = RootKeys(LocalRootKey(b"k" * 32))
    beside = database.client[f"{database.name}-keyring"]
    return Sealing(Keyring(beside, roots, lambda: NOW, cached_s=0), lambda _: frozenset())


async def people(database, scope) -> dict[str, str]:
    """Profiles with an address each, by id."""
    changes = Changes(database.client, database, a_sealing(database), lambda: NOW)
    found = {f"P{number}": f"a{number}@example.org" for number in range(PEOPLE)}
    for id_, address in found.items():
        profile = Profile(id=id_, version=1, state=ProfileState.IDENTIFIED, created_at=NOW)
        name = identity_name(Channel.EMAIL, address, "US")
        identity = NamedIdentity(name, Identity(channel=Channel.EMAIL, value=address))
        await changes.insert(profile, Findable(), [identity], scope, TESTER)
    return found


async def test_what_somebody_changed_since_it_was_read_is_not_written_and_nothing_else_is(database):
    notes = database["notes"]
    await notes.insert_many([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}])

    async def doubled(session) -> None:
        read = await notes.find({}, session=session).to_list()
        if is_disturbed:
            await notes.update_one({"_id": "b"}, {"$set": {"n": 5}})
        for note in read:
            change = {"$set": {"n": note["n"] * 2}}
            await notes.update_one({"_id": note["_id"]}, change, session=session)

    is_disturbed = True
    disturbed = await is_written_together(database, doubled)
    between = await notes.find({}).sort("_id", 1).to_list()
    is_disturbed = False
    alone = await is_written_together(database, doubled)

    assert (disturbed, alone) == (False, True)
    assert [note["n"] for note in between] == [1, 5]
    assert [note["n"] for note in await notes.find({}).sort("_id", 1).to_list()] == [2, 10]


@pytest.mark.parametrize("of", ["profiles", "keys"])
async def test_profiles_get_new_keys_one_by_one_while_somebody_is_changing_one(
    database, tenant, of
):
    known = await people(database, Scope(tenant))
    keyring = database.client[f"{tenant}-keyring"][KEPT_KEYS]
    contested = {"profiles": database[PROFILES], "keys": keyring}[of]
    key, first = {"_id": f"{tenant}/P1"}, {"_id": f"{tenant}/P0"}
    before = await contested.find_one(first)
    async with database.client.start_session() as other:
        async with await other.start_transaction():
            await contested.update_one(key, {"$inc": {"version": 1}}, session=other)
            rotation = Rotation(database, a_sealing(database), margin_s=0)
            running = asyncio.create_task(rotation.profile_keys([tenant]))
            # The first one is done while the second one can't be.
            async with asyncio.timeout(30):
                while await contested.find_one(first) == before:
                    pass
        done = await running

    assert (done.profiles, done.left) == (PEOPLE, 0)
    documents = await database[PROFILES].find({}).to_list()
    assert [generations_of(document) for document in documents] == [{2}] * PEOPLE
    kept = await keyring.find({}).to_list()
    assert [[one["generation"] for one in held["keys"]] for held in kept] == [[2]] * PEOPLE
    profiles = MongoProfiles(database.client, database, a_sealing(database), lambda: NOW)
    wanted = frozenset({"identities", "identities.value"})
    read = await profiles.get_many(list(known), Scope(tenant), wanted)
    assert {one.id: one.identities[0].value for one in read} == known
