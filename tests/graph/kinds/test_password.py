"""PASSWORD: a hash goes in, and nothing but the fact comes out."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.kinds.password import is_password
from graph.kinds.table import KINDS
from tests.graph.kinds.json_values import json_values
from tests.graph.kinds.refusals import refusal
from tests.graph.kinds.valid_values import FACETS

PASSWORD = KINDS["PASSWORD"]
WRONG = "expected a password of 1 to 200 printable characters"
HASH = re.compile(r"\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}")

# Each hash takes a third of a second: that is what it is for.
few = settings(max_examples=5, deadline=None)
passwords = st.text(
    st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=200
).filter(str.isprintable)
unprintable = json_values.filter(lambda value: not isinstance(value, str) or "\x00" in value)


@few
@given(passwords)
def test_a_password_is_kept_as_a_hash_that_it_alone_has(password):
    kept = PASSWORD.dump(PASSWORD.parse(password, FACETS))

    assert HASH.fullmatch(kept)
    assert is_password(password, kept)
    assert not is_password(f"{password}x", kept)


def test_the_same_password_never_has_the_same_hash():
    assert PASSWORD.parse("hunter2", FACETS) != PASSWORD.parse("hunter2", FACETS)


def test_nobody_can_plant_a_hash():
    planted = PASSWORD.parse("hunter2", FACETS)

    kept = PASSWORD.parse(planted, FACETS)

    assert not is_password("hunter2", kept)
    assert is_password(planted, kept)


def test_a_password_from_a_source_keeps_its_blanks():
    kept = PASSWORD.from_source(" hunter2 ", FACETS)

    assert is_password(" hunter2 ", kept)
    assert not is_password("hunter2", kept)


def test_an_accented_letter_is_the_same_however_a_keyboard_sends_it():
    kept = PASSWORD.parse("Zoe\u0308", FACETS)

    assert is_password("Zoë", kept)


def test_only_that_a_password_is_set_can_be_read_or_looked_for():
    kept = PASSWORD.parse("hunter2", FACETS)

    assert PASSWORD.load(kept) is True
    assert PASSWORD.key(kept) == PASSWORD.key(PASSWORD.load(kept)) == "1"


@pytest.mark.parametrize(
    "value", ["", "x" * 201, "a\nb", "a\x00", "\ud800", "\u202e", 7, True, None, [], {}]
)
def test_what_nobody_can_type_is_refused(value):
    assert refusal(PASSWORD.parse, value) == WRONG
    assert refusal(PASSWORD.from_source, value) == WRONG


@given(unprintable)
def test_any_value_that_is_no_password_is_refused_in_our_words(value):
    assert refusal(PASSWORD.parse, value) == WRONG
    assert refusal(PASSWORD.from_source, value) == WRONG


@pytest.mark.parametrize("kept", ["", "hunter2", "$scrypt$ln=15,r=8,p=3$$", "$2b$12$abc"])
def test_what_is_no_hash_has_no_password(kept):
    assert not is_password("hunter2", kept)
