"""Rules of the store: what its queries may hold, whose documents they find, what comes back."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import bson
import pytest
import pytest_asyncio
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from app.key_settings import SealedClass
from app.store.client import open_client
from app.store.documents import from_document, to_document
from app.store.indexes import INDEXES, create_indexes, missing_indexes
from app.store.items import identity_document
from app.store.names import key_of
from app.store.profiles import MongoProfiles
from app.store.search import base_of, end_of, kept_keys, walked
from graph.errors import Conflict
from graph.model.channel import Channel
from graph.model.filter import All, Condition, Operator
from graph.model.identity import Identity, IdentityName
from graph.model.ids import new_id
from graph.model.profile import Link, PersonName, Profile, ProfileState
from graph.model.search import BY_ID, BY_STATE, BY_UPDATED_AT, MERGED_ID, Findable
from graph.ports import Found, NamedIdentity, Recognition
from policies.classification import DataClass
from policies.plan import Scope
from tests.support.authors import TESTER
from tests.support.sealing import a_seal, a_sealing, a_tenant_seal

EVERYTHING = frozenset(DataClass[name] for name in get_args(SealedClass))
OPENED = {
    *("name.given", "name.family", "birth_date", "gender", "language"),
    *("identities.value", "identities.raw"),
}
WHOLE = {"name", "birth_date", "gender", "language", "identities", "links", "state"}
NOTHING = Findable()
AS_STORED = CodecOptions(tz_aware=True, tzinfo=UTC)

tenants = st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True)
texts = st.one_of(
    st.text(max_size=20), st.sampled_from(["$gt", "$where", "a.b", "/", "../x", "^a", "\0"])
)
# Whole milliseconds from 1850 to 2999: finer instants aren't kept.
instants = st.integers(-3_786_912_000_000, 32_472_144_000_000).map(
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)


@given(tenants, texts, tenants, texts)
def test_two_keys_are_one_only_where_tenant_and_id_are(tenant, own, other, its):
    assert (key_of(tenant, own) == key_of(other, its)) is ((tenant, own) == (other, its))


@given(tenants, tenants, st.sampled_from([BY_ID, BY_STATE, BY_UPDATED_AT]), texts)
def test_search_keys_lie_among_those_of_their_own_tenant_alone(tenant, other, place, key):
    kept = kept_keys(other, "x", place, [key])
    begin = base_of(tenant, place)

    assert (begin <= kept < end_of(begin)) is (tenant == other)


@given(tenants, tenants, st.sampled_from([BY_ID, MERGED_ID]))
def test_walking_through_a_tenant_meets_nobody_of_another(tenant, other, place):
    kept = kept_keys(other, "x", place, [new_id()])
    ((begin, end),) = [tuple(found.values()) for found in walked(tenant).values()]

    assert (begin < kept < end) is (tenant == other)


@given(tenants, tenants, st.sampled_from(["phone", "email", "x"]), texts)
def test_an_identity_has_another_name_in_each_tenant_and_tells_nobody_its_value(
    tenant, other, kind, value
):
    name = a_tenant_seal(tenant).index(IdentityName(kind, value))

    assert re.fullmatch(rf"{kind}/[A-Za-z0-9_-]{{20,}}", name)
    assert a_tenant_seal(other, key=b"o" * 32).index(IdentityName(kind, value)) != name


some = st.none() | st.text(min_size=1, max_size=30)
identities = st.builds(
    Identity,
    channel=st.sampled_from(Channel),
    value=st.text(min_size=1),
    raw=some,
    verified=st.booleans(),
    primary=st.booleans(),
    source=some,
    first_seen_at=st.none() | instants,
    last_seen_at=st.none() | instants,
)
links = st.builds(Link, source=st.text(), object=st.text(), record_id=st.text())
custom = st.one_of(
    st.text(max_size=30), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False)
)
profiles = st.builds(
    Profile,
    id=st.builds(new_id),
    version=st.integers(1, 2**31),
    state=st.sampled_from(ProfileState),
    created_at=st.none() | instants,
    updated_at=st.none() | instants,
    name=st.builds(PersonName, given=some, family=some).map(
        lambda name: name if name.full else None
    ),
    birth_date=st.none() | st.dates(date(1850, 1, 1)),
    gender=some,
    language=some,
    identities=st.lists(identities, max_size=4).map(tuple),
    links=st.lists(links, max_size=4).map(tuple),
    custom=st.dictionaries(st.builds(new_id), custom, max_size=4),
)


@given(profiles, tenants)
def test_a_profile_comes_back_from_its_document_as_it_was(profile, tenant):
    seal = a_seal(profile.id, a_tenant_seal(tenant, EVERYTHING))
    entries = [
        identity_document(one, {"index": f"index-{n}"}, seal)
        for n, one in enumerate(profile.identities)
    ]
    found = Findable(sealed=frozenset(profile.custom))
    document = to_document(profile, entries, seal, found)

    read = bson.decode(bson.encode(document), AS_STORED)

    assert from_document(read, seal, OPENED) == profile
    assert (read["tenant"], read["_id"]) == (tenant, f"{tenant}/{profile.id}")
    assert None not in read.values()


@pytest_asyncio.fixture
async def database(document_server, tenant):
    """A database of the test's own, dropped when it ends."""
    async with open_client(document_server.uri, 5) as client:
        yield client[tenant]
        await client.drop_database(tenant)


@pytest.fixture
def store(database) -> MongoProfiles:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return MongoProfiles(database.client, database, a_sealing(database), lambda: moment)


def named(value: str) -> NamedIdentity:
    identity = Identity(channel=Channel.VOICE, value=value)
    return NamedIdentity(IdentityName("phone", value), identity)


def a_profile(**more: Any) -> Profile:
    return Profile(id=new_id(), version=1, **more)


async def test_every_declared_index_is_made_and_a_missing_one_is_named(database):
    declared = sorted(
        f"{collection}.{index.document['name']}"
        for collection, indexes in INDEXES.items()
        for index in indexes
    )
    before = sorted(await missing_indexes(database))
    await create_indexes(database)
    await create_indexes(database)
    made = await missing_indexes(database)
    await database.profiles.drop_index("search_family")

    assert before == declared
    assert made == []
    assert await missing_indexes(database) == ["profiles.search_family"]


async def test_a_former_id_answers_with_the_surviving_profile(store, database):
    here, there = Scope("here"), Scope("there")
    ada, grace = a_profile(gender="x"), a_profile(gender="y")
    for profile in (ada, grace):
        await store.create(profile, NOTHING, [], here, TESTER)
    former = new_id()
    await database.aliases.insert_one(
        {"_id": f"here/{former}", "tenant": "here", "former": former, "profile": ada.id}
    )

    found = await store.get_many([former, grace.id, ada.id, former, new_id()], here, {"gender"})

    assert [one and (one.id, one.gender) for one in found] == [
        (ada.id, "x"),
        (grace.id, "y"),
        (ada.id, "x"),
        (ada.id, "x"),
        None,
    ]
    assert await store.get_many([former, ada.id], there, {"gender"}) == [None, None]


async def test_only_what_is_asked_for_is_read(store):
    scope = Scope("here")
    ada = a_profile(gender="x", language="en", custom={"a": 1, "b": 2})
    await store.create(ada, NOTHING, [named("+12025550143")], scope, TESTER)

    (found,) = await store.get_many([ada.id], scope, {"gender", "custom.a"})

    assert found == Profile(id=ada.id, version=1, gender="x", custom={"a": 1})


async def test_another_tenants_scope_finds_nothing_by_any_id(store):
    here, there = Scope("here"), Scope("her")
    ada = a_profile(state=ProfileState.IDENTIFIED)
    await store.create(ada, NOTHING, [named("+12025550143")], here, TESTER)
    guesses = [ada.id, f"here/{ada.id}", f"../here/{ada.id}", f"e/{ada.id}", "", "/"]
    by_id = Condition(BY_ID, Operator.IN, tuple(guesses))

    assert await store.get_many(guesses, there, WHOLE) == [None] * 6
    assert await store.page(there, by_id, None, first=10, after=None, attributes=WHOLE) == []
    assert await store.count(there, All()) == 0
    assert await store.find(named("+12025550143").name, there) == Found()
    assert await store.count(here, by_id) == 1


async def test_a_creation_that_the_driver_repeats_is_one(store, database):
    scope = Scope("here")
    ada = a_profile()

    await store.create(ada, NOTHING, [named("+12025550143")], scope, TESTER)
    await store.create(ada, NOTHING, [named("+12025550143")], scope, TESTER)
    again = await store.recognise(ada, NOTHING, named("+12025550143"), scope, TESTER)
    with pytest.raises(Conflict):
        await store.create(a_profile(), NOTHING, [named("+12025550143")], scope, TESTER)

    assert again == Recognition(ada.id, is_new=True)
    assert await database.profiles.count_documents({}) == 1
    assert await database.identities.count_documents({}) == 1
