"""BOOLEAN and NUMBER: what clients may send, and what CRMs are understood to mean."""

import pytest

from graph.kinds.table import KINDS
from tests.graph.kinds.refusals import refusal
from tests.graph.kinds.valid_values import FACETS

BOOLEAN, NUMBER = KINDS["BOOLEAN"], KINDS["NUMBER"]
WRONG_NUMBER = "expected a number between -2^53 and 2^53"


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_kept_as_it_is(value):
    assert BOOLEAN.parse(value, FACETS) is value
    assert BOOLEAN.from_source(value, FACETS) is value
    assert BOOLEAN.dump(value) is value
    assert BOOLEAN.load(value) is value


@pytest.mark.parametrize("value", ["true", 1, 0, None, "", [], {}, 1.0])
def test_a_client_sends_flags_as_flags(value):
    assert refusal(BOOLEAN.parse, value) == "expected true or false"


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *(("true", True), (" TRUE ", True), ("yes", True), ("1", True), (1, True)),
        *(("false", False), ("No", False), ("0", False), (0, False)),
    ],
)
def test_a_crm_may_send_flags_as_words_or_numbers(value, flag):
    assert BOOLEAN.from_source(value, FACETS) is flag


@pytest.mark.parametrize("value", ["maybe", "", "ja", "2", 2, -1, 0.5, [], {}, None])
def test_another_word_is_no_flag(value):
    assert refusal(BOOLEAN.from_source, value) == "expected true or false"


def test_a_flag_is_found_as_a_digit():
    assert [BOOLEAN.key(value) for value in (False, True)] == ["0", "1"]


@pytest.mark.parametrize("value", [0, -7, 2**53, -(2**53), 0.1, -1e-300, 1e15])
def test_a_number_is_kept_to_the_bit(value):
    parsed = NUMBER.parse(value, FACETS)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "value", [2**53 + 1, -(2**53) - 1, 10**400, 1e300, float("nan"), float("inf"), -float("inf")]
)
def test_a_number_json_can_not_carry_is_refused(value):
    assert refusal(NUMBER.parse, value) == WRONG_NUMBER
    assert refusal(NUMBER.from_source, value) == WRONG_NUMBER


@pytest.mark.parametrize("value", ["42", True, None, [], {}])
def test_a_client_sends_numbers_as_numbers(value):
    assert refusal(NUMBER.parse, value) == "expected a number"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("42", 42),
        ("+42", 42),
        ("42.0", 42),
        (" -1.5 ", -1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("0", 0),
        (7, 7),
        ("9007199254740992", 2**53),
    ],
)
def test_a_crm_may_send_numbers_as_text(value, number):
    parsed = NUMBER.from_source(value, FACETS)

    assert parsed == number
    assert type(parsed) is type(number)


@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "-Infinity", "1e400", "9" * 5000, "-" + "9" * 5000, "9007199254740993"],
)
def test_a_text_of_a_number_json_can_not_carry_is_refused(value):
    assert refusal(NUMBER.from_source, value) == WRONG_NUMBER


@pytest.mark.parametrize(
    "value", ["", "gold-secret", "\u00b2", "\u0661", "1,5", "0x10", "12 34", "1_000"]
)
def test_a_text_of_no_number_is_refused_without_being_told(value):
    assert refusal(NUMBER.from_source, value) == "expected a number"


def test_a_number_is_found_by_digits_that_sort():
    numbers = [-(2**53), -1.5, -1, -5e-324, 0, 5e-324, 0.5, 1, 2, 10, 2**53]

    keys = [NUMBER.key(number) for number in numbers]

    assert keys == sorted(keys)
    assert {len(key) for key in keys} == {16}


def test_numbers_that_are_equal_are_found_alike():
    assert NUMBER.key(1) == NUMBER.key(1.0) == "bff0000000000000"
    assert NUMBER.key(0) == NUMBER.key(-0.0) == "8000000000000000"
