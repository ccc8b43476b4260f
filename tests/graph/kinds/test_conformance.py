"""What holds for every kind of custom field; a new kind is found here by itself."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.kinds.table import KINDS
from tests.graph.kinds.json_values import json_values

SCALARS = {"String": str, "Float": (int, float), "Boolean": bool, "Date": date}
CHOICES = ("gold", "silver", "7", "1.5")
HOSTILE = [
    *(10**400, -(10**400), 10**5000, 2**53 + 1, float("nan"), float("inf"), 253402300800000),
    *(
        "\u00b2",
        "\u0661",
        "9" * 5000,
        "-" + "9" * 18,
        "1e400",
        "nan",
        "\ud800",
        "a\x00",
        "2021-02-30",
    ),
    *([], {}, ["gold"], {"a": 1}, None),
]


each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
either_way = pytest.mark.parametrize("way", ["parse", "from_source"])


@each_kind
def test_a_kind_is_known_by_its_own_name(kind):
    assert KINDS[kind.name] is kind


@each_kind
def test_a_kind_says_in_its_docstring_what_it_holds(kind):
    assert type(kind).__doc__.rstrip().endswith(".")


@each_kind
def test_the_example_is_a_value_of_the_kinds_scalar(kind):
    parsed = kind.parse(kind.example, CHOICES)

    assert isinstance(parsed, SCALARS[kind.scalar])


@each_kind
def test_the_example_is_understood_from_a_source_alike(kind):
    assert kind.from_source(kind.example, CHOICES) == kind.parse(kind.example, CHOICES)


@each_kind
@either_way
@given(value=json_values)
def test_any_value_is_kept_or_refused_in_our_words(kind, way, value):
    check_kept_or_refused(kind, way, value)


@each_kind
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
    if error:
        assert type(error) is ValueError  # its subclasses keep what they are about
        assert error.__cause__ is None
        assert told(value).isdisjoint(str(error).split())
        return
    kept = kind.dump(parsed)
    assert isinstance(parsed, SCALARS[kind.scalar])
    assert type(kept) in {str, int, float, bool}
    assert kind.parse(parsed, CHOICES) == parsed
    assert kind.load(kept) == parsed
    assert type(kind.load(kept)) is type(parsed)


def outcome(kind, way, value):
    """What a kind makes of a value, and what it says against it; anything else escapes."""
    try:
        return getattr(kind, way)(value, CHOICES), None
    except ValueError as error:
        return None, error


def told(value):
    """What a message could hold of a value by mistake."""
    if isinstance(value, str):
        return {word for word in value.split() if len(word) > 6}
    if isinstance(value, int | float) and abs(value) > 10**6:
        return {f"{value:.0f}"} if abs(value) < 10**300 else set()
    return set()
