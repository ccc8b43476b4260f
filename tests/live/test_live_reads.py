"""Live reads beside connectors that break their promises; no CRM is needed to see it."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from connectors.base import Record
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client
from graph.live import LiveReads
from graph.model.custom_field import FieldDefinition, FieldSource, SourceKind
from graph.sources import Source
from policies.classification import DataClass

TIER = FieldDefinition(
    id="01",
    key="tier",
    label="Tier",
    kind="STRING",
    data_class=DataClass.BEHAVIOURAL,
    source=FieldSource(SourceKind.LIVE, "crm", "contacts", "loyalty"),
)
BUDGET_S = 0.1


class Connector:
    """A connector that does with each call what `act` does."""

    max_keys = 2

    def __init__(self, act):
        self._act = act

    async def fetch(self, _call, _object, keys, attributes):
        return await self._act(keys, attributes)


async def hang(_keys, _attributes):
    await asyncio.Event().wait()


async def break_down(_keys, _attributes):
    raise RuntimeError("a bug, and a value: gold")


async def answer(keys, attributes):
    return {key: Record(key.value, dict.fromkeys(attributes, key.value)) for key in keys}


@pytest.fixture
async def reads():
    """Live reads of a source with a given connector."""
    async with source_client(LOOPBACK) as http, AsyncExitStack() as stack:

        def reads_of(act):
            source = Source("crm", "shop", Connector(act), http, match="profile:key")
            stack.push_async_callback(source.close)
            budget = Budget(BUDGET_S)
            return LiveReads({"crm": source}, [TIER], budget, lambda: datetime.now(UTC))

        yield reads_of


async def test_a_connector_deaf_to_its_budget_costs_the_budget_and_its_field(reads):
    live = reads(hang)

    began = time.monotonic()
    value = await live.read(TIER, "ada", ())
    took_s = time.monotonic() - began
    live.close()

    assert (value.value, value.error.code) == (None, "SOURCE_TIMEOUT")
    assert BUDGET_S <= took_s < BUDGET_S + 1
    report = live.reports["crm"]
    assert (report.calls, report.keys, report.errors) == (1, 1, ["SOURCE_TIMEOUT"])
    assert report.ms >= BUDGET_S * 1000 * 0.9


async def test_a_connector_with_a_bug_costs_its_field_and_tells_no_value(reads):
    live = reads(break_down)

    value = await live.read(TIER, "ada", ())

    assert value.error.code == "SOURCE_UNAVAILABLE"
    assert "gold" not in str(value.error)
    assert live.reports["crm"].errors == ["SOURCE_UNAVAILABLE"]


async def test_more_keys_than_a_connector_takes_are_several_calls(reads):
    live = reads(answer)

    values = await asyncio.gather(*(live.read(TIER, name, ()) for name in "abcde"))

    assert [value.value for value in values] == [*"abcde"]
    report = live.reports["crm"]
    assert (report.calls, report.keys, report.errors) == (3, 5, [])


async def test_what_was_asked_and_nobody_reads_ends_with_its_time(reads):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang_visibly(_keys, _attributes):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    live = reads(hang_visibly)
    live.start("ada")
    await asyncio.wait_for(begun.wait(), 5)
    live.close()

    await asyncio.wait_for(ended.wait(), 5)
    report = live.reports["crm"]
    assert (report.calls, report.errors) == (1, [])
