"""What a 401 asks of a client that needs a better sign-in, and when it isn't one."""

import pytest

from app.http.challenge import step_up_challenge
from graph.execution.request import Answer

BEGIN = 'Bearer error="insufficient_user_authentication"'


def failed(*path, code="STEP_UP_REQUIRED", **more):
    entry = {"message": "no", "extensions": {"code": code, **more}}
    return {**entry, "path": list(path)} if path else entry


def challenge(data, *errors, acr_values=()):
    return step_up_challenge(Answer({"data": data, "errors": list(errors)}), acr_values)


def test_a_refused_request_asks_for_the_sign_in_that_its_issuer_offers():
    refused = Answer({"errors": [failed()]}, is_request_error=True, code="STEP_UP_REQUIRED")

    assert step_up_challenge(refused, ()) == BEGIN
    assert step_up_challenge(refused, ("gold", "silver")) == f'{BEGIN}, acr_values="gold silver"'


def test_a_quote_in_an_acr_stays_in_its_text():
    told = challenge(None, failed(), acr_values=('a"b\\c',))

    assert told == f'{BEGIN}, acr_values="a\\"b\\\\c"'


def test_the_shortest_age_is_asked_for():
    errors = failed("a", maxAgeS=900), failed("b", maxAgeS=300), failed("b", "c")

    assert challenge({"a": None, "b": None}, *errors) == f"{BEGIN}, max_age=300"


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"a": None}, [failed("a")]),
        ({"a": None, "b": None}, [failed("a"), failed("b")]),
        (None, [failed("a", "b")]),
    ],
)
def test_when_every_root_field_failed_for_that_reason_it_is_asked_for(data, errors):
    assert challenge(data, *errors) == BEGIN


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"a": None, "b": {}}, [failed("a")]),
        ({"a": None, "b": None}, [failed("a")]),
        ({"a": {"b": None}}, [failed("a", "b")]),
        ({"a": None, "b": None}, [failed("a"), failed("b", code="FORBIDDEN")]),
        (None, [failed("a"), failed("b", code="NOT_FOUND")]),
        ({"a": 1}, []),
        (None, [failed(code="BAD_INPUT")]),
    ],
)
def test_an_answer_that_a_better_sign_in_would_not_wholly_change_asks_for_none(data, errors):
    assert challenge(data, *errors) is None
