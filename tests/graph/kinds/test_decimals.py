"""DECIMAL and MONEY: what clients may send, and what CRMs are understood to mean."""

from decimal import Decimal

import pytest
from hypothesis import given

from graph.kinds.currencies import CURRENCIES
from graph.kinds.money import Money
from graph.kinds.table import KINDS
from tests.graph.kinds.refusals import refusal
from tests.graph.kinds.valid_values import FACETS, VALID

DECIMAL, MONEY = KINDS["DECIMAL"], KINDS["MONEY"]
WRONG_DECIMAL = "expected a decimal such as 12.5"
WRONG_SIZE = "expected at most 34 digits, at most 20 of them after the point"
WRONG_FLOAT = "expected a decimal as text such as 12.5, as JSON isn't exact"
WRONG_MONEY = 'expected money such as {"amount": "12.50", "currency": "EUR"}'
WRONG_CURRENCY = "expected a currency of ISO 4217 such as EUR"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(("12.5", "12.5"), ("1.50", "1.5"), ("100", "100"), ("100.00", "100"), ("+7", "7")),
        *(("007", "7"), (".5", "0.5"), ("5.", "5"), ("-0.0", "0"), (0, "0"), (-42, "-42")),
        *(("1e3", "1000"), ("1E-3", "0.001"), (Decimal("1E+2"), "100"), ("0e999", "0")),
        ("9" * 34, "9" * 34),
        (10**34 - 1, "9" * 34),
        ("-" + "1" * 14 + "." + "1" * 20, "-" + "1" * 14 + "." + "1" * 20),
        ("0." + "0" * 19 + "1", "0." + "0" * 19 + "1"),
    ],
)
def test_a_decimal_is_kept_exactly_and_written_plainly(value, text):
    parsed = DECIMAL.parse(value, FACETS)

    assert str(parsed) in {text, "1E-20"}
    assert format(parsed, "f") == text
    assert type(parsed) is Decimal


@pytest.mark.parametrize(
    "value",
    [
        *("1" * 35, 10**34, -(10**34), 10**400, "1e34", "1e999", "1e-999", "0." + "0" * 20 + "1"),
        *("1" * 15 + "." + "1" * 20, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")),
        *(Decimal("1E+999999"), Decimal("1E-999999"), Decimal("1." + "1" * 500)),
    ],
)
def test_a_decimal_no_store_can_hold_is_refused(value):
    assert refusal(DECIMAL.parse, value) == WRONG_SIZE
    assert refusal(DECIMAL.from_source, value) == WRONG_SIZE


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "secret",
            "1,5",
            "1 000",
            "1_0",
            "0x1",
            "\u0661",
            "nan",
            "Infinity",
            "1e",
            ".",
            "1e9999",
        ),
        *("0" * 101, "1\n", True, None, [], {}),
    ],
)
def test_what_is_no_decimal_is_refused(value):
    assert refusal(DECIMAL.parse, value) == WRONG_DECIMAL


@pytest.mark.parametrize("value", [1.5, 1.0, float("nan"), 1e300])
def test_a_client_sends_no_floats_for_decimals(value):
    assert refusal(DECIMAL.parse, value) == WRONG_FLOAT


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e16, "1" + "0" * 16), (1e-7, "0.0000001"), (" 1.50\r\n", "1.5")],
)
def test_a_crm_may_send_floats_and_blanks_for_decimals(value, text):
    assert format(DECIMAL.from_source(value, FACETS), "f") == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        *((float("nan"), WRONG_DECIMAL), (float("inf"), WRONG_DECIMAL)),
        *((1e300, WRONG_SIZE), (5e-324, WRONG_SIZE)),
    ],
)
def test_a_float_that_is_no_such_decimal_is_refused(value, said):
    assert refusal(DECIMAL.from_source, value) == said


def test_a_decimal_is_found_by_digits_that_sort():
    numbers = ["-" + "9" * 34, "-10", "-2", "-1.5", "-1", "-0." + "0" * 19 + "1"]
    numbers += ["0", "0." + "0" * 19 + "1", "1", "1.5", "2", "10", "9" * 33 + "8", "9" * 34]

    keys = [DECIMAL.key(DECIMAL.parse(number, FACETS)) for number in numbers]

    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {55}
    assert keys[6] == "1" + "0" * 54


@given(VALID["DECIMAL"])
def test_a_decimal_is_worth_what_was_sent(value):
    assert DECIMAL.parse(value, FACETS) == Decimal(value)


def test_money_is_an_amount_and_a_currency():
    parsed = MONEY.parse({"amount": "12.50", "currency": "EUR"}, FACETS)

    assert parsed == Money(Decimal("12.5"), "EUR")
    assert MONEY.dump(parsed) == {"amount": Decimal("12.5"), "currency": "EUR"}
    assert MONEY.load({"currency": "EUR", "amount": Decimal("12.5")}) == parsed


@pytest.mark.parametrize(
    "value",
    [
        *("12.50 EUR", "EUR 12.50", " eur\t12.50 ", {"amount": 12.5, "currency": " eur "}),
        *({"amount": "12.50", "currency": "EUR"}, Money(Decimal("12.5"), "EUR")),
    ],
)
def test_a_crm_may_send_money_as_text(value):
    assert MONEY.from_source(value, FACETS) == Money(Decimal("12.5"), "EUR")


@pytest.mark.parametrize(
    "value",
    [
        *("12.50 EUR", 12, True, None, [], {}, ["12.50", "EUR"], {"amount": "1"}),
        {"amount": "1", "currency": "EUR", "secret": 1},
    ],
)
def test_a_client_sends_money_as_an_object_of_just_that(value):
    assert refusal(MONEY.parse, value) == WRONG_MONEY


@pytest.mark.parametrize(
    ("amount", "said"),
    [(1.5, WRONG_FLOAT), ("secret", WRONG_DECIMAL), (None, WRONG_DECIMAL), ("1e34", WRONG_SIZE)],
)
def test_an_amount_is_a_decimal(amount, said):
    assert refusal(MONEY.parse, {"amount": amount, "currency": "EUR"}) == said


@pytest.mark.parametrize("currency", ["eur", "XXX", "DEM", "BGN", "", "€", 978, None, [], {}])
def test_another_currency_is_refused(currency):
    assert refusal(MONEY.parse, {"amount": "1", "currency": currency}) == WRONG_CURRENCY


@pytest.mark.parametrize(
    ("value", "said"),
    [
        *(("", "expected money such as 12.50 EUR"), ("12.50", "expected money such as 12.50 EUR")),
        *(("12.50 DEM", WRONG_CURRENCY), ("EUR EUR", WRONG_DECIMAL), ("1 2", WRONG_CURRENCY)),
        *(("12 50 EUR", "expected money such as 12.50 EUR"), ("1,5 EUR", WRONG_DECIMAL)),
    ],
)
def test_a_text_of_no_money_is_refused(value, said):
    assert refusal(MONEY.from_source, value) == said


def test_money_is_found_by_its_currency_and_then_its_amount():
    assert MONEY.key(Money(Decimal("12.5"), "EUR")) == "EUR 1" + "0" * 32 + "125" + "0" * 19


def test_money_that_was_kept_otherwise_is_left_as_it_is():
    assert MONEY.dump(None) is None
    assert MONEY.load(None) is None


def test_currencies_are_codes_of_three_capital_letters():
    assert len(CURRENCIES) == 176
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCIES)
