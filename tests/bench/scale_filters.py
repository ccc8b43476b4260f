"""What recognition and each filter cost the store with a few profiles, and with many.

The same ten people are looked for among 1,000 and among many (BENCH_SCALE, 10,000 unless told), on
one server, turn by turn.  What is found has the same size, so that only the number of others
differs: with an index it costs the same.  `BENCH_SCALE=100000 BENCH_WITHIN_S=3600` takes as many as
the embedded server is meant for; BENCH_SCALE=0 leaves all of this out.
"""

import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pymongo import AsyncMongoClient

from app.store.changes import Changes
from app.store.client import open_client
from app.store.embedded import EmbeddedServer, Timing
from app.store.indexes import create_indexes, create_slot_index
from app.store.profiles import MongoProfiles
from app.store.sealing import ProfileSeal
from graph.kinds.changes import placed
from graph.kinds.definitions import checked_definition
from graph.kinds.search import findable, keys_of, place_of
from graph.kinds.table import KINDS
from graph.model.channel import Channel
from graph.model.custom_field import CustomerSchema, Facets, FieldDefinition
from graph.model.filter import Condition, Filter, Operator
from graph.model.identity import Identity, identity_name
from graph.model.profile import PersonName, Profile, ProfileState
from graph.model.search import BY_BIRTH_DATE, BY_CREATED_AT, BY_FAMILY_NAME, BY_GIVEN_NAME, BY_ID
from graph.ports import NamedIdentity
from policies.classification import DataClass
from tests.bench.rows import Row
from tests.bench.scale_world import BEGAN, SCOPE, Document, filled
from tests.support.authors import TESTER
from tests.support.embedded import NEVER_S

SMALL = 1_000
LARGE = int(os.environ.get("BENCH_SCALE", "10000"))
_SOUGHT = 10
_ROUNDS = 15
_LETTERS = "abcdefghij"
_BIRTH = date(1900, 1, 1)
_KINDS = ("STRING", "ALPHANUMERIC", "EMAIL", "NUMBER", "DECIMAL", "DATE", "DATETIME", "MONEY")


def _schema() -> CustomerSchema:
    fields = []
    for number, kind in enumerate((*_KINDS, "TAGS")):
        is_list = kind == "TAGS"
        slot = "t0" if kind == "STRING" else f"s{number}"
        plain = FieldDefinition(
            id=f"F{number}",
            key=kind.lower(),
            label=kind,
            kind="STRING" if is_list else kind,
            data_class=DataClass.PUBLIC,
            is_list=is_list,
            is_searchable=True,
            slot=slot,
            facets=Facets(),
        )
        fields.append(checked_definition(plain, 10))
    return CustomerSchema(1, tuple(fields))


SCHEMA = _schema()


@dataclass(frozen=True, slots=True)
class _World:
    profiles: MongoProfiles
    sought: Sequence[str]


async def run(suite: str, progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases; none where BENCH_SCALE is 0."""
    if not LARGE:
        return []
    with TemporaryDirectory() as path:
        async with (
            EmbeddedServer(Path(path), timing=Timing(probe_every_s=NEVER_S)) as server,
            open_client(server.uri, 600) as client,
        ):
            worlds = {}
            for size in (SMALL, LARGE):
                worlds[size] = await _filled(client, size, progress)
            progress("looking for the same ten among both")
            return [
                row for name, ask in _cases() for row in await _compare(suite, name, ask, worlds)
            ]


def _cases() -> Iterator[tuple[str, Callable[[_World], Awaitable[int]]]]:
    yield "identify", _identify
    for name, where in _filters():
        yield f"filter-{name}", lambda world, where=where: _page(world, where)
    yield (
        "filter-id.in",
        lambda world: _page(world, Condition(BY_ID, Operator.EQUALS, (world.sought[0],))),
    )


def _filters() -> Iterator[tuple[str, Filter]]:
    for place, name in ((BY_GIVEN_NAME, "givenName"), (BY_FAMILY_NAME, "familyName")):
        yield f"{name}.equals", Condition(place, Operator.EQUALS, ("zyxwv",))
        yield f"{name}.startsWith", Condition(place, Operator.STARTS_WITH, ("zyx",))
        yield f"{name}.contains", Condition(place, Operator.CONTAINS, ("yxw",))
    yield "birthDate.gte", Condition(BY_BIRTH_DATE, Operator.GTE, ("2000-01-01",))
    yield "createdAt.gt", Condition(BY_CREATED_AT, Operator.GT, ("2026-01-01T00:00:00.000Z",))
    for definition in SCHEMA.fields:
        place, keys = place_of(definition), keys_of(definition, _sought_values()[definition.id])
        assert place is not None
        for operator in _operators(definition):
            yield f"custom.{definition.key}.{operator.value}", Condition(place, operator, keys[:1])


def _operators(definition: FieldDefinition) -> tuple[Operator, ...]:
    if definition.is_list:
        return (Operator.CONTAINS, Operator.IN)
    wanted = (Operator.EQUALS, Operator.STARTS_WITH, Operator.CONTAINS, Operator.GTE)
    return tuple(one for one in wanted if one in KINDS[definition.kind].operators)


async def _identify(world: _World) -> int:
    name = identity_name(Channel.EMAIL, "sought3@example.org", "US")
    found = (await world.profiles.find(name, SCOPE)).profile
    assert found is not None
    return len(await world.profiles.get_many([found], SCOPE, {"name"}))


async def _page(world: _World, where: Filter) -> int:
    found = await world.profiles.page(SCOPE, where, None, first=26, after=None, attributes={"name"})
    return len(found)


async def _compare(
    suite: str, name: str, ask: Callable[[_World], Awaitable[int]], worlds: dict[int, _World]
) -> list[Row]:
    times: dict[int, list[float]] = {size: [] for size in worlds}
    found = {size: await ask(world) for size, world in worlds.items()}
    assert found[SMALL] == found[LARGE] > 0, (name, found)
    for _ in range(_ROUNDS):
        for size, world in worlds.items():
            began = time.perf_counter()
            await ask(world)
            times[size].append((time.perf_counter() - began) * 1000)
    rows = [
        Row(suite, name, f"{size} profiles", "p50_ms", round(statistics.median(taken), 3), "ms")
        for size, taken in times.items()
    ]
    small = rows[0]
    return [
        replace(row, baseline=small.subject, ratio=round(row.value / small.value, 2))
        for row in rows
    ]


async def _filled(
    client: AsyncMongoClient[Document], size: int, progress: Callable[[str], None]
) -> _World:
    name, sought = f"scale{size}", list[str]()
    await create_indexes(client[name])
    for definition in SCHEMA.fields:
        assert definition.slot is not None
        await create_slot_index(client[name], definition.slot)
    chance = random.Random(7)  # noqa: S311 - invented

    def document_of(changes: Changes, number: int, seal: ProfileSeal) -> Document:
        if number < _SOUGHT:
            sought.append(seal.profile)
        return _document(changes, number, chance, seal)

    return _World(await filled(client, name, size, document_of, progress), sought)


def _document(changes: Changes, number: int, chance: random.Random, seal: ProfileSeal) -> Document:
    is_sought = number < _SOUGHT
    text = "zyxwv" if is_sought else "".join(chance.choices(_LETTERS, k=8))
    created = datetime(2026, 6, 1, tzinfo=UTC) if is_sought else BEGAN + timedelta(seconds=number)
    values = _sought_values() if is_sought else _values(text, number, created)
    profile = Profile(
        id=seal.profile,
        version=1,
        state=ProfileState.IDENTIFIED,
        created_at=created,
        updated_at=created,
        name=PersonName(given=text, family=text),
        birth_date=date(2001, 1, 1) if is_sought else _BIRTH + timedelta(days=number % 36_000),
        custom=placed(values, SCHEMA),
    )
    address = f"sought{number}@example.org" if is_sought else f"{text}{number}@example.org"
    name = identity_name(Channel.EMAIL, address, "US")
    identity = NamedIdentity(name, Identity(channel=Channel.EMAIL, value=address))
    return changes.new_document(profile, findable(values, SCHEMA), [identity], seal, TESTER)


def _values(text: str, number: int, moment: datetime) -> dict[str, object]:
    given = {
        "string": text,
        "alphanumeric": text,
        "email": f"{text}{number}@example.org",
        "number": number,
        "decimal": str(number),
        "date": moment.date().isoformat(),
        "datetime": moment.isoformat(),
        "money": {"amount": str(number), "currency": "EUR"},
    }
    found: dict[str, object] = {}
    for definition in SCHEMA.fields:
        if definition.is_list:
            found[definition.id] = [text, f"x{number}"]
            continue
        kind = KINDS[definition.kind]
        found[definition.id] = kind.dump(kind.parse(given[definition.key], definition.facets))
    return found


def _sought_values() -> dict[str, object]:
    return _values("zyxwv", 90_000_000, datetime(2030, 1, 1, tzinfo=UTC)) | {
        SCHEMA.fields[-1].id: ["zyxwv"]
    }
