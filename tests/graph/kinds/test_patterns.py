"""Patterns that admins write: linear in the text, or refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.kinds.patterns import check_pattern, is_match
from graph.model.errors import BadValue

NOT_UNDERSTOOD = "pattern: not a pattern that RE2 understands (no look-around, no back-references)"
# Each takes other engines a time that grows with a power of the text's length.
CATASTROPHIC = [
    "(a+)+b",
    "(a|a)*b",
    "(a|aa)+$",
    "(.*)*x",
    "([a-zA-Z]+)*1",
    "(.*a){12}b",
    r"^(\w+\s?)*\$",
    "(x+x+)+y",
    r"(\d|\d\d)+[a-c]{1,5}z",
    "a?" * 80 + "b" * 80,
]


def refusal(pattern):
    """What is said of a pattern that can't be used."""
    with pytest.raises(BadValue) as refused:
        check_pattern(pattern)
    return str(refused.value)


@pytest.mark.parametrize("pattern", CATASTROPHIC)
@pytest.mark.parametrize("text", ["a" * 4_000, "x" * 4_000 + "!", "1" * 3_999 + "y"])
def test_a_pattern_that_ruins_other_engines_is_tried_at_once(pattern, text):
    check_pattern(pattern)
    began = time.monotonic()

    is_match(pattern, text)

    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "pattern",
    [
        *["(", ")", "[a", "a**", "*a", "(?P<a", r"\8", "a{2,1}", "\ud800"],
        *["(?=a)", "(?!a)b", "(?<=a)b", r"(a)\1", "(?>a)"],
        *["a{1001}", "((a{100}){100}){100}", "((((.{99}){9}){9}){9}){9}", r"(\pL{999}){9}"],
    ],
)
def test_what_re2_can_not_compile_or_takes_too_much_memory_is_refused(pattern):
    assert refusal(pattern) == NOT_UNDERSTOOD


@pytest.mark.parametrize("pattern", ["", "a" * 501])
def test_a_pattern_has_1_to_500_characters(pattern):
    check_pattern("a" * 500)

    assert refusal(pattern) == "pattern: expected 1 to 500 characters"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("[A-Z]{2}[0-9]+", "AT47", True),
        ("[A-Z]{2}[0-9]+", "xAT47", False),
        ("[A-Z]{2}[0-9]+", "AT47x", False),
        ("[A-Z]{2}[0-9]+", "AT47\n", False),
        ("a|ab", "ab", True),
        (r"\p{L}+", "Zoë", True),
        ("...", "Zoë", True),
        ("(?i)gold", "GOLD", True),
        ("a*", "", True),
        ("a$", "a\n", False),
    ],
)
def test_the_whole_of_a_text_must_be_as_the_pattern_says(pattern, text, matches):
    assert is_match(pattern, text) is matches


@given(st.text(max_size=60) | st.text("()[]{}*+?|\\.^$aA1,:<=!", max_size=60))
def test_any_pattern_is_used_or_refused_and_nothing_else_happens(pattern):
    try:
        check_pattern(pattern)
    except BadValue:
        return
    assert is_match(pattern, "a") in {True, False}
