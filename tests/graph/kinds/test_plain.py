"""Custom values as JSON has them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from graph.kinds.geo_point import GeoPoint
from graph.kinds.money import Money
from graph.kinds.plain import plain, plain_text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("gold", "gold"),
        (42, 42),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (Decimal("1E+3"), "1000"),
        (date(2021, 3, 4), "2021-03-04"),
        (datetime(2021, 3, 4, 5, 6, 7, 123000, tzinfo=UTC), "2021-03-04T05:06:07.123000Z"),
        (Money(Decimal("12.5"), "EUR"), {"amount": "12.5", "currency": "EUR"}),
        (GeoPoint(47.07, 15.44), {"latitude": 47.07, "longitude": 15.44}),
        ((date(2021, 3, 4), Decimal(1)), ["2021-03-04", "1"]),
    ],
)
def test_a_value_is_shown_as_json_can_hold_it(value, shown):
    assert plain(value) == shown


@pytest.mark.parametrize(
    ("value", "said"), [(True, "true"), (False, "false"), (1, 1), (Decimal("1.5"), "1.5")]
)
def test_a_flag_that_becomes_another_kind_is_a_word(value, said):
    assert plain_text(value) == said
    assert type(plain_text(value)) is type(said)
