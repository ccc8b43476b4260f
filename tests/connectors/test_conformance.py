"""What every connector does, whatever its CRM; see connectors/README.md."""

import logging
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Call, Key, Record
from connectors.errors import (
    BadPayload,
    RateLimited,
    SourceError,
    Timeout,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.registry import connector_names
from connectors.runtime.budget import Budget
from tests.connectors.example import SECRET, answering, connector_at, example_of, value_of
from tests.support.scripted_http import (
    BODY_MARK,
    broken_json,
    drip,
    endless,
    gibberish,
    gzip_bomb,
    hang,
    html,
    json_of,
    long_json,
    reset,
    scripted_server,
    status,
    truncated,
)

pytestmark = pytest.mark.parametrize("name", connector_names())

KEY_NUMBER, OTHER_NUMBER = 86420135, 97531246

# The error, and how often the source is asked before it is raised.
FAULTS = {
    "a rate limit longer than the budget": (status(429, Retry_After="30"), RateLimited, 1),
    "an outage that says how long": (status(503, Retry_After="30"), Unavailable, 1),
    "a server error": (status(500), Unavailable, 3),
    "a refused token": (status(401), Unauthorized, 1),
    "a forbidden token": (status(403), Unauthorized, 1),
    "an unknown address": (status(404), WrongSettings, 1),
    "a refused request": (status(400), BadPayload, 1),
    "a redirect": (status(302, Location="/elsewhere"), WrongSettings, 1),
    "a truncated body": (truncated, Unavailable, 3),
    "a broken connection": (reset, Unavailable, 3),
    "an answer that is not HTTP": (gibberish, Unavailable, 3),
    "a gzip bomb": (gzip_bomb(), BadPayload, 1),
    "a page": (html(), BadPayload, 1),
    "broken JSON": (broken_json(), BadPayload, 1),
    "a body of 6 MB": (long_json(6_000_000), BadPayload, 1),
    "a body without an end": (endless, BadPayload, 1),
}
SHAPES = [None, 42, "text", [1], [None], {"results": 1}, {"results": [1]}, {"error": BODY_MARK}]


@pytest.fixture(autouse=True)
def tokens(name, crm):
    crm.aside = example_of(name).token
    yield
    crm.aside = None


def keys_of(name, numbers):
    return [Key("id", example_of(name).record_id(number)) for number in numbers]


async def failed_fetch(name, url, http, budget_s=5.0) -> SourceError:
    example = example_of(name)
    call, keys = Call(http, Budget(budget_s)), keys_of(name, [KEY_NUMBER, OTHER_NUMBER])
    with pytest.raises(SourceError) as raised:
        await connector_at(name, url).fetch(call, example.object, keys, example.attributes)
    return raised.value


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_has_its_error_and_its_number_of_requests(name, fault, crm, http):
    answer, error_class, requests = FAULTS[fault]
    crm.play(answer)

    error = await failed_fetch(name, crm.url, http)

    if error_class is Unauthorized and example_of(name).token:
        requests += 1  # with the next token
    assert type(error) is error_class
    assert len(crm.received) == requests * example_of(name).calls(2)


@pytest.mark.parametrize("answer", [hang, drip])
async def test_a_source_that_does_not_finish_costs_no_more_than_the_budget(name, answer, crm, http):
    crm.play(answer)
    patience = Budget(10.0)

    error = await failed_fetch(name, crm.url, http, budget_s=0.2)

    assert type(error) is Timeout
    assert patience.remaining_s() > 8.0


async def test_a_source_that_nobody_serves_is_unavailable(name, http):
    async with scripted_server() as server:
        url = server.url

    error = await failed_fetch(name, url, http)

    assert type(error) is Unavailable


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_error_and_no_log_shows_a_value_a_body_or_the_secret(
    name, fault, crm, http, caplog
):
    crm.play(FAULTS[fault][0])

    with caplog.at_level(logging.DEBUG):
        error = await failed_fetch(name, crm.url, http)

    told = "".join(traceback.format_exception(error)) + repr(error) + caplog.text
    assert "crm: " in str(error)
    example = example_of(name)
    for hidden in (SECRET, example.credential[1], example.record_id(KEY_NUMBER), BODY_MARK):
        assert hidden not in told


@pytest.mark.parametrize("shape", SHAPES, ids=repr)
async def test_json_of_an_unknown_shape_is_a_bad_payload(name, shape, crm, http):
    crm.play(json_of(shape))

    error = await failed_fetch(name, crm.url, http)

    assert type(error) is BadPayload


async def test_a_redirect_is_not_followed(name, crm, http):
    async with scripted_server() as elsewhere:
        elsewhere.play(answering(name, {key.value for key in keys_of(name, [KEY_NUMBER])}))
        crm.play(status(307, Location=elsewhere.url))

        await failed_fetch(name, crm.url, http)

        assert elsewhere.received == []


async def test_25_keys_cost_one_batch_that_carries_the_secret(name, crm, http):
    example = example_of(name)
    crm.play(answering(name, {key.value for key in keys_of(name, range(100))}))
    keys = keys_of(name, range(1, 26))

    outcomes = await connector_at(name, crm.url).fetch(
        Call(http, Budget(5.0)), example.object, keys, example.attributes
    )

    assert len(crm.received) == example.calls(len(keys))
    header, value = example.credential
    assert all(value in received.headers[header] for received in crm.received)
    assert {received.headers["accept-encoding"] for received in crm.received} == {"identity"}
    assert {key: outcome.id for key, outcome in outcomes.items()} == {
        key: key.value for key in keys
    }


async def test_only_the_attributes_that_were_asked_for_come_back(name, crm, http):
    example = example_of(name)
    [key] = keys_of(name, [7])
    crm.play(answering(name, {key.value}))
    [attribute, *_] = sorted(example.attributes)

    outcomes = await connector_at(name, crm.url).fetch(
        Call(http, Budget(5.0)), example.object, [key], {attribute}
    )

    [record] = outcomes.values()
    assert record.values == {attribute: value_of(key.value)}
    assert record.modified_at.utcoffset().total_seconds() == 0


async def test_no_keys_cost_no_http_call(name, crm, http):
    example = example_of(name)
    crm.play(status(500))

    outcomes = await connector_at(name, crm.url).fetch(
        Call(http, Budget(5.0)), example.object, [], example.attributes
    )

    assert (outcomes, crm.received) == ({}, [])


async def test_more_keys_than_the_limit_or_of_two_kinds_are_the_caller_s_mistake(name, crm, http):
    connector, example = connector_at(name, crm.url), example_of(name)
    too_many = keys_of(name, range(connector.max_keys + 1))

    for keys in (too_many, [Key("id", "1"), Key("code", "1")]):
        with pytest.raises(ValueError, match="all of one kind"):
            await connector.fetch(Call(http, Budget(5.0)), example.object, keys, set())


@given(
    asked=st.lists(st.integers(1, 60), min_size=1, max_size=100),
    present=st.sets(st.integers(1, 60)),
)
@settings(deadline=None, max_examples=40)
async def test_every_asked_key_gets_its_own_record_or_none(name, crm, http, asked, present):
    connector, example = connector_at(name, crm.url), example_of(name)
    there = {key.value for key in keys_of(name, present)}
    crm.play(answering(name, there))
    keys = keys_of(name, asked[: connector.max_keys])

    outcomes = await connector.fetch(
        Call(http, Budget(20.0)), example.object, keys, example.attributes
    )

    assert outcomes.keys() == set(keys)
    for key, outcome in outcomes.items():
        assert isinstance(outcome, Record) == (key.value in there)
        if outcome:
            assert outcome.id == key.value
            assert set(outcome.values.values()) == {value_of(key.value)}


async def test_ping_returns_when_the_source_answers(name, crm, http):
    crm.play(answering(name, {key.value for key in keys_of(name, [1])}))

    await connector_at(name, crm.url).ping(Call(http, Budget(5.0)))

    header, value = example_of(name).credential
    assert [received.method for received in crm.received] == [example_of(name).ping]
    assert value in crm.received[0].headers[header]


@pytest.mark.parametrize(
    ("answer", "budget_s", "error_class"),
    [(status(401), 5.0, Unauthorized), (hang, 0.2, Timeout), (html(), 5.0, BadPayload)],
)
async def test_ping_raises_when_the_source_does_not(name, answer, budget_s, error_class, crm, http):
    crm.play(answer)

    with pytest.raises(error_class):
        await connector_at(name, crm.url).ping(Call(http, Budget(budget_s)))


@pytest.mark.parametrize("object_name", ["", "..", "../oauth", "contacts/1", "a b", "a?b", "ü"])
async def test_an_object_that_could_change_the_address_is_refused_unasked(
    name, object_name, crm, http
):
    crm.play(status(500))

    with pytest.raises(WrongSettings):
        await connector_at(name, crm.url).fetch(
            Call(http, Budget(5.0)), object_name, keys_of(name, [1]), {"name"}
        )

    assert crm.received == []
