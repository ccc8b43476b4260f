"""STRING, NAME and ALPHANUMERIC: what clients may send, and what CRMs are understood to mean."""

import pytest

from graph.kinds.table import KINDS
from tests.graph.kinds.refusals import refusal
from tests.graph.kinds.valid_values import FACETS

STRING, NAME, ALPHANUMERIC = (KINDS[name] for name in ("STRING", "NAME", "ALPHANUMERIC"))
WRONG_STRING = "expected at most 4000 characters, no control characters"
WRONG_NAME = "expected 1 to 200 printable characters"
WRONG_CODE = "expected 1 to 200 letters and digits, such as AT4711"
TOO_LONG = "expected 1 to 200 characters"


@pytest.mark.parametrize("value", ["", "gold", " a\tb\nc ", "x" * 4000, "Zoë 🦊 \u0639\u200c"])
def test_a_text_is_kept_as_it_is(value):
    assert STRING.parse(value, FACETS) == value
    assert STRING.from_source(value, FACETS) == value


@pytest.mark.parametrize("value", ["x" * 4001, "\x00", "a\x1b", "\x7f", "\x85", "\ud800"])
def test_a_text_no_store_or_screen_can_hold_is_refused(value):
    assert refusal(STRING.parse, value) == WRONG_STRING
    assert refusal(STRING.from_source, value) == WRONG_STRING


def test_a_client_ends_lines_with_one_character():
    assert refusal(STRING.parse, "a\r\nb") == WRONG_STRING


def test_a_crm_may_end_lines_as_it_likes():
    assert STRING.from_source("a\r\nb\rc\nd", FACETS) == "a\nb\nc\nd"


@pytest.mark.parametrize(
    ("value", "text"), [(42, "42"), (-1.5, "-1.5"), (0, "0"), (42.0, "42"), (1e-9, "1e-09")]
)
def test_a_number_of_a_crm_is_a_text_where_text_is_expected(value, text):
    assert STRING.from_source(value, FACETS) == text
    assert refusal(STRING.parse, value) == "expected text"


@pytest.mark.parametrize("kind", [STRING, NAME, ALPHANUMERIC], ids=lambda kind: kind.name)
@pytest.mark.parametrize("value", [True, None, [], {}, ["a"], float("nan"), 1e300, 10**400])
def test_what_is_no_text_is_refused(kind, value):
    assert refusal(kind.parse, value) == "expected text"
    assert refusal(kind.from_source, value) == "expected text"


def test_a_text_is_found_without_its_case_accents_and_lines():
    assert STRING.key("  Zoë\n\tÅBC ") == "zoe abc"


def test_a_long_text_is_found_by_its_beginning():
    assert STRING.key("Ab" * 2000) == "ab" * 100


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("  Zoë ", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("O'Neil-Sánchez, Jr.", "O'Neil-Sánchez, Jr."),
        (
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        ),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_name_is_kept_without_outer_blanks_and_composed(value, name):
    assert NAME.parse(value, FACETS) == name
    assert NAME.from_source(value, FACETS) == name


@pytest.mark.parametrize(
    "value", ["", "  ", "\u200c", "a\x00b", "a\ud800", "a\u202eb", "a\u2028b", "\ufeff"]
)
def test_a_name_that_can_not_be_read_out_is_refused(value):
    assert refusal(NAME.parse, value) == WRONG_NAME


@pytest.mark.parametrize("value", ["x" * 201, "\u0958" * 200, "a" + "\u0301" * 10**5])
def test_a_name_that_is_or_becomes_too_long_is_refused(value):
    assert refusal(NAME.parse, value) == TOO_LONG


def test_a_client_sends_a_name_on_one_line():
    assert refusal(NAME.parse, "Zoë\nLindqvist") == WRONG_NAME


def test_a_crm_may_put_any_blanks_into_a_name():
    assert NAME.from_source(" Zoë\u00a0\r\n Lindqvist\t", FACETS) == "Zoë Lindqvist"
    assert NAME.from_source(7, FACETS) == "7"


def test_a_name_is_found_without_its_case_and_accents():
    assert NAME.key("Zoë  LINDQVIST") == "zoe lindqvist"


@pytest.mark.parametrize(
    "value", ["AT4711", "0", "größe", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0661\u0662"]
)
def test_a_code_has_letters_marks_and_digits_of_any_script(value):
    assert ALPHANUMERIC.parse(value, FACETS) == value


@pytest.mark.parametrize(
    "value", ["", " ", "A B", "A-1", "A_1", "\u00b2", "\u2163", "A\n", "A\x00", "\ud800", "🦊"]
)
def test_a_code_with_anything_else_is_refused(value):
    assert refusal(ALPHANUMERIC.parse, value) == WRONG_CODE


def test_a_code_is_composed():
    assert ALPHANUMERIC.parse("Zoe\u0308", FACETS) == "Zoë"


def test_a_crm_may_put_blanks_around_a_code_or_send_a_number():
    assert ALPHANUMERIC.from_source(" AT4711\r\n", FACETS) == "AT4711"
    assert ALPHANUMERIC.from_source(4711.0, FACETS) == "4711"
    assert refusal(ALPHANUMERIC.from_source, 47.11) == WRONG_CODE


def test_a_code_is_found_without_its_case_but_with_its_accents():
    assert ALPHANUMERIC.key("ATÖ47") == "atö47"
