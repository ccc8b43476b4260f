"""What holds for every kind of custom field; a new kind is found here by itself.

A password is never kept as it was sent, so that most of this can't hold for it: see
`test_password.py`.
"""

import unicodedata
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.kinds.geo_point import GeoPoint
from graph.kinds.money import Money
from graph.kinds.table import KINDS
from graph.model.filter import Operator
from tests.graph.kinds.json_values import json_values
from tests.graph.kinds.valid_values import FACETS, NEAR, VALID

SCALARS = {
    "String": str,
    "Float": (int, float),
    "Boolean": bool,
    "Decimal": Decimal,
    "Money": Money,
    "Date": date,
    "DateTime": datetime,
    "GeoPoint": GeoPoint,
    "Profile": str,
}
STORABLE = {str, int, float, bool, Decimal, datetime}
HOSTILE = [
    *(10**400, -(10**400), 10**5000, 2**53 + 1, float("nan"), float("inf"), 253402300800000),
    *("\u00b2", "\u0661", "9" * 5000, "-" + "9" * 18, "1e400", "nan", "\ud800", "a\x00"),
    *("1E+999999999", "1e-999999999", "0" * 5000, "\u0301" * 5000, "a" * 10**5, "1,2,3"),
    *("2021-02-30", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2021-03-04T24:60Z"),
    *("2021-03-04\ud80005:06:07Z", "2021-03-04T05:06:07+99:99", "2021-03-04T05:06:07+24:00"),
    *("http://[", "http://[::1", "http://\u2100.com", "http://a:99999", "http://a:b", "1::2::3"),
    *("@", "\ud800@example.com", "+", "\ufeff", "\u200c", "EUR EUR", "1 1", "EUR", ",", "1,nan"),
    *([], {}, ["gold"], {"a": 1}, None, [[[[[[]]]]]]),
    {"amount": "1", "currency": "EUR", "more": 1},
    {"amount": {"amount": "1", "currency": "EUR"}, "currency": "EUR"},
    {"amount": "1", "currency": []},
    {"amount": True, "currency": "EUR"},
    {"latitude": 10**400, "longitude": float("nan")},
    {"latitude": "1", "longitude": None},
    {"latitude": 1, "longitude": 1, "altitude": 1},
]

OPEN = {name: kind for name, kind in KINDS.items() if name != "PASSWORD"}
SORTED = {name: kind for name, kind in KINDS.items() if Operator.LT in kind.operators}

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
each_open_kind = pytest.mark.parametrize("kind", OPEN.values(), ids=OPEN)
each_sorted_kind = pytest.mark.parametrize("kind", SORTED.values(), ids=SORTED)
either_way = pytest.mark.parametrize("way", ["parse", "from_source"])


def test_these_kinds_exist_in_this_order():
    assert list(KINDS) == [
        *("STRING", "NAME", "ALPHANUMERIC", "EMAIL", "PHONE_NUMBER", "URL", "IP", "PASSWORD"),
        *("BOOLEAN", "NUMBER", "DECIMAL", "MONEY", "DATE", "DATETIME", "CHOICE", "CHOICES"),
        *("GEO_POINT", "REFERENCE"),
    ]


def test_only_choices_are_several_by_nature():
    assert [name for name, kind in KINDS.items() if kind.is_list] == ["CHOICES"]


def test_what_is_text_has_a_length_and_what_is_sorted_a_range():
    narrowed = {name: " ".join(sorted(kind.facets)) for name, kind in KINDS.items() if kind.facets}

    text = ("STRING", "NAME", "ALPHANUMERIC", "EMAIL", "PHONE_NUMBER", "URL")
    assert narrowed == {
        **dict.fromkeys(text, "length pattern"),
        **dict.fromkeys(("NUMBER", "DECIMAL", "DATE", "DATETIME"), "range"),
        **dict.fromkeys(("CHOICE", "CHOICES"), "choices"),
    }


def test_each_kind_is_found_by_what_its_key_allows():
    found_by = {
        name: " ".join(operator.value for operator in kind.operators)
        for name, kind in KINDS.items()
    }

    assert found_by == {
        **dict.fromkeys(("STRING", "NAME"), "equals in startsWith contains exists"),
        **dict.fromkeys(
            ("ALPHANUMERIC", "EMAIL", "PHONE_NUMBER", "URL"), "equals in startsWith exists"
        ),
        **dict.fromkeys(("IP", "CHOICE", "CHOICES", "REFERENCE"), "equals in exists"),
        **dict.fromkeys(
            ("NUMBER", "DECIMAL", "MONEY", "DATE", "DATETIME"), "equals in lt lte gt gte exists"
        ),
        **dict.fromkeys(("BOOLEAN", "GEO_POINT"), "equals exists"),
        "PASSWORD": "exists",
    }


@each_kind
def test_a_kind_is_known_by_its_own_name(kind):
    assert KINDS[kind.name] is kind


@each_kind
def test_a_kind_says_in_its_docstring_what_it_holds(kind):
    assert type(kind).__doc__.rstrip().endswith(".")


@each_kind
def test_the_example_is_read_as_a_value_of_the_kinds_scalar(kind):
    read = kind.load(kind.dump(kind.parse(kind.example, FACETS)))

    assert isinstance(read, SCALARS[kind.scalar])


@each_open_kind
def test_the_example_is_understood_from_a_source_alike(kind):
    assert kind.from_source(kind.example, FACETS) == kind.parse(kind.example, FACETS)


@each_open_kind
@given(data=st.data())
def test_a_valid_value_is_kept_and_comes_back_the_same(kind, data):
    value = data.draw(VALID[kind.name])

    parsed = kind.parse(value, FACETS)

    check_kept(kind, parsed)


@each_open_kind
@given(data=st.data())
def test_what_a_client_may_send_a_source_may_too(kind, data):
    value = data.draw(VALID[kind.name])

    understood = kind.from_source(value, FACETS)

    assert understood == kind.from_source(kind.parse(value, FACETS), FACETS)


@each_sorted_kind
@given(data=st.data())
def test_keys_sort_as_their_values_do(kind, data):
    pair = [kind.parse(data.draw(VALID[kind.name] | NEAR[kind.name]), FACETS) for _ in range(2)]

    one, other = (rank(value) for value in pair)
    one_key, other_key = (kind.key(value) for value in pair)

    assert (one < other, one == other) == (one_key < other_key, one_key == other_key)


@each_open_kind
@given(data=st.data())
def test_equal_values_have_equal_keys(kind, data):
    value = kind.parse(data.draw(VALID[kind.name]), FACETS)

    assert kind.key(kind.load(kind.dump(value))) == kind.key(value)


@each_open_kind
@either_way
@given(value=json_values)
def test_any_value_is_kept_or_refused_in_our_words(kind, way, value):
    check_kept_or_refused(kind, way, value)


@each_open_kind
@either_way
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: type(value).__name__)
def test_a_hostile_value_is_kept_or_refused_in_our_words(kind, way, value):
    check_kept_or_refused(kind, way, value)


@each_kind
@either_way
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_refusal_never_tells_the_value(kind, way, before, after):
    value = f"{before}secret{after}\x00"

    parsed, error = outcome(kind, way, value)

    assert parsed is None
    assert type(error) is ValueError
    assert "secret" not in str(error)


def check_kept_or_refused(kind, way, value):
    """A value is refused without being told, or is kept and comes back the same."""
    parsed, error = outcome(kind, way, value)
    if error is None:
        check_kept(kind, parsed)
        return
    assert type(error) is ValueError  # its subclasses keep what they are about
    assert str(error).startswith("expected ")
    assert error.__cause__ is None
    assert told(value).isdisjoint(str(error).split())


def check_kept(kind, parsed):
    """What was parsed is of its type, storable, findable, and the same after a round trip."""
    kept = kind.dump(parsed)
    parts = kept.values() if isinstance(kept, dict) else [kept]
    assert {type(part) for part in parts} <= STORABLE
    assert isinstance(parsed, SCALARS[kind.scalar])
    assert kind.parse(parsed, FACETS) == parsed
    assert kind.load(kept) == parsed
    assert type(kind.load(kept)) is type(parsed)
    assert not has_control(kind.key(parsed))
    assert not has_control(parsed if kind.name != "STRING" else "")


def has_control(value):
    """Whether a text has a control character, or half of a pair."""
    return isinstance(value, str) and any(
        unicodedata.category(one) in {"Cc", "Cs"} for one in value
    )


def rank(value):
    """What a value is sorted by; money first by its currency."""
    return (value.currency, value.amount) if isinstance(value, Money) else value


def outcome(kind, way, value):
    """What a kind makes of a value, and what it says against it; anything else escapes."""
    try:
        return getattr(kind, way)(value, FACETS), None
    except ValueError as error:
        return None, error


def told(value):
    """What a message could hold of a value by mistake."""
    if isinstance(value, str):
        return {word for word in value.split() if len(word) > 6}
    if isinstance(value, int | float) and abs(value) > 10**6:
        return {f"{value:.0f}"} if abs(value) < 10**300 else set()
    return set()
