"""Paging: sizes from 0 to 100, and cursors that are ours."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import BadInput
from graph.model.ids import new_id
from graph.pages import cursor_of, id_of, page_size

A_ULID = "01JD6Z6V5G0123456789ABCDEF"


@pytest.mark.parametrize(("first", "size"), [(None, 25), (0, 0), (1, 1), (100, 100)])
def test_a_page_has_up_to_100_items_and_25_unless_told(first, size):
    assert page_size(first) == size


@pytest.mark.parametrize("first", [-1, 101, 2**31 - 1, -(2**31)])
def test_another_size_is_refused(first):
    with pytest.raises(BadInput) as refused:
        page_size(first)

    assert str(refused.value) == "first: expected 0 to 100."


def test_no_cursor_is_the_beginning():
    assert id_of(None) is None


def test_a_cursor_is_text_that_fits_an_address():
    assert cursor_of(A_ULID) == "MDFKRDZaNlY1RzAxMjM0NTY3ODlBQkNERUY"


@given(st.integers(0, 2**48 - 1))
def test_a_cursor_leads_back_to_its_id(moment):
    made = new_id(moment)

    assert id_of(cursor_of(made)) == made


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "a", "=", "====", A_ULID, "é", "\x00", "\ud800", "x" * 10_000),
        *(base64.b64encode(text).decode() for text in (b"1", b"\xff" * 26, b"u" * 26)),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor):
    with pytest.raises(BadInput) as refused:
        id_of(cursor)

    assert str(refused.value) == "after: not a cursor of this list."


@given(st.text())
def test_any_text_is_an_id_of_ours_or_refused(cursor):
    try:
        found = id_of(cursor)
    except BadInput:
        return
    assert id_of(cursor_of(found)) == found
