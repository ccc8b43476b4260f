"""Servers side by side: in each round every one of them has its turn, so that what the machine
does beside hits all alike; medians over the rounds are what counts."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.load import drive
from tests.bench.rows import Row
from tests.bench.usage import cpu_s, peak_mb

UNITS = {
    "cpu_us_per_request": "µs",
    "requests_per_s": "1/s",
    "p50_ms": "ms",
    "p99_ms": "ms",
    "peak_mb": "MB",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that runs, and the requests it gets."""

    subject: str
    url: str
    pid: int
    requests: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard; the warm-up is not counted."""

    rounds: int = 5
    seconds: float = 1.0
    warm_up_s: float = 0.5
    connections: int = 8


async def run_contest(
    contenders: Sequence[Contender], plan: Plan, progress: Callable[[str], None]
) -> Mapping[str, Mapping[str, float]]:
    """The metrics of each subject."""
    for one in contenders:
        progress(f"{one.subject} warms up")
        await drive(one.url, one.requests, plan.warm_up_s, plan.connections)
    measured: dict[str, list[dict[str, float]]] = {one.subject: [] for one in contenders}
    for number in range(plan.rounds):
        # Each round begins with another one: being first must be nobody's advantage.
        place = number % len(contenders)
        for one in [*contenders[place:], *contenders[:place]]:
            progress(f"round {number + 1} of {plan.rounds}: {one.subject}")
            measured[one.subject].append(await _stretch(one, plan))
    return {one.subject: _medians(measured[one.subject], one.pid) for one in contenders}


def contest_rows(suite: str, case: str, found: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """The rows of a contest, without ratios."""
    return [
        Row(suite, case, subject, metric, round(value, 3), UNITS[metric])
        for subject, metrics in found.items()
        for metric, value in metrics.items()
    ]


async def _stretch(one: Contender, plan: Plan) -> dict[str, float]:
    before_s, began = cpu_s(one.pid), time.perf_counter()
    tally = await drive(one.url, one.requests, plan.seconds, plan.connections)
    took_s, used_s = time.perf_counter() - began, cpu_s(one.pid) - before_s
    ordered = sorted(tally.latencies_s)
    return {
        "cpu_us_per_request": used_s / len(ordered) * 1e6,
        "requests_per_s": len(ordered) / took_s,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1000,
    }


def _medians(rounds: Sequence[Mapping[str, float]], pid: int) -> dict[str, float]:
    medians = {metric: statistics.median(one[metric] for one in rounds) for metric in rounds[0]}
    return {**medians, "peak_mb": peak_mb(pid)}
