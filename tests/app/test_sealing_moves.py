"""Sealed values that were moved, changed or not asked for, and what sealed fields are found by."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import bson
import pytest_asyncio
from bson.codec_options import CodecOptions
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.keyring.profile_keys import ProfileKeys
from app.store.client import open_client
from app.store.documents import from_document, to_document
from app.store.items import identity_document
from app.store.profiles import MongoProfiles
from app.store.sealing import ProfileSeal
from graph.model import search
from graph.model.channel import Channel
from graph.model.filter import Condition, Filter, Not, Operator, Place
from graph.model.identity import Identity
from graph.model.ids import new_id
from graph.model.profile import PersonName, Profile
from graph.model.search import BY_BIRTH_DATE, BY_FAMILY_NAME, BY_GIVEN_NAME, Findable
from policies.classification import DataClass
from policies.plan import Scope
from policies.unreadable import Unreadable
from tests.support.authors import TESTER
from tests.support.sealing import a_sealing, a_tenant_seal

EVERYTHING = frozenset(DataClass)
NOW = datetime(2026, 11, 27, tzinfo=UTC)
AS_STORED = CodecOptions[dict[str, Any]](tz_aware=True, tzinfo=UTC)
CUSTOM = {
    "text": "A-4711",
    "number": 4711,
    "amount": Decimal("12.50"),
    "point": {"latitude": 1.5, "longitude": -2.5},
    "list": ["a", "b"],
    "seen": NOW,
    "flag": True,
}
ASKED = frozenset(
    {
        *("name.given", "name.family", "birth_date", "gender", "language"),
        *("identities.value", "identities.raw", "custom"),
    }
)
SEALED_PARTS = ("value", "raw")
Path = tuple[str | int, ...]

laws = settings(max_examples=150, deadline=None)


class Counting:
    """A cipher that counts how often it is used."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.count = 0

    def encrypt(self, nonce: bytes, data: bytes, context: bytes | None) -> bytes:
        self.count += 1
        return self._cipher.encrypt(nonce, data, context)

    def decrypt(self, nonce: bytes, data: bytes, context: bytes | None) -> bytes:
        self.count += 1
        return self._cipher.decrypt(nonce, data, context)


def opened_by(seal: ProfileSeal) -> int:
    """How many values a seal of `a_seal` has opened."""
    return sum(cipher.count for cipher in seal.keys.ciphers.values())  # type: ignore[attr-defined]


def a_seal(tenant: str, profile: str, key: bytes, generation: int = 1) -> ProfileSeal:
    """A seal with two generations' keys, of which this one seals."""
    known: Mapping[int, Any] = {
        one: Counting(bytes([*key[1:], one])) for one in range(1, generation + 1)
    }
    return ProfileSeal(a_tenant_seal(tenant, EVERYTHING), profile, ProfileKeys(known))


def filled(seal: ProfileSeal) -> tuple[Profile, dict[str, Any]]:
    """A profile with a value in each place that is sealed, and its document as it is read."""
    identities = tuple(
        Identity(channel=channel, value=f"{seal.profile}-{number}@x.org", raw=f"Raw {number}")
        for number, channel in enumerate((Channel.EMAIL, Channel.EMAIL, Channel.VOICE, Channel.SMS))
    )
    # On VOICE and SMS they are one: an index of the store names both.
    indexes = ("email/a", "email/b", "phone/c", "phone/c")
    indexed = zip(identities, indexes, strict=True)
    entries = [identity_document(one, {"index": index}, seal) for one, index in indexed]
    profile = Profile(
        id=seal.profile,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        name=PersonName(given="Ada", family="Lovelace"),
        birth_date=date(1815, 12, 10),
        gender="female",
        language="en",
        identities=identities,
        custom=CUSTOM,
    )
    found = Findable(sealed=frozenset(CUSTOM))
    document = to_document(profile, entries, seal, found)
    return profile, bson.decode(bson.encode(document), AS_STORED)


def sealed_paths(document: object, path: Path = ()) -> Iterator[Path]:
    """Where in a document there are sealed values."""
    if type(document) is bytes:
        yield path
    elif isinstance(document, Mapping):
        for name, part in document.items():
            yield from sealed_paths(part, (*path, name))
    elif isinstance(document, list):
        for number, part in enumerate(document):
            yield from sealed_paths(part, (*path, number))


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def put(document: Any, path: Path, value: bytes) -> None:
    at(document, path[:-1])[path[-1]] = value


def with_unreadable(profile: Profile, path: Path) -> Profile:
    """The profile when what is kept at a path is damaged."""
    damaged: Any = Unreadable.DAMAGED
    match path:
        case ("identities", int(number), part):
            identities = list(profile.identities or ())
            identities[number] = replace(identities[number], **{str(part): damaged})
            return replace(profile, identities=tuple(identities))
        case ("name", part):
            assert profile.name is not None
            return replace(profile, name=replace(profile.name, **{str(part): damaged}))
        case ("custom", name):
            return replace(profile, custom={**(profile.custom or {}), name: damaged})
        case _:
            attribute = {"birthDate": "birth_date"}.get(str(path[0]), str(path[0]))
            return replace(profile, **{attribute: damaged})


SEALS = {
    "ada": a_seal("acme", "ada", b"a" * 32, 2),
    "ada before": a_seal("acme", "ada", b"a" * 32, 1),
    "grace": a_seal("acme", "grace", b"g" * 32, 2),
    "ada elsewhere": a_seal("beta", "ada", b"b" * 32, 2),
    "grace by ada's key": a_seal("acme", "grace", b"a" * 32, 2),
    "ada elsewhere by ada's key": a_seal("beta", "ada", b"a" * 32, 2),
}
WRITTEN = {name: filled(seal) for name, seal in SEALS.items()}
PATHS = sorted(sealed_paths(WRITTEN["ada"][1]), key=str)
places = st.sampled_from(PATHS)


def read(name: str, document: Mapping[str, Any]) -> Profile:
    return from_document(document, SEALS[name], ASKED)


def test_every_place_that_is_to_be_sealed_is_sealed_and_opens_as_it_was():
    profile, document = WRITTEN["ada"]

    assert set(PATHS) == {
        *(("identities", number, part) for number in range(4) for part in SEALED_PARTS),
        *(("name", "given"), ("name", "family"), ("birthDate",), ("gender",), ("language",)),
        *(("custom", name) for name in CUSTOM),
    }
    assert read("ada", document) == profile
    assert {at(document, path)[4] for path in PATHS} == {2}


@laws
@given(places, st.sampled_from(sorted(WRITTEN)), places)
def test_a_value_that_was_moved_to_another_place_is_damaged_and_nothing_else_is(there, owner, here):
    assume((owner, here) != ("ada", there))
    profile, document = WRITTEN["ada"]
    moved = deepcopy(document)
    put(moved, there, at(WRITTEN[owner][1], here))
    is_old = owner == "ada before" and here == there  # an older value of the place stays readable

    found = read("ada", moved)

    assert found == (profile if is_old else with_unreadable(profile, there))


@laws
@given(st.lists(places, min_size=2, max_size=2, unique=True))
def test_two_values_of_a_profile_that_were_swapped_are_both_damaged(two):
    profile, document = WRITTEN["ada"]
    swapped = deepcopy(document)
    for here, there in (two, two[::-1]):
        put(swapped, there, at(document, here))

    expected = with_unreadable(with_unreadable(profile, two[0]), two[1])

    assert read("ada", swapped) == expected


@laws
@given(places, st.sampled_from(sorted(WRITTEN)))
def test_two_profiles_values_of_one_place_that_were_swapped_are_both_damaged(place, other):
    assume(not other.startswith("ada") or "elsewhere" in other)
    profile, document = WRITTEN["ada"]
    other_profile, other_document = WRITTEN[other]
    one, two = deepcopy(document), deepcopy(other_document)
    put(one, place, at(other_document, place))
    put(two, place, at(document, place))

    assert read("ada", one) == with_unreadable(profile, place)
    assert read(other, two) == with_unreadable(other_profile, place)


changes = st.one_of(
    st.integers(0, 10_000).map(
        lambda bit: (
            lambda kept: (int.from_bytes(kept, "big") ^ 1 << bit % (8 * len(kept))).to_bytes(
                len(kept), "big"
            )
        )
    ),
    st.integers(0, 200).map(lambda end: lambda kept: kept[: end % len(kept)]),
    st.binary(min_size=1, max_size=40).map(lambda more: lambda kept: kept + more),
    st.binary(max_size=120).map(lambda other: lambda _: other),
    st.binary(max_size=60).map(lambda other: lambda kept: kept[:17] + other),
)


@laws
@given(places, changes)
def test_a_value_that_was_changed_is_damaged_and_nothing_else_is(place, change):
    profile, document = WRITTEN["ada"]
    changed = deepcopy(document)
    kept = at(document, place)
    put(changed, place, change(kept))
    assume(change(kept) != kept)

    assert read("ada", changed) == with_unreadable(profile, place)


@laws
@given(st.lists(places, max_size=4, unique=True), st.lists(places, max_size=4, unique=True))
def test_of_destroyed_keys_every_value_is_erased_and_of_unusable_ones_damaged(changed, moved):
    _, document = WRITTEN["ada"]
    mixed = deepcopy(document)
    for here, there in zip(changed, moved, strict=False):
        put(mixed, there, at(document, here))
    seals = {
        Unreadable.ERASED: replace(SEALS["ada"], keys=ProfileKeys({})),
        Unreadable.DAMAGED: replace(SEALS["ada"], keys=ProfileKeys({}, is_damaged=True)),
    }

    for expected, seal in seals.items():
        found = from_document(mixed, seal, ASKED)
        values = [found.birth_date, found.gender, found.language, *(found.custom or {}).values()]
        values += [getattr(one, part) for one in found.identities or () for part in SEALED_PARTS]
        assert set(map(str, values)) == {str(expected)}
        assert found.name is not None
        assert found.name.full is expected


@laws
@given(
    st.sets(st.sampled_from(sorted(ASKED - {"custom"}))), st.sets(st.sampled_from(sorted(CUSTOM)))
)
def test_only_what_is_asked_for_is_opened(core, custom):
    profile, document = WRITTEN["ada"]
    seal = a_seal("acme", "ada", b"a" * 32, 2)
    held = {**document, "custom": {name: document["custom"][name] for name in custom}}

    found = from_document(held, seal, core)

    assert profile.name is not None
    assert found == replace(
        profile,
        name=PersonName(
            given=profile.name.given if "name.given" in core else None,
            family=profile.name.family if "name.family" in core else None,
        ),
        birth_date=profile.birth_date if "birth_date" in core else None,
        gender=profile.gender if "gender" in core else None,
        language=profile.language if "language" in core else None,
        identities=tuple(
            replace(
                one,
                value=one.value if "identities.value" in core else None,
                raw=one.raw if "identities.raw" in core else None,
            )
            for one in profile.identities or ()
        ),
        custom={name: CUSTOM[name] for name in custom},
    )
    per_attribute = [4 if name.startswith("identities") else 1 for name in core]
    assert opened_by(seal) == sum(per_attribute) + len(custom)


def test_nothing_is_opened_where_nothing_sealed_is_asked_for():
    _, document = WRITTEN["ada"]
    seal = a_seal("acme", "ada", b"a" * 32, 2)
    asked = {"state", "created_at", "name", "identities", "identities.channel", "links"}

    found = from_document({**document, "custom": {}}, seal, asked)

    assert (found.name, found.birth_date, found.gender) == (PersonName(), None, None)
    assert {(one.value, one.raw) for one in found.identities or ()} == {(None, None)}
    assert opened_by(seal) == 0


def test_what_a_profile_is_found_by_tells_nothing_of_what_is_sealed():
    seal = a_seal("acme", "id-1", b"a" * 32)
    name, born = PersonName(given="Zephyrine", family="Quux Wobbly"), date(1815, 12, 10)
    profile = Profile(id="id-1", name=name, birth_date=born, language="tlh")
    custom = {Place("s3", "f1", is_sealed=True): ("xyzzy",)}
    found = Findable(custom, sealed=frozenset({"f1"}))

    document = to_document(profile, [], seal, found)

    told = str({**document["search"], "grams": document.get("grams")}).casefold()
    secret = ("zephyrine", "quux", "wobbly", "1815", "12-10", "tlh", "xyzzy", "zeph")
    assert [one for one in secret if one in told] == []
    assert document["search"].keys() >= {"given", "family", "birth", "language", "s3"}
    assert "grams" not in document


@laws
@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_equal_values_have_equal_tags_in_one_field_of_one_tenant_alone(value, other):
    here, there = a_tenant_seal("acme"), a_tenant_seal("beta", key=b"o" * 32)
    one, two = (Place("s1", field, is_sealed=True) for field in ("f1", "f2"))
    (tag,) = here.kept(one, [value])

    assert here.kept(one, [value]) == here.asked(one, [value]) == (tag,)
    assert (here.kept(one, [other]) == (tag,)) is (value == other)
    assert len({tag, *here.kept(two, [value]), *there.kept(one, [value])}) == 3
    assert len(tag) == 23


@pytest_asyncio.fixture
async def database(document_server, tenant):
    async with open_client(document_server.uri, 5) as client:
        yield client[tenant]
        await client.drop_database(tenant)
        await client.drop_database(f"{tenant}-keyring")


COUNTED = Place("s1", "f1", is_sealed=True)
GIVEN, FAMILY = search.sealed_place(BY_GIVEN_NAME), search.sealed_place(BY_FAMILY_NAME)
BORN = search.sealed_place(BY_BIRTH_DATE)
FINDING: dict[str, Filter] = {
    "the whole value": Condition(COUNTED, Operator.EQUALS, ("4711",)),
    "one of several": Condition(COUNTED, Operator.IN, ("1", "4711")),
    "the whole name": Condition(GIVEN, Operator.EQUALS, ("ada maria",)),
    "a word of the name": Condition(GIVEN, Operator.EQUALS, (search.word_key("maria"),)),
    "the day": Condition(BORN, Operator.EQUALS, ("1815-12-10",)),
    "that there is a value": Condition(COUNTED, Operator.EXISTS),
    "that it isn't another": Not(Condition(COUNTED, Operator.EQUALS, ("4712",))),
}
NOT_FINDING: dict[str, Filter] = {
    "a beginning": Condition(COUNTED, Operator.STARTS_WITH, ("47",)),
    "a part": Condition(GIVEN, Operator.CONTAINS, ("ada",)),
    "the day's range": Condition(BORN, Operator.LT, ("1900-01-01",)),
    "the value in another field": Condition(FAMILY, Operator.EQUALS, ("ada maria",)),
    "the value as it is unsealed": Condition(Place("s1", "f1"), Operator.EQUALS, ("4711",)),
    "a name as it is unsealed": Condition(BY_GIVEN_NAME, Operator.STARTS_WITH, ("a",)),
    "that it is another": Not(Condition(COUNTED, Operator.EQUALS, ("4711",))),
}


async def test_sealed_values_are_found_by_whole_values_of_their_own_tenant_alone(database):
    sealing = a_sealing(database, EVERYTHING)
    store = MongoProfiles(database.client, database, sealing, lambda: NOW)
    here, there = Scope("acme"), Scope("beta")
    called = PersonName(given="Ada Maria")
    ada = Profile(id=new_id(), name=called, birth_date=date(1815, 12, 10))
    await store.create(ada, Findable({COUNTED: ("4711",)}), [], here, TESTER)
    await store.create(Profile(id=new_id()), Findable(), [], there, TESTER)

    async def count(scope: Scope, wheres: Mapping[str, Filter]) -> dict[str, int]:
        return {name: await store.count(scope, where) for name, where in wheres.items()}

    assert await count(here, FINDING) == dict.fromkeys(FINDING, 1)
    assert await count(here, NOT_FINDING) == dict.fromkeys(NOT_FINDING, 0)
    plain = {name: where for name, where in FINDING.items() if type(where) is Condition}
    assert set((await count(there, plain)).values()) == {0}
