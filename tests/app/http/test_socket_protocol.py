"""Whatever is said is understood or closed with 4400, and never said back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.socket_protocol import (
    Close,
    Closing,
    Complete,
    Init,
    Message,
    Ping,
    Pong,
    Subscribe,
    complete_text,
    next_text,
    read_message,
)
from graph.execution.request import Answer, Request

KINDS = ["connection_init", "ping", "pong", "subscribe", "complete"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
payloads = values | st.fixed_dictionaries(
    {},
    optional={
        "query": values,
        "operationName": values,
        "variables": values,
        "extensions": values,
        "authorization": values,
    },
)
messages = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(KINDS) | values, "id": values, "payload": payloads}
)


@given(st.none() | st.text() | messages.map(json.dumps))
def test_every_message_is_understood_or_a_bad_request(text):
    found = understood(text)

    if isinstance(found, Closing):
        assert found.code is Close.BAD_REQUEST
    else:
        assert isinstance(found, Init | Ping | Pong | Subscribe | Complete)


def understood(text: str | None) -> Message | Closing:
    try:
        return read_message(text)
    except Closing as closing:
        return closing


@given(st.text())
def test_a_reason_fits_into_a_close_frame(sentence):
    reason = Closing(Close.UNAUTHORIZED, sentence * 10).reason

    assert len(reason.encode()) <= 123
    assert (sentence * 10).startswith(reason)


@given(st.text(min_size=4, alphabet="QZXJ"), st.sampled_from(KINDS))
def test_a_reason_holds_nothing_that_was_sent(canary, kind):
    for text in (
        json.dumps({"type": canary}),
        json.dumps({"type": kind, "id": [canary], "payload": [canary]}),
        json.dumps({"type": "subscribe", "id": "1", "payload": {"query": "", canary: canary}}),
        canary,
    ):
        with pytest.raises(Closing) as closing:
            read_message(text)
        assert canary not in closing.value.reason


@given(st.text(min_size=1, max_size=128), st.text(), st.dictionaries(st.text(), st.booleans()))
def test_an_operation_is_read_as_it_was_sent(id, query, variables):
    payload = {"query": query, "variables": variables}

    found = read_message(json.dumps({"type": "subscribe", "id": id, "payload": payload}))

    assert found == Subscribe(id, Request(query, None, variables))


@given(st.sampled_from(["authorization", "Authorization", "AUTHORIZATION"]), st.text())
def test_the_token_of_an_init_is_found_however_its_name_is_written(name, value):
    found = read_message(json.dumps({"type": "connection_init", "payload": {name: value, "x": 1}}))

    assert found == Init(value)


def test_answers_are_told_as_the_protocol_has_it():
    error = {"message": "No.", "extensions": {"code": "FORBIDDEN"}}
    refused = Answer({"errors": [error]}, is_request_error=True)
    partial = Answer({"data": {"a": None}, "errors": [error]})

    told = [json.loads(text) for text in (next_text("1", refused), next_text("1", partial))]

    assert told == [
        {"id": "1", "type": "error", "payload": [error]},
        {"id": "1", "type": "next", "payload": {"data": {"a": None}, "errors": [error]}},
    ]
    assert json.loads(complete_text("1")) == {"id": "1", "type": "complete"}


def test_neither_tokens_nor_operations_are_in_what_a_message_shows_of_itself():
    canary = "CANARY-4711"
    payload = {"query": canary, "variables": {"x": canary}}

    shown = [
        repr(read_message(json.dumps(message)))
        for message in (
            {"type": "connection_init", "payload": {"authorization": canary}},
            {"type": "subscribe", "id": canary, "payload": payload},
            {"type": "complete", "id": canary},
        )
    ]

    assert canary not in "".join(shown)
