"""Ids: of one length, in order of time, never twice."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.ids import is_id, new_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LAST_MS = 2**48 - 1
moments = st.integers(0, LAST_MS)


@given(moments)
def test_an_id_is_26_characters_of_the_alphabet(moment):
    made = new_id(moment)

    assert len(made) == 26
    assert set(made) <= set(ALPHABET)
    assert is_id(made)


@given(moments, moments)
def test_ids_are_in_the_order_of_their_milliseconds(one, other):
    first, second = new_id(min(one, other)), new_id(max(one, other))

    assert one == other or first < second


@given(moments)
def test_an_id_begins_with_its_time(moment):
    number = 0
    for character in new_id(moment)[:10]:
        number = number * 32 + ALPHABET.index(character)

    assert number == moment


def test_an_id_is_made_for_now():
    before = new_id(time.time_ns() // 1_000_000)[:10]
    made = new_id()[:10]
    after = new_id(time.time_ns() // 1_000_000)[:10]

    assert before <= made <= after


def test_ids_of_one_millisecond_differ():
    assert len({new_id(1_700_000_000_000) for _ in range(10_000)}) == 10_000


def test_every_one_of_the_80_bits_is_drawn():
    zero, one = 2**80 - 1, 0
    for _ in range(200):
        number = 0
        for character in new_id(0):
            number = number * 32 + ALPHABET.index(character)
        zero, one = zero & number, one | number

    assert (zero, one) == (0, 2**80 - 1)


@pytest.mark.parametrize(
    "text",
    ["", "0" * 25, "0" * 27, "I" * 26, "L" * 26, "O" * 26, "U" * 26, "a" * 26, "0" * 25 + "\n"],
)
def test_other_texts_are_no_ids(text):
    assert not is_id(text)
