"""What recognising somebody costs the store, among 1,000 profiles and among a million.

All sizes are asked turn by turn in one run, and each time for somebody else.  BENCH_IDENTIFY lists
the sizes: `BENCH_IDENTIFY=1000,10000,100000,1000000 BENCH_WITHIN_S=7200` is the whole of it.

A profile here has a name, a birth date, one address and the search keys of all that, but not the
indexes of search keys: recognition doesn't use them, and the embedded server would take an hour to
write them for a million profiles.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pymongo import monitoring

from app.store.changes import Changes
from app.store.client import open_client
from app.store.embedded import EmbeddedServer, Timing
from app.store.profiles import MongoProfiles
from app.store.sealing import ProfileSeal
from graph.model.channel import Channel
from graph.model.identity import Identity, identity_name
from graph.model.profile import PersonName, Profile, ProfileState
from graph.model.search import Findable
from graph.ports import NamedIdentity
from tests.bench.rows import Row
from tests.bench.scale_world import BEGAN, SCOPE, filled
from tests.support.authors import TESTER
from tests.support.embedded import NEVER_S

GATEWAY: Final = "profile-gateway"
_SIZES: Final = tuple(
    int(size) for size in os.environ.get("BENCH_IDENTIFY", "1000,10000").split(",") if size
)
_CALLS: Final = 400
_WARM_UP: Final = 20
_DEADLINE_S: Final = 600.0
_ASKED: Final = frozenset({"name", "identities", "identities.value"})


class _Operations(monitoring.CommandListener):
    """How many commands the store got."""

    count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        del event
        self.count += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing: it was counted when it started."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing: it was counted when it started."""


async def run(
    suite: str, progress: Callable[[str], None], sizes: Sequence[int] = _SIZES
) -> list[Row]:
    """The rows of all sizes, each 420 or more; none where there are no sizes."""
    if not sizes:
        return []
    operations = _Operations()
    monitoring.register(operations)
    with TemporaryDirectory() as path:
        async with (
            EmbeddedServer(Path(path), timing=Timing(probe_every_s=NEVER_S)) as server,
            open_client(server.uri, _DEADLINE_S) as client,
        ):
            worlds = {}
            for size in sizes:
                worlds[size] = await filled(client, f"identify{size}", size, _document, progress)
            progress("recognising people among all")
            asked = _People(worlds, operations)
            await asked.in_turns(_WARM_UP)
            asked.forget()
            await asked.in_turns(_CALLS)
            return asked.rows(suite)


class _People:
    """Who was asked for, how long it took, and what it cost the store."""

    def __init__(self, worlds: dict[int, MongoProfiles], operations: _Operations) -> None:
        self._worlds = worlds
        self._operations = operations
        chance = random.Random(7)  # noqa: S311 - invented
        self._left = {size: chance.sample(range(size), _CALLS + _WARM_UP) for size in worlds}
        self._times: dict[int, list[float]] = {}
        self._counts: dict[int, list[int]] = {}
        self.forget()

    def forget(self) -> None:
        """Leave out what was measured so far."""
        self._times = {size: [] for size in self._worlds}
        self._counts = {size: [] for size in self._worlds}

    async def in_turns(self, calls: int) -> None:
        """Recognise so many people of each size, size by size."""
        for _ in range(calls):
            for size, profiles in self._worlds.items():
                number, count = self._left[size].pop(), self._operations.count
                began = time.perf_counter()
                await _recognised(profiles, number)
                self._times[size].append((time.perf_counter() - began) * 1000)
                self._counts[size].append(self._operations.count - count)

    def rows(self, suite: str) -> list[Row]:
        """What was measured, each beside the smallest size."""
        measured = [
            Row(suite, _case(size), GATEWAY, metric, value, unit)
            for size in self._worlds
            for metric, value, unit in (
                ("store_ops", statistics.mean(self._counts[size]), "operations"),
                ("p50_ms", round(statistics.median(self._times[size]), 3), "ms"),
            )
        ]
        first = {row.metric: row for row in measured if row.case == measured[0].case}
        return [
            replace(
                row,
                baseline=first[row.metric].case,
                ratio=round(row.value / first[row.metric].value, 3),
            )
            for row in measured
        ]


async def _recognised(profiles: MongoProfiles, number: int) -> None:
    """Ask who has an address, then for that profile; both must be the right ones."""
    found = (
        await profiles.find(identity_name(Channel.EMAIL, _address(number), "US"), SCOPE)
    ).profile
    assert found is not None
    [profile] = await profiles.get_many([found], SCOPE, _ASKED)
    assert profile is not None
    assert profile.identities is not None
    assert [item.value for item in profile.identities] == [_address(number)]


def _document(changes: Changes, number: int, seal: ProfileSeal) -> dict[str, Any]:
    profile = Profile(
        id=seal.profile,
        version=1,
        state=ProfileState.IDENTIFIED,
        created_at=BEGAN,
        updated_at=BEGAN,
        name=PersonName(given=f"Given{number}", family=f"Family{number}"),
        birth_date=date(1930, 1, 1) + timedelta(days=number % 30_000),
    )
    address = _address(number)
    identity = NamedIdentity(
        identity_name(Channel.EMAIL, address, "US"),
        Identity(channel=Channel.EMAIL, value=address),
    )
    return changes.new_document(profile, Findable(), [identity], seal, TESTER)


def _address(number: int) -> str:
    return f"person{number}@example.org"


def _case(size: int) -> str:
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if size % unit == 0:
            return f"identify-{size // unit}{letter}"
    return f"identify-{size}"
