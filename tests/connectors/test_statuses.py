from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import (
    BadPayload,
    RateLimited,
    Timeout,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.runtime.statuses import refusal, retry_after_s

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 204, 207])
def test_success_is_no_refusal(status):
    assert refusal("crm", status, {}, NOW) is None


@pytest.mark.parametrize(
    ("statuses", "error_class"),
    [
        ([301, 302, 303, 307, 308, 304, 404, 405, 410], WrongSettings),
        ([400, 409, 413, 414, 415, 422, 431, 101, 999], BadPayload),
        ([401, 403], Unauthorized),
        ([408], Timeout),
        ([429], RateLimited),
        ([500, 501, 502, 503, 504, 521], Unavailable),
    ],
)
def test_every_other_status_is_one_error_that_tells_it(statuses, error_class):
    refusals = [refusal("crm", status, {}, NOW) for status in statuses]

    assert {type(error) for error in refusals} == {error_class}
    assert [str(error)[-5:] for error in refusals] == [f"({status})" for status in statuses]


@pytest.mark.parametrize(("status", "kept"), [(429, 7.0), (503, 7.0), (401, None), (404, None)])
def test_only_errors_that_pass_keep_the_wish_for_a_pause(status, kept):
    assert refusal("crm", status, {"Retry-After": "7"}, NOW).retry_after_s == kept


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 12:01:30 -0000", 90.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("86401", 86_400.0),
        ("1764277479", 86_400.0),
        ("Mon, 23 Nov 2099 12:00:00 GMT", 86_400.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("1e999", None),
        ("Mon, 23 Nov 99999999999999999999 12:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry_after_s(header, NOW) == seconds


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [-+]?\w+")))
def test_no_retry_after_makes_us_fail_or_go_back_in_time(header):
    seconds = retry_after_s(header, NOW)

    assert seconds is None or 0 <= seconds < float("inf")
