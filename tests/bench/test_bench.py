"""The benchmarks measure what they say: ratios, refusals, and a server that was really asked."""

import json
import subprocess
import sys

import pytest

from tests.bench import scale_identify
from tests.bench.contest import Contender, Plan, contest_rows, run_contest
from tests.bench.load import WrongAnswer, drive, request_bytes
from tests.bench.process import server
from tests.bench.rows import Row, compared, save

QUICK = Plan(rounds=2, seconds=0.1, warm_up_s=0.05, connections=2)


@pytest.fixture
async def constant(tmp_path):
    """A server that answers with what the file holds."""
    answer = tmp_path / "answer.json"
    answer.write_bytes(b'{"data":{}}')
    async with server("tests.bench.constant", {"BENCH_ANSWER": str(answer)}) as running:
        yield running


def test_an_unknown_suite_is_wrong_usage_and_the_known_ones_are_named():
    command = [sys.executable, "-m", "tests.bench", "nosuch"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    # It is broken where the console ends.
    assert " ".join(ended.stderr.split()) == (
        "usage: python -m tests.bench [SUITE]; suites: graphql, connectors, scale, import, privacy,"
        " access, timeline, recognition"
    )


def test_a_ratio_is_to_the_baselines_value_of_the_same_case_and_metric():
    rows = [
        Row("s", "a", "ours", "p50_ms", 3.0, "ms"),
        Row("s", "a", "theirs", "p50_ms", 2.0, "ms"),
        Row("s", "a", "ours", "peak_mb", 9.0, "MB"),
        Row("s", "b", "ours", "p50_ms", 5.0, "ms"),
    ]

    found = compared(rows, "theirs")

    assert [(row.baseline, row.ratio) for row in found] == [
        ("theirs", 1.5),
        ("theirs", 1.0),
        (None, None),
        (None, None),
    ]


def test_the_rows_are_kept_with_the_names_that_outside_checks_read(tmp_path):
    save(
        [Row("s", "a", "ours", "p50_ms", 3.0, "ms", "theirs", 1.5)], tmp_path / "b" / "latest.json"
    )

    [row] = json.loads((tmp_path / "b" / "latest.json").read_text())
    assert row.pop("at").endswith("+00:00")
    assert row == {
        "suite": "s",
        "case": "a",
        "subject": "ours",
        "metric": "p50_ms",
        "value": 3.0,
        "unit": "ms",
        "baseline": "theirs",
        "ratio": 1.5,
    }


async def test_a_server_is_asked_and_its_cpu_time_counted(constant):
    url, pid = constant
    contender = Contender("constant", url, pid, [request_bytes(url, "none", {"query": "{ a }"})])

    found = await run_contest([contender], QUICK, lambda _: None)

    rows = {row.metric: row.value for row in contest_rows("s", "c", found)}
    assert set(rows) == {"cpu_us_per_request", "requests_per_s", "p50_ms", "p99_ms", "peak_mb"}
    assert 0 < rows["p50_ms"] <= rows["p99_ms"]
    assert rows["requests_per_s"] > 10
    assert 0 < rows["cpu_us_per_request"] < 1e6
    assert rows["peak_mb"] > 5


@pytest.mark.parametrize("path", ["/elsewhere", "/graphql/"])
async def test_an_error_stops_the_measuring(constant, path):
    url, _ = constant
    request = request_bytes(url, "none", {}).replace(b"/graphql", path.encode())

    with pytest.raises(WrongAnswer, match="status"):
        await drive(url, [request], 0.1, 2)


async def test_a_graphql_error_stops_the_measuring(tmp_path):
    answer = tmp_path / "answer.json"
    answer.write_bytes(b'{"data":null,"errors":[{"message":"no"}]}')
    async with server("tests.bench.constant", {"BENCH_ANSWER": str(answer)}) as (url, _):
        with pytest.raises(WrongAnswer, match="GraphQL error"):
            await drive(url, [request_bytes(url, "none", {})], 0.1, 1)


async def test_recognising_somebody_costs_three_operations_however_many_there_are():
    rows = await scale_identify.run("scale", lambda _: None, (500, 1_000))

    named = [(row.case, row.metric) for row in rows]
    assert named == [
        (case, metric)
        for case in ("identify-500", "identify-1k")
        for metric in ("store_ops", "p50_ms")
    ]
    assert [row.value for row in rows if row.metric == "store_ops"] == [3, 3]
    assert {row.baseline for row in rows} == {"identify-500"}
