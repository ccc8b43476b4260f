"""Folding: names are compared without case, accents and outer blanks."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.errors import BadValue
from graph.model.filter import Condition, Operator, Place, folded


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Ada", "ada"),
        (" LOVELACE\t", "lovelace"),
        ("José", "jose"),
        ("jose\u0301", "jose"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ǆemal", "dzemal"),
        ("\U0001d400da", "ada"),
        ("\uff21\uff44\uff41", "ada"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("Nguyễn", "nguyen"),
        ("İpek", "ipek"),
        ("李", "李"),
        ("", ""),
        ("\u00a8", ""),
    ],
)
def test_a_text_is_folded(text, plain):
    assert folded(text) == plain


def test_every_character_is_folded_once_and_for_all():
    # Beyond are no letters with a case or an accent.
    changing = [code for code in range(0x30000) if folded(folded(chr(code))) != folded(chr(code))]

    assert changing == []


@given(st.text(max_size=40))
def test_what_is_folded_stays_as_it_is(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(max_size=40))
def test_case_and_outer_blanks_make_no_difference(text):
    assert folded(f" {text}\n") == folded(text)
    assert folded(folded(text).upper()) == folded(folded(text).upper().lower())


@given(st.text("abcdeéèñçüß", max_size=40))
def test_accents_and_case_make_no_difference(text):
    assert folded(text.upper()) == folded(text)


def test_a_text_longer_than_any_name_is_refused_at_once():
    began = time.monotonic()

    with pytest.raises(BadValue) as refused:
        folded("a" + "\u0300\u0316" * 20_000)

    assert str(refused.value) == "where: expected at most 200 characters"
    assert time.monotonic() - began < 0.5


def test_a_condition_never_shows_its_keys():
    condition = Condition(Place("t0", "F1"), Operator.EQUALS, ("ada",))

    assert repr(condition) == (
        "Condition(place=Place(slot='t0', field='F1', is_list=False, is_sealed=False),"
        " operator=<Operator.EQUALS: 'equals'>)"
    )
