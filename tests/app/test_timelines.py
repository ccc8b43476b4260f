"""Timelines as the store reads them: page by page, whatever is asked, whoever writes meanwhile."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient, monitoring

from app.store.backup import backup, restore
from app.store.indexes import create_indexes
from app.store.interactions import MongoInteractions
from app.store.profiles import MongoProfiles
from graph.errors import BadInput
from graph.interaction_ports import TimelinePage
from graph.model.channel import Channel
from graph.model.ids import new_id
from graph.model.interaction import Interaction, InteractionKind, TimelineQuery
from graph.model.profile import Profile
from graph.model.search import Findable
from policies.plan import Scope
from tests.support.authors import TESTER
from tests.support.sealing import a_sealing
from tests.support.timelines import in_order, keep_timeline

SCOPE = Scope("acme")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIZES = {"LONG": 700, "MIDDLE": 60, "SHORT": 3, "NONE": 0}
AGENTS = ("ann", "bob/éé", "carl")
CHANNELS = (Channel.VOICE, Channel.CHAT, Channel.EMAIL)
KINDS = (InteractionKind.CALL, InteractionKind.CHAT, InteractionKind.ORDER)
SELECTED = frozenset({"summary"})


class Commands(monitoring.CommandListener):
    """What a store is asked, and how many documents it gave."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.documents = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.seen[f"{event.command_name} {event.command[event.command_name]}"] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self.documents += len(event.reply.get("cursor", {}).get("firstBatch", ()))

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    def reset(self) -> None:
        """Begin to count anew."""
        self.seen.clear()
        self.documents = 0

    def of_timelines(self) -> Counter[str]:
        """Those about interactions; keys of profiles come from memory or don't."""
        return Counter({one: n for one, n in self.seen.items() if one.split()[1] in KEPT})


_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KEPT = ("interactions", "timelines")


@dataclass(frozen=True, slots=True)
class World:
    """A store with timelines, and all that is in them in order."""

    store: MongoInteractions
    profiles: MongoProfiles
    database: Any
    sealing: Any
    commands: Commands
    everything: Sequence[Interaction]


def invented(owner: str, count: int, chance: random.Random) -> list[Interaction]:
    """Interactions of an owner, many of them at one of a few moments."""
    return [
        Interaction(
            id="".join(chance.choices(_LETTERS, k=26)),
            owner=owner,
            kind=chance.choice(KINDS),
            channel=chance.choice([*CHANNELS, None]),
            started_at=NOW
            - timedelta(milliseconds=chance.choice([1, 9, 86_400_000]) * chance.randrange(400)),
            ended_at=NOW,
            agent=chance.choice([*AGENTS, None]),
            summary=f"what was said {number}",
        )
        for number in range(count)
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(document_server) -> AsyncIterator[World]:
    commands = Commands()
    async with AsyncMongoClient(
        document_server.uri, tz_aware=True, event_listeners=[commands]
    ) as client:
        database = client["timelines"]
        await create_indexes(database)
        sealing, chance = a_sealing(database), random.Random(5)  # noqa: S311 - invented
        everything = []
        for owner, count in SIZES.items():
            items = invented(owner, count, chance)
            if items:
                await keep_timeline(database, sealing, SCOPE.tenant, owner, items)
            everything += items
        profiles = MongoProfiles(client, database, sealing, lambda: NOW)
        store = MongoInteractions(database, sealing, profiles)
        yield World(store, profiles, database, sealing, commands, in_order(everything))


def fits(item: Interaction, asked: TimelineQuery) -> bool:
    return (
        item.owner in asked.owners
        and (asked.channels is None or item.channel in asked.channels)
        and (asked.kinds is None or item.kind in asked.kinds)
        and (asked.agent is None or item.agent == asked.agent)
        and (asked.since is None or item.started_at >= asked.since)
        and (asked.until is None or item.started_at < asked.until)
    )


async def one_page(world: World, asked: TimelineQuery) -> TimelinePage:
    (page,) = await world.store.pages([asked], SCOPE, SELECTED)
    return page


moments = st.none() | st.builds(
    lambda step, number: NOW - timedelta(milliseconds=step * number),
    st.sampled_from([1, 9, 86_400_000]),
    st.integers(0, 400),
)
queries = st.builds(
    TimelineQuery,
    owners=st.lists(st.sampled_from([*SIZES]), min_size=1, unique=True).map(tuple),
    first=st.integers(1, 100),
    channels=st.none() | st.frozensets(st.sampled_from(CHANNELS)),
    kinds=st.none() | st.frozensets(st.sampled_from(KINDS)),
    agent=st.none() | st.sampled_from(AGENTS),
    since=moments,
    until=moments,
)


@given(queries, st.floats(0, 1), st.integers(1, 8))
@example(TimelineQuery(("LONG", "MIDDLE", "SHORT", "NONE"), 100), 0.0, 8)
@example(TimelineQuery(("LONG",), 1, agent="ann", channels=frozenset([Channel.CHAT])), 0.9, 8)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_pages_put_together_are_the_list_whatever_is_asked(world, asked, place, pages):
    expected = [item for item in world.everything if fits(item, asked)]
    begin = int(place * len(expected))
    after = expected[begin - 1].id if begin else None
    found, has_next = [], True

    for _ in range(pages):
        page = await one_page(world, replace(asked, after=after))
        found += page.items
        after, has_next = page.end, page.has_next
        if not has_next:
            break

    ids = [item.id for item in found]
    assert ids == [item.id for item in expected[begin : begin + len(ids)]]
    if not has_next:
        assert begin + len(ids) == len(expected)
    assert await world.store.count(asked, SCOPE) == len(expected)


@pytest.mark.parametrize("first", [1, 25, 26, 100])
async def test_a_whole_timeline_of_several_profiles_is_walked_without_a_gap(world, first):
    asked, found = TimelineQuery(("LONG", "MIDDLE", "SHORT"), first), list[Interaction]()
    expected = list(world.everything)[: 40 * first]

    for _ in range(40):
        page = await one_page(world, asked)
        found += page.items
        asked = replace(asked, after=page.end)
        assert page.total == len(world.everything)
        if not page.has_next:
            break

    assert [(item.id, item.summary) for item in found] == [
        (item.id, item.summary) for item in expected
    ]


async def test_what_is_not_selected_is_not_opened(world):
    (page,) = await world.store.pages([TimelineQuery(("SHORT",), 3)], SCOPE, frozenset())

    assert [item.summary for item in page.items] == [None] * 3
    assert all(item.started_at for item in page.items)


async def test_pages_go_on_where_they_were_while_new_ones_arrive_at_the_front(world):
    ada = Profile(id=new_id(), version=1)
    await world.profiles.create(ada, Findable(), [], SCOPE, TESTER)
    begun = NOW - timedelta(days=1)
    old = [
        Interaction(
            id=new_id(),
            owner=ada.id,
            kind=InteractionKind.NOTE,
            started_at=begun - timedelta(seconds=number),
        )
        for number in range(300)
    ]
    await keep_timeline(world.database, world.sealing, SCOPE.tenant, ada.id, old)
    is_over = asyncio.Event()

    async def keep_arriving() -> int:
        number = 0
        while not is_over.is_set():
            number += 1
            item = Interaction(
                id=new_id(), kind=InteractionKind.NOTE, started_at=begun + timedelta(seconds=number)
            )
            await world.store.record(item, ada.id, SCOPE)
        return number

    arriving = asyncio.create_task(keep_arriving())
    found, after, number = [], old[0].id, 0
    while True:
        page = await one_page(world, TimelineQuery((ada.id,), 7, after))
        found += page.items
        after = page.end
        if not page.has_next:
            break
    is_over.set()
    number = await arriving
    newest = await one_page(world, TimelineQuery((ada.id,), 100))

    assert number > 0
    assert [item.id for item in found] == [item.id for item in in_order(old)[1:]]
    assert newest.total == 300 + number


async def test_a_page_begins_behind_an_interaction_of_this_timeline_only(world):
    short = next(item.id for item in world.everything if item.owner == "SHORT")

    for after in (short, new_id()):
        with pytest.raises(BadInput, match="isn't one of this timeline"):
            await one_page(world, TimelineQuery(("LONG",), 5, after))
    with pytest.raises(BadInput):
        await world.store.pages([TimelineQuery(("SHORT",), 5, short)], Scope("acm"), SELECTED)


async def test_another_tenant_sees_nothing(world):
    (page,) = await world.store.pages([TimelineQuery(tuple(SIZES), 5)], Scope("acm"), SELECTED)

    assert (page.items, page.has_next, page.total) == ([], False, 0)
    assert await world.store.count(TimelineQuery(tuple(SIZES), 5), Scope("acm")) == 0


async def test_the_first_pages_of_many_profiles_are_two_reads(world):
    asked = [TimelineQuery((owner,), first) for owner in SIZES for first in (3, 25)]
    world.commands.reset()

    pages = await world.store.pages(asked, SCOPE, SELECTED)

    assert world.commands.of_timelines() == {"find timelines": 1, "find interactions": 1}
    assert [len(page.items) for page in pages] == [3, 25, 3, 25, 3, 3, 0, 0]


async def test_any_page_costs_the_same_reads_wherever_it_is(world):
    of_long = [item.id for item in world.everything if item.owner == "LONG"]
    costs, most = set(), 0

    for place in range(30, 650, 31):
        world.commands.reset()
        page = await one_page(world, TimelineQuery(("LONG",), 25, of_long[place]))
        assert [item.id for item in page.items] == of_long[place + 1 : place + 26]
        costs.add(tuple(sorted(world.commands.of_timelines().items())))
        most = max(most, world.commands.documents)

    # Where it begins, the marks around it on two levels, and the page.
    assert costs == {(("find interactions", 4), ("find timelines", 1))}
    assert most <= 1 + 1 + 1 + 5 + 26 + 2  # the last two: keys of the tenant and of the profile


async def test_a_page_that_few_of_many_fit_ends_before_it_has_read_too_much(world):
    owner, chance = "ODD", random.Random(8)  # noqa: S311 - invented
    many = [
        replace(item, agent="ann", channel=Channel.CHAT) for item in invented(owner, 2_500, chance)
    ]
    odd = min(many, key=lambda item: item.started_at)
    many[many.index(odd)] = odd = replace(odd, channel=Channel.SMS, kind=InteractionKind.VISIT)
    await keep_timeline(world.database, world.sealing, SCOPE.tenant, owner, many)
    asked = TimelineQuery(
        (owner,), 5, agent="ann", channels=frozenset([Channel.SMS, Channel.VOICE])
    )
    found, pages, has_next = [], 0, True

    while has_next:
        world.commands.reset()
        page = await one_page(world, asked)
        assert sum(world.commands.of_timelines().values()) <= 1 + 1 + 3 * 3
        found += page.items
        pages, has_next = pages + 1, page.has_next
        asked = replace(asked, after=page.end)

    assert [item.id for item in found] == [odd.id]
    assert 1 < pages < 10


async def test_a_restored_timeline_is_the_one_that_was_backed_up(world, tmp_path):
    asked = [TimelineQuery((owner,), 30) for owner in SIZES]
    restored = world.database.client["timelines-restored"]

    await backup(world.database, tmp_path / "all.jsonl", lambda *_: None)
    await create_indexes(restored)
    await restore(restored, tmp_path / "all.jsonl", lambda *_: None)

    store = MongoInteractions(restored, world.sealing, world.profiles)
    assert await store.pages(asked, SCOPE, SELECTED) == (
        await world.store.pages(asked, SCOPE, SELECTED)
    )
