"""DATE and DATETIME: what clients may send, and what CRMs are understood to mean."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.kinds.table import KINDS
from tests.graph.kinds.refusals import refusal
from tests.graph.kinds.valid_values import FACETS

DATE, DATETIME = KINDS["DATE"], KINDS["DATETIME"]
WRONG_DATE = "expected a date such as 2021-03-04"
WRONG_INSTANT = "expected an instant such as 2021-03-04T05:06:07Z"
WRONG_YEAR = "expected milliseconds of a year that the calendar has"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_a_date_is_a_day_of_the_calendar():
    assert DATE.parse("2024-02-29", FACETS) == date(2024, 2, 29)
    assert DATE.parse(date(2024, 2, 29), FACETS) == date(2024, 2, 29)


def test_an_instant_is_its_day():
    parsed = DATE.parse(datetime(2024, 2, 29, 23, 59, tzinfo=UTC), FACETS)

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
        (" 2021-03-04\r\n", date(2021, 3, 4)),
        ("20210304", date(2021, 3, 4)),
        ("2021-03-04T23:30:00-05:00", date(2021, 3, 4)),
        ("2021-03-04 23:30:00", date(2021, 3, 4)),
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
    assert DATE.from_source(value, FACETS) == day


@pytest.mark.parametrize("kind", [DATE, DATETIME], ids=["DATE", "DATETIME"])
@pytest.mark.parametrize(
    "value", [-62135596800001, 253402300800000, 10**400, -(10**400), "9" * 18, "-" + "9" * 18]
)
def test_milliseconds_beyond_the_calendar_are_refused(kind, value):
    assert refusal(kind.from_source, value) == WRONG_YEAR


@pytest.mark.parametrize(
    "value", ["9" * 5000, "\u00b2", "\u0661\u0662", "gold-secret", "T", "", True, 1.5, None, [], {}]
)
def test_what_names_no_day_or_instant_is_refused_without_being_told(value):
    assert refusal(DATE.from_source, value) == WRONG_DATE
    assert refusal(DATETIME.from_source, value) == WRONG_INSTANT


@given(st.dates())
def test_every_day_is_kept_as_iso_text(day):
    assert DATE.dump(day) == day.isoformat()
    assert DATE.load(day.isoformat()) == day
    assert DATE.from_source(day.isoformat(), FACETS) == day
    assert DATE.key(day) == day.isoformat()


@given(st.dates())
def test_every_day_has_its_milliseconds(day):
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    milliseconds = int((midnight - EPOCH).total_seconds()) * 1000

    assert DATE.from_source(milliseconds, FACETS) == day
    assert DATE.from_source(str(milliseconds), FACETS) == day


def test_what_was_kept_otherwise_is_left_as_it_is():
    assert DATE.dump(None) is None
    assert DATE.load(None) is None


@pytest.mark.parametrize(
    "value",
    [
        *("2021-03-04T05:06:07.123Z", "2021-03-04t05:06:07.123z", "2021-03-04 05:06:07.123+00:00"),
        *("2021-03-04T06:36:07.123999+01:30", "20210304T050607.123Z", "2021-03-03T23:06:07,123-06"),
        datetime(2021, 3, 4, 6, 6, 7, 123_999, timezone(timedelta(hours=1))),
    ],
)
def test_an_instant_is_kept_in_utc_and_to_the_millisecond(value):
    parsed = DATETIME.parse(value, FACETS)

    assert parsed == datetime(2021, 3, 4, 5, 6, 7, 123_000, UTC)
    assert parsed.tzinfo is UTC
    assert DATETIME.key(parsed) == "2021-03-04T05:06:07.123Z"
    assert DATETIME.load(DATETIME.dump(parsed)) is parsed


@pytest.mark.parametrize(
    "value",
    ["2021-03-04T05:06:07", "2021-03-04", datetime(2021, 3, 4, tzinfo=UTC).replace(tzinfo=None)],
)
def test_a_client_sends_an_instant_with_its_offset(value):
    assert refusal(DATETIME.parse, value) == f"{WRONG_INSTANT}, with its offset from UTC"


@pytest.mark.parametrize(
    "value",
    [
        *("2021-02-30T00:00Z", "2021-03-04T25:00Z", "2021-03-04T05:06:07+24:00", "05:06Z", "today"),
        *("2021-03-04x05:06Z", "2021-03-04\ud80005:06Z", "2021-03-04T05:06\u0661Z", "", "Z"),
        *(0, 1614816000000, True, None, [], {}, date(2021, 3, 4)),
    ],
)
def test_another_text_is_no_instant(value):
    assert refusal(DATETIME.parse, value) == WRONG_INSTANT


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_an_instant_beyond_the_calendar_is_refused(value):
    said = "expected an instant of the years 1 to 9999 in UTC"

    assert refusal(DATETIME.parse, value) == said
    assert refusal(DATETIME.from_source, value) == said


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2021-03-04T05:06:07", datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        (" 2021-03-04 05:06 ", datetime(2021, 3, 4, 5, 6, tzinfo=UTC)),
        ("2021-03-04T05:06:07+01:00", datetime(2021, 3, 4, 4, 6, 7, tzinfo=UTC)),
        ("2021-03-04", datetime(2021, 3, 4, tzinfo=UTC)),
        ("20210304", datetime(2021, 3, 4, tzinfo=UTC)),
        (date(2021, 3, 4), datetime(2021, 3, 4, tzinfo=UTC)),
        (1614816000001, datetime(2021, 3, 4, 0, 0, 0, 1000, tzinfo=UTC)),
        ("-1", datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_a_crm_may_send_an_instant_without_its_offset_or_milliseconds(value, instant):
    assert DATETIME.from_source(value, FACETS) == instant


@given(st.integers(-62135596800000, 253402300799999))
def test_every_millisecond_of_the_calendar_is_an_instant(milliseconds):
    instant = DATETIME.from_source(milliseconds, FACETS)

    assert (instant - EPOCH) // timedelta(milliseconds=1) == milliseconds
    assert DATETIME.parse(DATETIME.key(instant), FACETS) == instant
    assert len(DATETIME.key(instant)) == 24
