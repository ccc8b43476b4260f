"""What pages of timelines cost with a few interactions, and with many of one profile.

A page of 25 is read at the front, in the middle and at the end, and narrowed, of 1,000
interactions and of many (BENCH_TIMELINE, 10,000 unless told), on one server, turn by turn.  The
baseline of every case is the first page of the small one.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import AsyncMongoClient, monitoring

from app.store.embedded import EmbeddedServer, Timing
from app.store.indexes import create_indexes
from app.store.interactions import MongoInteractions
from app.store.profiles import MongoProfiles
from graph.model.channel import Channel
from graph.model.ids import new_id
from graph.model.interaction import Interaction, InteractionKind, TimelineQuery
from policies.plan import Scope
from tests.bench.rows import Row
from tests.support.embedded import NEVER_S
from tests.support.sealing import a_sealing
from tests.support.timelines import in_order, keep_timeline

SUITE = "timeline"
SMALL = 1_000
LARGE = int(os.environ.get("BENCH_TIMELINE", "10000"))
_PEOPLE = 25
_FIRST = 25
_ROUNDS = 15
_SCOPE = Scope("timeline")
_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
_SELECTED = frozenset({"summary"})
_CHANNELS = (Channel.VOICE, Channel.CHAT, Channel.EMAIL, Channel.WEB)
_KINDS = (InteractionKind.CALL, InteractionKind.CHAT, InteractionKind.ORDER)


@dataclass(slots=True)
class _Counted(monitoring.CommandListener):
    """How many reads were sent, and how many documents came."""

    commands: int = 0
    documents: int = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.commands += event.command_name == "find"

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self.documents += len(event.reply.get("cursor", {}).get("firstBatch", ()))

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _World:
    store: MongoInteractions
    counted: _Counted
    size: int
    in_order: Sequence[Interaction]
    people: Sequence[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Cost:
    ms: float
    commands: int
    documents: int


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    with TemporaryDirectory() as path:
        async with EmbeddedServer(Path(path), timing=Timing(probe_every_s=NEVER_S)) as server:
            counted = _Counted()
            async with AsyncMongoClient(
                server.uri, tz_aware=True, event_listeners=[counted]
            ) as client:
                worlds = []
                for size in (SMALL, LARGE):
                    progress(f"keeping {size} interactions of one profile")
                    worlds.append(await _filled(client, counted, size))
                progress("reading the same pages of both")
                return [row for case in _CASES for row in await _compared(case, worlds)]


async def _compared(case: str, worlds: Sequence[_World]) -> list[Row]:
    asked = {world.size: _CASES[case](world) for world in worlds}
    first = {world.size: _first(world) for world in worlds}
    costs: dict[int, list[_Cost]] = {world.size: [] for world in worlds}
    base: list[_Cost] = []
    for number in range(_ROUNDS + 1):
        for world in worlds:
            cost = await _cost(world, asked[world.size])
            if number:  # the first round warms up
                costs[world.size].append(cost)
        reference = await _cost(worlds[0], first[worlds[0].size])
        base += [reference] if number else []
    baseline = f"first page of {SMALL}"
    base_ms = statistics.median(one.ms for one in base)
    rows = []
    for size, found in costs.items():
        subject, ms = f"{size} interactions", statistics.median(one.ms for one in found)
        rows += [
            Row(
                SUITE, case, subject, "p50_ms", round(ms, 3), "ms", baseline, round(ms / base_ms, 2)
            ),
            Row(SUITE, case, subject, "store_ops", max(one.commands for one in found), "calls"),
            Row(SUITE, case, subject, "documents", max(one.documents for one in found), "read"),
        ]
    return rows


async def _cost(world: _World, asked: Sequence[TimelineQuery]) -> _Cost:
    world.counted.commands = world.counted.documents = 0
    began = time.perf_counter()
    pages = await world.store.pages(asked, _SCOPE, _SELECTED)
    ms = (time.perf_counter() - began) * 1000
    assert all(page.items for page in pages)
    return _Cost(ms, world.counted.commands, world.counted.documents)


def _first(world: _World) -> list[TimelineQuery]:
    return [TimelineQuery((str(world.size),), _FIRST)]


def _second(world: _World) -> list[TimelineQuery]:
    return _behind(world, _FIRST)


def _middle(world: _World) -> list[TimelineQuery]:
    return _behind(world, world.size // 2)


def _last(world: _World) -> list[TimelineQuery]:
    return _behind(world, world.size - _FIRST)


def _behind(world: _World, place: int, **narrowed: Any) -> list[TimelineQuery]:
    after = world.in_order[place - 1].id
    return [TimelineQuery((str(world.size),), _FIRST, after, **narrowed)]


def _by_channel(world: _World) -> list[TimelineQuery]:
    return _behind(world, world.size // 2, channels=frozenset([Channel.VOICE]))


def _by_channels(world: _World) -> list[TimelineQuery]:
    return _behind(world, world.size // 2, channels=frozenset([Channel.VOICE, Channel.WEB]))


def _by_kind_and_agent(world: _World) -> list[TimelineQuery]:
    kinds = frozenset([InteractionKind.CALL])
    return _behind(world, world.size // 2, kinds=kinds, agent="agent-3")


def _since(world: _World) -> list[TimelineQuery]:
    moment = world.in_order[world.size // 2].started_at
    return [TimelineQuery((str(world.size),), _FIRST, until=moment)]


def _of_many(world: _World) -> list[TimelineQuery]:
    return [TimelineQuery((owner,), 3) for owner in world.people]


_CASES: dict[str, Callable[[_World], list[TimelineQuery]]] = {
    "first": _first,
    "second": _second,
    "middle": _middle,
    "last": _last,
    "middle-by-channel": _by_channel,
    "middle-by-2-channels": _by_channels,
    "middle-by-kind-and-agent": _by_kind_and_agent,
    "until-the-middle": _since,
    "25-profiles-first-3": _of_many,
}


async def _filled(client: Any, counted: _Counted, size: int) -> _World:
    database = client[f"timeline{size}"]
    await create_indexes(database)
    sealing, chance = a_sealing(database), random.Random(size)  # noqa: S311 - invented
    items = _invented(str(size), size, chance)
    await keep_timeline(database, sealing, _SCOPE.tenant, str(size), items)
    people = [f"p{number}" for number in range(_PEOPLE)]
    for owner in people:
        few = _invented(owner, 12, chance)
        await keep_timeline(database, sealing, _SCOPE.tenant, owner, few)
    profiles = MongoProfiles(client, database, sealing, lambda: _BEGAN)
    store = MongoInteractions(database, sealing, profiles)
    return _World(store, counted, size, in_order(items), people)


def _invented(owner: str, count: int, chance: random.Random) -> list[Interaction]:
    return [
        Interaction(
            id=new_id(),
            owner=owner,
            kind=chance.choice(_KINDS),
            channel=chance.choice(_CHANNELS),
            started_at=_BEGAN + timedelta(seconds=chance.randrange(3 * 365 * 86_400)),
            ended_at=_BEGAN,
            agent=f"agent-{chance.randrange(10)}",
            summary="what was said, in a line or two, as agents write it",
        )
        for _ in range(count)
    ]
