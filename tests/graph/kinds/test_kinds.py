"""Each kind of custom field: what clients may send, and what CRMs are understood to mean."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.kinds.table import KINDS

TEXT, NUMBER, FLAG, DATE, CHOICE = (
    KINDS[name] for name in ("TEXT", "NUMBER", "FLAG", "DATE", "CHOICE")
)
CHOICES = ("gold", "silver", "7")
WRONG_TEXT = "expected at most 4000 characters, no control characters"
WRONG_NUMBER = "expected a number between -2^53 and 2^53"
WRONG_DATE = "expected a date such as 2021-03-04"
WRONG_YEAR = "expected milliseconds of a year that the calendar has"


def refusal(method, value):
    """What is said of a value the kind can't hold."""
    with pytest.raises(ValueError, match=r"^expected ") as refused:
        method(value, CHOICES)
    return str(refused.value)


def test_these_kinds_exist_in_this_order():
    assert list(KINDS) == ["TEXT", "NUMBER", "FLAG", "DATE", "CHOICE"]


@pytest.mark.parametrize("value", ["", "gold", "a\tb\nc", "x" * 4000, "Zoë 🦊 \u0639\u200c"])
def test_a_text_is_kept_as_it_is(value):
    assert TEXT.parse(value, ()) == value
    assert TEXT.from_source(value, ()) == value


@pytest.mark.parametrize("value", ["x" * 4001, "\x00", "a\x1b", "\x7f", "\x85", "\ud800"])
def test_a_text_no_store_or_screen_can_hold_is_refused(value):
    assert refusal(TEXT.parse, value) == WRONG_TEXT
    assert refusal(TEXT.from_source, value) == WRONG_TEXT


def test_a_client_ends_lines_with_one_character():
    assert refusal(TEXT.parse, "a\r\nb") == WRONG_TEXT


def test_a_crm_may_end_lines_as_it_likes():
    assert TEXT.from_source("a\r\nb\rc\nd", ()) == "a\nb\nc\nd"


@pytest.mark.parametrize(("value", "text"), [(42, "42"), (-1.5, "-1.5"), (0, "0")])
def test_a_number_of_a_crm_is_a_text_where_text_is_expected(value, text):
    assert TEXT.from_source(value, ()) == text
    assert refusal(TEXT.parse, value) == "expected text"


@pytest.mark.parametrize("value", [True, None, [], {}, ["a"]])
def test_what_is_no_text_is_refused(value):
    assert refusal(TEXT.parse, value) == "expected text"
    assert refusal(TEXT.from_source, value) == "expected text"


@pytest.mark.parametrize("value", [0, -7, 2**53, -(2**53), 0.1, -1e-300, 1e15])
def test_a_number_is_kept_to_the_bit(value):
    parsed = NUMBER.parse(value, ())

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
        ("42.0", 42),
        (" -1.5 ", -1.5),
        ("1e3", 1000),
        ("0", 0),
        (7, 7),
        ("9007199254740992", 2**53),
    ],
)
def test_a_crm_may_send_numbers_as_text(value, number):
    parsed = NUMBER.from_source(value, ())

    assert parsed == number
    assert type(parsed) is type(number)


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e400", "9" * 5000])
def test_a_text_of_a_number_json_can_not_carry_is_refused(value):
    assert refusal(NUMBER.from_source, value) == WRONG_NUMBER


@pytest.mark.parametrize("value", ["", "gold-secret", "\u00b2", "1,5", "0x10", "12 34"])
def test_a_text_of_no_number_is_refused_without_being_told(value):
    assert refusal(NUMBER.from_source, value) == "expected a number"


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_kept_as_it_is(value):
    assert FLAG.parse(value, ()) is value
    assert FLAG.from_source(value, ()) is value


@pytest.mark.parametrize("value", ["true", 1, 0, None, "", [], {}, 1.0])
def test_a_client_sends_flags_as_flags(value):
    assert refusal(FLAG.parse, value) == "expected true or false"


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *(("true", True), (" TRUE ", True), ("yes", True), ("1", True), (1, True)),
        *(("false", False), ("No", False), ("0", False), (0, False)),
    ],
)
def test_a_crm_may_send_flags_as_words_or_numbers(value, flag):
    assert FLAG.from_source(value, ()) is flag


@pytest.mark.parametrize("value", ["maybe", "", "ja", "2", 2, -1, 0.5, [], {}, None])
def test_another_word_is_no_flag(value):
    assert refusal(FLAG.from_source, value) == "expected true or false"


def test_a_date_is_a_day_of_the_calendar():
    assert DATE.parse("2024-02-29", ()) == date(2024, 2, 29)
    assert DATE.parse(date(2024, 2, 29), ()) == date(2024, 2, 29)


def test_an_instant_is_its_day():
    parsed = DATE.parse(datetime(2024, 2, 29, 23, 59, tzinfo=UTC), ())

    assert parsed == date(2024, 2, 29)
    assert type(parsed) is date


@pytest.mark.parametrize(
    "value",
    ["2023-02-29", "2024-13-01", "29.02.2024", "", "today", "\u0662", 0, True, None, [], {}],
)
def test_another_text_is_no_date(value):
    assert refusal(DATE.parse, value) == WRONG_DATE


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2021-03-04", date(2021, 3, 4)),
        ("2021-03-04T23:30:00-05:00", date(2021, 3, 4)),
        ("2021-03-04T05:06:07.123Z", date(2021, 3, 4)),
        (1614816000000, date(2021, 3, 4)),
        ("1614816000000", date(2021, 3, 4)),
        (0, date(1970, 1, 1)),
        (-1, date(1969, 12, 31)),
        (-315619200000, date(1960, 1, 1)),
        ("-315619200000", date(1960, 1, 1)),
        (-62135596800000, date.min),
        (253402300799999, date.max),
    ],
)
def test_a_crm_may_send_a_day_an_instant_or_milliseconds(value, day):
    assert DATE.from_source(value, ()) == day


@pytest.mark.parametrize(
    "value", [-62135596800001, 253402300800000, 10**400, -(10**400), "9" * 18, "-" + "9" * 18]
)
def test_milliseconds_beyond_the_calendar_are_refused(value):
    assert refusal(DATE.from_source, value) == WRONG_YEAR


@pytest.mark.parametrize(
    "value", ["9" * 5000, "\u00b2", "\u0661\u0662", "gold-secret", "T", "", True, 1.5, None, [], {}]
)
def test_what_names_no_day_is_refused_without_being_told(value):
    assert refusal(DATE.from_source, value) == WRONG_DATE


@given(st.dates())
def test_every_day_is_kept_as_iso_text(day):
    assert DATE.dump(day) == day.isoformat()
    assert DATE.load(day.isoformat()) == day
    assert DATE.from_source(day.isoformat(), ()) == day


@given(st.dates())
def test_every_day_has_its_milliseconds(day):
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    milliseconds = int((midnight - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1000

    assert DATE.from_source(milliseconds, ()) == day
    assert DATE.from_source(str(milliseconds), ()) == day


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_kept_as_a_flag(value):
    assert FLAG.dump(value) is value
    assert FLAG.load(value) is value


def test_what_was_kept_otherwise_is_left_as_it_is():
    assert DATE.dump(None) is None
    assert DATE.load(None) is None


def test_a_choice_is_one_of_its_list():
    assert CHOICE.parse("gold", CHOICES) == "gold"
    assert CHOICE.from_source("silver", CHOICES) == "silver"
    assert CHOICE.from_source(7, CHOICES) == "7"


@pytest.mark.parametrize("value", ["bronze-secret", "Gold", "gold ", ""])
def test_another_choice_is_refused_without_being_told(value):
    assert refusal(CHOICE.parse, value) == "expected one of 3 choices"
    assert refusal(CHOICE.from_source, value) == "expected one of 3 choices"


@pytest.mark.parametrize("value", [7, None, [], ["gold"]])
def test_what_is_no_text_is_no_choice(value):
    assert refusal(CHOICE.parse, value) == "expected text"
