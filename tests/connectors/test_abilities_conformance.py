"""What every ability of every connector does, whatever its CRM."""

import logging
import traceback

import pytest

from connectors.abilities import Describes, FactKind, KnowsFacts, TakesWrites, TellsChanges
from connectors.base import Call
from connectors.errors import (
    BadPayload,
    CursorExpired,
    RateLimited,
    SourceError,
    Timeout,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.registry import connector_names
from connectors.runtime.budget import Budget
from tests.connectors.example import SECRET, connector_at, example_of
from tests.support.scripted_http import (
    BODY_MARK,
    broken_json,
    endless,
    hang,
    html,
    json_of,
    reset,
    status,
)

NUMBER = 86420135
VALUE = "a-new-value-4c1d"
FAULTS = {
    "a rate limit longer than the budget": (status(429, Retry_After="30"), RateLimited),
    "a server error": (status(500), Unavailable),
    "a refused token": (status(401), Unauthorized),
    "a redirect": (status(302, Location="/elsewhere"), WrongSettings),
    "a broken connection": (reset, Unavailable),
    "a page": (html(), BadPayload),
    "broken JSON": (broken_json(), BadPayload),
    "a body without an end": (endless, BadPayload),
}
SHAPES = [None, 42, "text", [1], [None], {"results": 1}, {"results": [1]}, {"error": BODY_MARK}]


async def described(name, url, call):
    await connector_at(name, url).describe(call, example_of(name).object)


async def told(name, url, call):
    connector, example = connector_at(name, url), example_of(name)
    page = await connector.changed(call, example.object, None, example.attributes)
    if not page.changes and not page.is_last:  # some begin without asking
        await connector.changed(call, example.object, page.cursor, example.attributes)


async def known(name, url, call):
    connector, example = connector_at(name, url), example_of(name)
    id_ = example.record_id(NUMBER)
    await connector.facts(call, example.object, [id_], frozenset(FactKind) & connector.fact_kinds)


async def written(name, url, call):
    example = example_of(name)
    [attribute, *_] = sorted(example.attributes)
    connector, id_ = connector_at(name, url), example.record_id(NUMBER)
    await connector.write(call, example.object, id_, {attribute: VALUE})


ABILITIES = {Describes: described, TellsChanges: told, KnowsFacts: known, TakesWrites: written}


def those_who(*uses):
    """Each connector with each of those uses of its abilities."""
    return pytest.mark.parametrize(
        ("name", "use"),
        [
            pytest.param(name, use, id=f"{name}-{ability.__name__}")
            for name in connector_names()
            for ability, use in ABILITIES.items()
            if use in uses and isinstance(connector_at(name, "http://127.0.0.1:1"), ability)
        ],
    )


@pytest.fixture(autouse=True)
def tokens(name, crm):
    crm.aside = example_of(name).token
    yield
    crm.aside = None


@those_who(described, told, known, written)
@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_has_its_error_which_shows_nothing(name, use, fault, crm, http, caplog):
    answer, error_class = FAULTS[fault]
    crm.play(answer)

    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as raised:
        await use(name, crm.url, Call(http, Budget(5.0)))

    assert type(raised.value) is error_class
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    for hidden in (SECRET, example_of(name).record_id(NUMBER), BODY_MARK, VALUE):
        assert hidden not in shown


@those_who(described, told, known, written)
async def test_a_source_that_does_not_finish_costs_no_more_than_the_budget(name, use, crm, http):
    crm.play(hang)
    patience = Budget(10.0)

    with pytest.raises(Timeout):
        await use(name, crm.url, Call(http, Budget(0.2)))

    assert patience.remaining_s() > 8.0


@those_who(described, told, known, written)
@pytest.mark.parametrize("answer", [status(500), reset, hang], ids=["500", "reset", "hang"])
async def test_a_write_is_sent_once_and_reads_may_be_repeated(name, use, answer, crm, http):
    crm.play(answer)
    patience_s = 0.3 if answer is hang else 1.0  # who hangs does so as long as one waits

    with pytest.raises(SourceError):
        await use(name, crm.url, Call(http, Budget(patience_s)))

    if use is written:  # some look at the record first, and may do that again
        assert sum(VALUE.encode() in one.body for one in crm.received) <= 1
    else:
        assert (len(crm.received) > 1) == (answer is not hang)


@those_who(described, told, known)
@pytest.mark.parametrize("shape", SHAPES, ids=repr)
async def test_json_of_an_unknown_shape_is_a_bad_payload(name, use, shape, crm, http):
    crm.play(json_of(shape))

    with pytest.raises(BadPayload):
        await use(name, crm.url, Call(http, Budget(5.0)))


@those_who(told)
@pytest.mark.parametrize("cursor", ["", "x", "[]", "{}x", "null", "42", '{"a": 1}', "é" * 100])
async def test_a_cursor_that_is_none_of_ours_begins_anew(name, use, cursor, crm, http):
    del use
    crm.play(json_of([]))
    example = example_of(name)

    with pytest.raises(CursorExpired):
        await connector_at(name, crm.url).changed(
            Call(http, Budget(5.0)), example.object, cursor, example.attributes
        )

    assert crm.received == []
